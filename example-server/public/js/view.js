/* global document, location, Option */
export const element = (id) => document.getElementById(id);

/** What is known of a login type by its name alone. */
const meanings = {
  "m.login.password": "User name and password, by the server’s own handler.",
  "m.login.sso": "Sign-in through a browser, as stock clients do it.",
  "m.login.token": "The end of such a sign-in.",
  "org.matrix.login.jwt": "JSON Web Token with a shared secret.",
  "com.famedly.login.token": "JSON Web Token of the identity provider.",
};

const spokenFor = /^m\.login\./;

/** The types that a pasted token could be for: any but the specification's own. */
export const tokenTypesOf = (flows) => flows.map(({ type }) => type).filter((type) => !spokenFor.test(type));

export function showFlows(flows) {
  element("flows").replaceChildren(...flows.map(({ type }) => flowItem(type)));
  element("login-type").replaceChildren(...tokenTypesOf(flows).map((type) => new Option(type)));
}

function flowItem(type) {
  const item = document.createElement("li");
  const name = document.createElement("code");
  name.textContent = type;
  const meaning = document.createElement("span");
  meaning.textContent = meanings[type] ?? "";
  item.append(name, meaning);
  return item;
}

/** @param onChoice - called with the token of the chosen one */
export function showSamples(samples, onChoice) {
  element("samples").hidden = samples.length === 0;
  element("sample-buttons").replaceChildren(
    ...samples.map(({ name, token }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.addEventListener("click", () => {
        onChoice(token);
      });
      return button;
    }),
  );
}

export function showProvider(isThere) {
  element("provider-buttons").hidden = !isThere;
  element("provider-hint").hidden = !isThere;
  element("provider-intro").textContent = isThere
    ? "The identity provider says who you are, in a JSON Web Token. The Matrix server takes it as your login."
    : "This server has no development identity provider beside it. Paste a token instead.";
}

const titles = {
  "signed-in": "Signed in to Matrix",
  "signed-out": document.title,
};
let ownTitle = document.title;

/** Shows one of the two halves, and moves the focus there unless the page has just been opened. */
export function showHalf(name, { focus }) {
  element("signed-out").hidden = name !== "signed-out";
  element("signed-in").hidden = name !== "signed-in";
  element("signed-in-more").hidden = name !== "signed-in";
  ownTitle = titles[name];
  document.title = ownTitle;
  if (focus) element(name === "signed-in" ? "signed-in-heading" : "sign-in-heading").focus();
}

export function showSession({ userId, deviceId, server }) {
  element("user-id").textContent = userId;
  element("device-id").textContent = deviceId;
  element("session-server").textContent = server;
}

export function showTimeLeft({ expiresAt, lifetimeMs }) {
  const meter = element("time-meter");
  meter.hidden = expiresAt === undefined;
  if (expiresAt === undefined) {
    element("time-left").textContent = "does not expire";
    return;
  }
  const seconds = Math.max(0, Math.ceil((expiresAt - Date.now()) / 1000));
  const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  element("time-left").textContent = seconds === 0 ? "has expired: refresh it" : `${clock} minutes left`;
  meter.max = lifetimeMs;
  meter.value = seconds * 1000;
}

export function showProblem({ title, advice, detail = "" }) {
  element("problem-title").textContent = title;
  element("problem-advice").textContent = advice;
  element("problem-detail").textContent = detail;
  element("problem").hidden = false;
  document.title = `${title} · ${ownTitle}`;
  element("problem").focus();
}

/** The check that refused the login, known before or after that it was refused. On a phone its row is far down. */
export function showProblemCheck({ name, text, advice }) {
  element("problem-check-text").textContent = `${name}. ${advice ?? text}`;
  element("problem-check").hidden = false;
  const link = element("problem-check").querySelector("a");
  // Followed before there was anything to lead to.
  if (location.hash === link.hash && document.activeElement === link) element("failed-check").focus();
}

/** Its room is there before it is: it would push the page down under a thumb. */
export function announceProblemCheck() {
  element("problem-check-text").textContent = "one moment …";
  element("problem-check").hidden = false;
}

export const hideProblemCheck = () => {
  element("problem-check").hidden = true;
};

export const hideProblem = () => {
  element("problem").hidden = true;
  document.title = ownTitle;
  hideProblemCheck();
};

export const say = (text) => {
  element("status").textContent = text;
};
