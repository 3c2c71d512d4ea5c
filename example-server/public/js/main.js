/* global addEventListener, document, history, location, navigator, sessionStorage, URLSearchParams */
import { hideProof, showDevices, showIdentities, showProof, showProviderLogouts } from "./devices.js";
import { explain } from "./explain.js";
import { loginIn, serverIn } from "./pasted.js";
import { loginBody, loginUrl, matrixServer, proofUrl, RequestError, ssoUrl } from "./matrix.js";
import { beginSignIn, discoverProvider, returnedSignIn, pageUrl, SignInError } from "./oauth.js";
import { forgetSession, loadSession, saveSession } from "./session.js";
import { adviceOn, curlOf, hideToken, showChecks, showExchange, showToken } from "./token-view.js";
import {
  announceProblemCheck,
  element,
  hideProblem,
  hideProblemCheck,
  say,
  showFlows,
  showHalf,
  showProblem,
  showProblemCheck,
  showProvider,
  showSamples,
  showSession,
  showTimeLeft,
} from "./view.js";

/** The login type that takes the tokens of the identity provider for development. */
const providerLoginType = "com.famedly.login.token";
const ssoKey = "single sign-on under way";

let server = new URLSearchParams(location.search).get("server") ?? location.origin;
let session;
let provider;
/** What a server for development says of logins. */
let demonstration;
let shownToken = "";
let shownRequest;
/** The token of the login that was refused last, until something else is done. */
let refusedToken;
/** The deletion that waits for a proof. */
let proof;
/** Without one, no provider can say who the user is. */
let hasIdentity = false;
/** Who one is at the identity provider for development, if it is linked to the account. */
let subject;
let busy = false;

/** Does something that may fail, says so meanwhile, and shows in words what went wrong. One thing at a time. */
async function attempt(meanwhile, work) {
  if (busy) return;
  hideProblem();
  refusedToken = undefined;
  say(meanwhile);
  setBusy(true);
  try {
    say((await work()) ?? "");
  } catch (error) {
    say("");
    if (error.status === 401 && session !== undefined && error.authentication === undefined) {
      endSession({ focus: false });
      await askServer().catch(() => undefined);
    }
    showProblem(explain(error));
  } finally {
    setBusy(false);
  }
}

// Not by disabling the buttons: that takes the focus from whoever works by keyboard.
function setBusy(isBusy) {
  busy = isBusy;
  document.body.setAttribute("aria-busy", String(isBusy));
}

async function askServer() {
  element("server").value = server;
  demonstration = undefined;
  provider = undefined;
  let flows = [];
  try {
    flows = await matrixServer(server).flows();
    await askDemonstration();
  } finally {
    // Only now: a page that gets shorter meanwhile would scroll. What another server has must not stay if this one does not answer.
    showWays(flows);
  }
}

/** Any other server has none, and works without. */
async function askDemonstration() {
  demonstration = await matrixServer(server)
    .demonstration()
    .catch(() => undefined);
  provider = demonstration && (await discoverProvider(demonstration.issuer));
}

/** The ways to sign in that there are. */
function showWays(flows) {
  showFlows(flows);
  element("sso-line").hidden = !flows.some(({ type }) => type === "m.login.sso");
  showProvider(provider !== undefined);
  element("explain-token").hidden = demonstration === undefined;
  showSamples(demonstration?.samples ?? [], (token) => {
    const type = demonstration.login_type;
    const isOther = element("login-type").value !== type;
    element("login-type").value = type;
    element("token").value = token;
    // What was said of another token.
    hideProblem();
    // Not into the text: a phone would open its keyboard over the button.
    element("sign-in-token").focus();
    say(`There it is${isOther ? `, for ${type}` : ""}. Sign in with it, or only check it.`);
  });
}

/** Undefined where the server does not say. */
const explained = (type, token) =>
  demonstration === undefined ? undefined : judged(type, token).catch(() => undefined);

/** What the server says of a token under a login type, and under which other one it would be good. */
async function judged(type, token) {
  const { explain } = matrixServer(server);
  const found = await explain(type, token);
  if (found.accepted) return found;
  const others = [...element("login-type").options].map(({ value }) => value).filter((other) => other !== type);
  const all = await Promise.all(others.map((other) => explain(other, token).catch(() => undefined)));
  return { ...found, goodAs: others.find((_, i) => all[i]?.accepted) };
}

async function logIn(type, token) {
  const body = loginBody(type, token);
  // A login token of single sign-on has nothing to show: it is a ticket to this server from itself.
  const isJwt = type !== "m.login.token";
  const explanation = isJwt ? explained(type, token) : undefined;
  const showLogin = (status, answer) => {
    shownToken = token;
    shownRequest = { url: loginUrl(server), body };
    hideToken();
    if (isJwt) showToken(token);
    showExchange({ ...shownRequest, status, answer, isJwt });
    // Nobody waits for the checks: they are shown when they are there.
    void explanation?.then((found) => {
      if (shownToken !== token) return;
      const wasRefused = status !== 200;
      showChecks(found, { wasRefused });
      const failed = found?.checks.find(({ result }) => result === "fail");
      if (refusedToken !== token) return;
      if (failed === undefined) hideProblemCheck();
      else showProblemCheck({ ...failed, advice: adviceOn(found, failed) });
    });
  };
  let answer;
  try {
    answer = await matrixServer(server).login(body);
  } catch (error) {
    refusedToken = token;
    if (error instanceof RequestError && error.kind === "matrix") {
      if (explanation !== undefined) announceProblemCheck();
      showLogin(error.status, error.answer);
    }
    throw error;
  }
  startSession(saveSession(server, answer, { loginType: type }));
  showLogin(200, answer);
  await checkSession();
}

/** Where the token has run out it gets a new one first: that is what the refresh token is for. */
async function checkSession() {
  const whoami = () => matrixServer(server).whoami(session.accessToken);
  const { user_id: userId, device_id: deviceId } = await whoami().catch(async (error) => {
    if (!error.softLogout || session.refreshToken === undefined) throw error;
    await refresh();
    return whoami();
  });
  showSession({ server, userId, deviceId });
  void showAccount();
}

/** What the specification does not ask of a server may be missing. */
async function showAccount() {
  const shown = session;
  const api = matrixServer(server);
  const [devices, identities] = await Promise.all(
    [api.devices(shown.accessToken), api.identities(shown.accessToken)].map((one) => one.catch(() => [])),
  );
  // Refreshed or ended meanwhile: then what came is of no use any more, or comes again.
  if (session?.deviceId !== shown.deviceId) return;
  showDevices(devices, session.deviceId, (id) => {
    void attempt("Deleting …", () => deleteDevice(id));
  });
  subject = identities.find(({ issuer }) => issuer === demonstration?.issuer)?.subject;
  hasIdentity = identities.length > 0;
  showIdentities(identities);
  const issuers = session.loginType === "m.login.token" ? identities.map(({ issuer }) => issuer) : [];
  const providers = await Promise.all(issuers.map(discoverProvider));
  if (session?.deviceId !== shown.deviceId) return;
  showProviderLogouts(providers.filter((found) => found?.end_session_endpoint !== undefined));
}

async function deleteDevice(id, auth) {
  try {
    await matrixServer(server).deleteDevice(session.accessToken, id, auth);
  } catch (error) {
    if (error.authentication === undefined) throw error;
    const { session: authSession, flows } = error.authentication;
    proof = { id, session: authSession };
    const types = flows.flatMap(({ stages }) => stages);
    const canMakeToken = subject !== undefined && types.includes(demonstration.login_type);
    showProof(id, {
      isThis: id === session.deviceId,
      canMakeToken,
      pastedType: canMakeToken || !types.includes(session.loginType) ? undefined : session.loginType,
      browserUrl: types.includes("m.login.sso") && hasIdentity ? proofUrl(server, authSession) : undefined,
    });
    return auth === undefined
      ? "The server wants a proof first."
      : `Not proven: ${error.error ?? "the server wants more"}.`;
  }
  hideProof();
  if (id === session.deviceId) {
    endSession({ focus: true });
    await askServer();
    return "This device is deleted, and you are logged out.";
  }
  element("devices-heading").focus();
  await showAccount();
  return `${id} is deleted.`;
}

async function proveByToken() {
  const { login_type: type, token } = await matrixServer(server).freshToken(subject);
  return deleteDevice(proof.id, { type, token, session: proof.session });
}

async function proveBy(token) {
  return deleteDevice(proof.id, { type: session.loginType, token, session: proof.session });
}

async function refresh() {
  session = saveSession(server, await matrixServer(server).refresh(session.refreshToken), { before: session });
  showTimeLeft(session);
}

/** @returns whether the server knows of it */
async function logOut() {
  let isOut = true;
  try {
    await matrixServer(server).logout(session.accessToken);
  } catch (error) {
    // The server has ended the session before us, or the token ran out: there is nothing left to end.
    if (error.kind !== "network" && error.status !== 401) throw error;
    isOut = error.kind !== "network";
  }
  element("token").value = "";
  endSession({ focus: true });
  if (isOut) await askServer();
  return isOut;
}

function startSession(started, { focus = true } = {}) {
  session = started;
  element("token").value = "";
  element("refresh").hidden = session.refreshToken === undefined;
  showSession(session);
  showTimeLeft(session);
  hideProof();
  showHalf("signed-in", { focus });
}

function endSession({ focus }) {
  session = undefined;
  forgetSession();
  hideToken();
  hideProof();
  element("server").value = server;
  showHalf("signed-out", { focus });
}

element("sign-in-alice").addEventListener("click", () => {
  void attempt("Going to the identity provider …", () => beginSignIn(provider, server, "alice"));
});
element("sign-in-other").addEventListener("click", () => {
  void attempt("Going to the identity provider …", () => beginSignIn(provider, server));
});
/** Undefined, and said, if there is none. */
function pastedToken() {
  const { token, type } = loginIn(element("token").value);
  const types = [...element("login-type").options].map(({ value }) => value);
  if (types.includes(type)) element("login-type").value = type;
  if (token !== "") return token;
  say("Paste a token first.");
  element("token").focus();
  return undefined;
}

element("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = pastedToken();
  if (token !== undefined) void attempt("Signing in …", () => logIn(element("login-type").value, token));
});
element("explain-token").addEventListener("click", () => {
  const token = pastedToken();
  if (token === undefined) return;
  void attempt("Checking …", async () => {
    const explanation = await judged(element("login-type").value, token);
    hideToken();
    shownToken = token;
    showToken(token);
    showChecks(explanation);
    element("token-card-heading").focus();
  });
});
element("sign-in-sso").addEventListener("click", (event) => {
  event.preventDefault();
  // Whoever comes back with a login token must have left from here: another one could be a stranger's.
  sessionStorage.setItem(ssoKey, server);
  location.assign(ssoUrl(server, location.origin + pageUrl(server)));
});
element("copy-token").addEventListener("click", () => void attempt("Copying …", () => copy(shownToken)));
element("copy-curl").addEventListener("click", () => void attempt("Copying …", () => copy(curlOf(shownRequest))));
element("prove-by-token").addEventListener("click", () => void attempt("Proving …", proveByToken));
element("proof-token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const { token } = loginIn(element("proof-token").value);
  if (token === "") {
    say("Paste a token first.");
    element("proof-token").focus();
    return;
  }
  void attempt("Proving …", () => proveBy(token));
});
element("proven").addEventListener("click", () => {
  void attempt("Deleting …", () => deleteDevice(proof.id, { session: proof.session }));
});
element("proof-cancel").addEventListener("click", () => {
  hideProof();
  element("devices-heading").focus();
  say("The device is kept.");
});

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied.";
  } catch {
    return "Your browser does not let this page copy: select the text, and copy it by hand.";
  }
}
element("server-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (element("server").value.trim() === "") {
    say("Give the server's address first.");
    element("server").focus();
    return;
  }
  server = serverIn(element("server").value);
  history.replaceState(null, "", pageUrl(server));
  void attempt("Asking the server …", async () => {
    await askServer();
    return "The server has answered.";
  });
});
element("check").addEventListener("click", () => {
  void attempt("Asking the server …", async () => {
    await checkSession();
    return "The server knows you.";
  });
});
element("refresh").addEventListener("click", () => {
  void attempt("Refreshing …", async () => {
    await refresh();
    return "You have a new access token.";
  });
});
element("log-out").addEventListener("click", () => {
  void attempt("Logging out …", async () => {
    return (await logOut())
      ? "You are logged out."
      : "You are logged out here. The server did not answer: there, the session ends when its token expires.";
  });
});
// Client-server API, "Fallback" of User-Interactive Authentication: the window that proves it says so when it is done.
addEventListener("message", ({ data, origin }) => {
  if (data === "authDone" && origin === new URL(server).origin && !element("proof").hidden) element("proven").click();
});
setInterval(() => {
  if (session !== undefined) showTimeLeft(session);
}, 1000);

/** Back from single sign-on; undefined where nobody came back. */
function returnedLoginToken() {
  const query = new URLSearchParams(location.search);
  const token = query.get("loginToken");
  if (token === null) return undefined;
  const left = sessionStorage.getItem(ssoKey);
  sessionStorage.removeItem(ssoKey);
  const to = query.get("server") ?? location.origin;
  history.replaceState(null, "", pageUrl(to));
  const get = () => {
    if (left === to) return token;
    throw new SignInError("This tab did not ask for that sign-in, or has finished it already.");
  };
  return { server: to, get };
}

await attempt("Asking the server …", async () => {
  const signIn = returnedSignIn();
  const kept = loadSession();
  const loginToken = returnedLoginToken();
  if (loginToken !== undefined) {
    server = loginToken.server;
    try {
      await askDemonstration();
      await logIn("m.login.token", loginToken.get());
    } catch (error) {
      showHalf("signed-out", { focus: false });
      await askServer().catch(() => undefined);
      throw error;
    }
  } else if (signIn !== undefined) {
    server = signIn.server;
    try {
      await askDemonstration();
      await logIn(providerLoginType, await signIn.getToken());
    } catch (error) {
      showHalf("signed-out", { focus: false });
      // What went wrong before is what one wants to know.
      await askServer().catch(() => undefined);
      throw error;
    }
  } else if (kept !== undefined) {
    server = kept.server;
    startSession(kept, { focus: false });
    await askDemonstration();
    await checkSession();
  } else {
    showHalf("signed-out", { focus: false });
    await askServer();
  }
});
