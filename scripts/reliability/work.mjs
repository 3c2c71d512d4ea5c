/* global AbortSignal */
// What clients of each kind do, again and again. Each tells `note` of its answers' statuses.
import { randomUUID } from "node:crypto";

import { Browser } from "../sso-browser.mjs";
import { mintToken } from "./logins.mjs";

/** Where single sign-on sends people back to. */
export const SSO_CLIENT = "https://app.example.org/";

const API = "/_matrix/client/v3";
export const WHOAMI = `${API}/account/whoami`;
const TYPE = "org.matrix.login.jwt";

export const WORK = {
  /** Half of them good, most of these of users who come back; the others wrong in one way each. */
  async logins({ url, secrets, round, note }) {
    const good = mintToken(secrets.jwt, { sub: `user${round % 500}` });
    const bad = [
      mintToken(secrets.jwt, { sub: "user1", exp: 1 }),
      mintToken("another secret, of the right length", { sub: "user1" }),
      mintToken(secrets.jwt, { sub: "user1", jti: "once", exp: 4_000_000_000 }),
      good.slice(0, -10),
      "no token at all",
      mintToken(secrets.jwt, { sub: "dora" }),
    ];
    const token = round % 2 === 0 ? good : bad[Math.floor(round / 2) % bad.length];
    await post(url, "/login", { type: TYPE, token }, note);
  },

  async passwords({ url, secrets, round, note }) {
    const password = round % 2 === 0 ? secrets.password : "wrong";
    const identifier = { type: "m.id.user", user: "alice" };
    await post(url, "/login", { type: "m.login.password", identifier, password }, note);
  },

  /** A session: used, refreshed, used, ended, and used once more, which is 401. */
  async sessions({ url, secrets, round, note }) {
    const token = mintToken(secrets.jwt, { sub: `user${round % 50}` });
    const login = await post(url, "/login", { type: TYPE, token, refresh_token: true }, note);
    if (login === undefined) return;
    await whoami(url, login.access_token, note);
    const refreshed = await post(url, "/refresh", { refresh_token: login.refresh_token }, note);
    if (refreshed === undefined) return;
    for (let times = 0; times < 5; times += 1) await whoami(url, refreshed.access_token, note);
    await post(url, "/logout", {}, note, refreshed.access_token);
    await whoami(url, refreshed.access_token, note);
  },

  /** Single sign-on: there, back, a login, and the same login token once more, which is 403. */
  async signIns({ url, note }) {
    const { status, location, text } = await new Browser().signIn(url, SSO_CLIENT);
    note(status, text);
    if (location?.startsWith(SSO_CLIENT) !== true) return;
    const submission = { type: "m.login.token", token: new URL(location).searchParams.get("loginToken") };
    const login = await post(url, "/login", submission, note);
    await post(url, "/login", submission, note);
    if (login === undefined) return;
    await whoami(url, login.access_token, note);
    await post(url, "/logout", {}, note, login.access_token);
  },

  /** Ten forged tokens at once: at the login, and as access tokens. */
  async floods({ url, note }) {
    const forged = Array.from({ length: 5 }, () => mintToken("a secret that nobody has configured", { sub: "alice" }));
    await Promise.all([
      ...forged.map((token) => post(url, "/login", { type: TYPE, token }, note)),
      ...forged.map((token) => whoami(url, token, note)),
    ]);
  },

  /** What is no login at all. */
  async nonsense({ url, round, note }) {
    const bodies = ["{", "[]", '{"type":"unknown"}', "x".repeat(70_000), "", `{"type":"${TYPE}"}`, randomUUID()];
    await send(`${url}${API}/login`, { method: "POST", body: bodies[round % bodies.length] }, note);
  },
};

function whoami(url, accessToken, note) {
  return send(`${url}${WHOAMI}`, { headers: { authorization: `Bearer ${accessToken}` } }, note);
}

function post(url, path, body, note, accessToken) {
  const headers = accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
  return send(`${url}${API}${path}`, { method: "POST", body: JSON.stringify(body), headers }, note);
}

/** The answer if it is a 200. */
async function send(address, init, note) {
  try {
    const response = await fetch(address, { ...init, signal: AbortSignal.timeout(30_000) });
    const answer = await response.json();
    note(response.status, JSON.stringify(answer));
    return response.status === 200 ? answer : undefined;
  } catch (error) {
    note(0, String(error.cause ?? error));
    return undefined;
  }
}
