/* global document */
import { decode, timesInWords } from "./token.js";
import { element } from "./view.js";

const marks = { pass: ["✓", "passed"], fail: ["✗", "failed"], skip: ["–", "not asked for"] };

/** Shows a token, and nothing yet of its checks. */
export function showToken(token) {
  const decoded = decode(token);
  element("jwt").replaceChildren(...(decoded === undefined ? [token] : coloured(decoded.parts)));
  element("jwt-header-json").textContent = decoded === undefined ? "No JSON Web Token" : pretty(decoded.header);
  element("jwt-claims-json").textContent = decoded === undefined ? "" : pretty(decoded.claims);
  element("jwt-claims-json").hidden = decoded === undefined;
  element("jwt-times").replaceChildren(...(decoded === undefined ? [] : timesInWords(decoded.claims).map(item)));
  element("token-card").hidden = false;
}

export function hideToken() {
  element("token-card").hidden = true;
  element("exchange").hidden = true;
  showChecks(undefined);
}

/**
 * Shows what a token's checks came to; undefined: nobody says.
 *
 * @param wasRefused - the login was, whatever is said of the token
 */
export function showChecks(explanation, { wasRefused = false } = {}) {
  element("checks-source").hidden = explanation === undefined;
  element("verdict").hidden = explanation === undefined;
  element("checks").replaceChildren(...(explanation?.checks ?? []).map(checkItem));
  if (explanation === undefined) return;
  const failed = element("checks").querySelector(".fail");
  if (failed !== null) Object.assign(failed, { id: "failed-check", tabIndex: -1 });
  element("verdict").className = `verdict ${explanation.accepted ? "good" : "bad"}`;
  element("verdict").textContent = explanation.accepted ? goodVerdict(wasRefused) : badVerdict(explanation);
}

const goodVerdict = (wasRefused) =>
  wasRefused ? "The token is good; the server refused its user." : "Good: this token logs its user in.";

function badVerdict({ code, checks, goodAs }) {
  const failed = checks.filter(({ result }) => result === "fail").length;
  const first = checks.find(({ result }) => result === "fail");
  const verdict = `Refused (${code}): ${failed === 1 ? "one check" : `${failed} checks`} failed.`;
  return first === undefined ? verdict : `${verdict} ${adviceOn({ goodAs }, first)}`;
}

/** What to do about a failed check. */
export const adviceOn = ({ goodAs }, { text, advice = text }) =>
  goodAs === undefined ? advice : `Choose the login type ${goodAs}: for that one it is good.`;

function checkItem({ name, result, text, advice }) {
  const [mark, meaning] = marks[result];
  const li = document.createElement("li");
  li.className = result;
  li.append(part("span", mark, "mark", meaning), part("strong", name), part("span", text, "said"));
  if (advice !== undefined) li.append(part("span", advice, "advice"));
  return li;
}

function part(tag, text, className, label) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className !== undefined) made.className = className;
  if (label === undefined) return made;
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", label);
  return made;
}

function coloured(parts) {
  const [header, claims, signature] = parts.map((text, i) => part("span", text, partClasses[i]));
  return [header, ".", claims, ".", signature];
}

const partClasses = ["jwt-header", "jwt-claims", "jwt-signature"];

/** A login's request and answer. What the answer lets in is cut: a page is easily photographed. */
export function showExchange({ url, body, status, answer, isJwt }) {
  element("jwt-parties").hidden = !isJwt;
  element("sso-parties").hidden = isJwt;
  element("request").textContent = `POST ${url}\nContent-Type: application/json\n\n${pretty(body)}`;
  element("answer").textContent = answer === undefined ? "None." : `${status}\n\n${pretty(cut(answer))}`;
  element("exchange").hidden = false;
}

/** The request as a command. The token alone may come from strangers; its characters are quoted for a POSIX shell. */
export const curlOf = ({ url, body }) => `curl -sS -d ${quote(JSON.stringify(body))} ${quote(url)}`;

const quote = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const secret = /^(?:access|refresh)_token$/;

const cut = (answer) =>
  Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [
      name,
      secret.test(name) && typeof value === "string" ? `${value.slice(0, 8)}…` : value,
    ]),
  );

const item = (text) => part("li", text);

const pretty = (json) => JSON.stringify(json, null, 2);
