import { URLSearchParams } from "node:url";

import { asking } from "./provider.mjs";

const INTROSPECTED = [
  "active",
  "sub",
  "iss",
  "aud",
  "exp",
  "nbf",
  "iat",
  "scope",
  "token_type",
  "typ",
  "cnf",
  "client_id",
];
const ENCRYPTION = [
  "alg",
  "enc",
  "cty",
  "zip",
  "crit",
  "kid",
  "typ",
  "epk",
  "apu",
  "apv",
  "p2c",
  "p2s",
  "jwk",
  "__proto__",
];
const KEY_ALGORITHMS = ["RSA-OAEP-256", "RSA-OAEP", "RSA1_5", "dir", "A256KW", "ECDH-ES", "PBES2-HS512+A256KW", "none"];
const CONTENT_ALGORITHMS = ["A256GCM", "A128GCM", "A192GCM", "A128CBC-HS256", "A256CBC-HS512", "none"];
const CALLBACK = "/_matrix/client/unstable/org.matrix-jwt-login/sso/callback";
const BROWSER_PATHS = [
  "/_matrix/client/v3/login/sso/redirect",
  "/_matrix/client/v3/login/sso/redirect/provider",
  `${CALLBACK}/provider`,
  `${CALLBACK}/provider`,
  `${CALLBACK}/other`,
  "/logout",
];
const PARAMETERS = ["redirectUrl", "action", "state", "code", "iss", "error", "error_description", "loginToken"];

/** Makers of what is no login by a signed token: opaque and encrypted tokens, access tokens, browsers, and fetch. */
export function otherRequests(tools, logins) {
  const { cookie, damaged, encrypt, issuer, json, mixedIn, post, wrongText, WEIRD } = tools;
  const state = cookie.replace(/^mjl-sso-|=.*$/gs, "");
  const now = () => Math.floor(Date.now() / 1000);

  function hostileAnswer(random, body) {
    const members = random.below(6) === 0 ? random.of(WEIRD) : body;
    return {
      status: random.of([200, 200, 200, 200, 204, 302, 400, 401, 403, 404, 429, 500, 503]),
      type: random.of(["application/json", "application/json", "text/html", "application/token-introspection+jwt"]),
      ...(random.below(5) === 0
        ? { text: damaged(random, json(members)).toString("latin1") }
        : { body: members, drop: random.below(20) === 0 }),
    };
  }

  function opaque(random) {
    const good = { active: true, sub: "alice", aud: "matrix" };
    const honest = random.below(4) === 0;
    const answer = honest ? { body: good } : hostileAnswer(random, mixedIn(random, good, INTROSPECTED));
    const token = random.below(6) === 0 && !honest ? wrongText(random, asking(answer)) : asking(answer);
    return { ...post(random, json({ type: "fuzz.opaque", token }), "application/json"), token, honest, kind: "opaque" };
  }

  function encrypted(random, sign) {
    const inner = sign({ alg: "HS256" }, { sub: "alice", exp: now() + 600 });
    const header = { alg: "RSA-OAEP-256", enc: "A256GCM" };
    const honest = random.below(4) === 0;
    const mixed = honest ? header : mixedIn(random, hostileHeader(random, header), ENCRYPTION);
    const content = honest || random.below(2) === 0 ? inner : wrongText(random, inner);
    const whole = encrypt(mixed, Buffer.from(content));
    const token = !honest && random.below(3) === 0 ? wrongText(random, whole) : whole;
    return { ...post(random, json({ type: "fuzz.encrypted", token }), "application/json"), token, honest };
  }

  function hostileHeader(random, header) {
    if (random.below(2) === 0) return header;
    return {
      alg: random.of(KEY_ALGORITHMS),
      enc: random.of(CONTENT_ALGORITHMS),
      p2c: 2 ** 31,
      p2s: "AAAA",
      zip: "DEF",
    };
  }

  function authorization(random, sign) {
    const honest = random.below(3) === 0;
    const header = honest ? { alg: "HS256", typ: "at+jwt" } : mixedIn(random, { alg: "HS256" }, ["typ", "kid", "crit"]);
    const claims = { sub: "alice", exp: now() + 600 };
    const good = sign(
      header,
      honest ? claims : mixedIn(random, claims, ["sub", "exp", "nbf", "cnf", "scope", "device_id"]),
    );
    const token = honest || random.below(2) === 0 ? good : printable(wrongText(random, good)).slice(0, 3_000);
    const scheme = honest ? "Bearer" : random.of(["Bearer", "bearer", "BEARER ", "Basic", "DPoP", "", "Bearer Bearer"]);
    const query = honest
      ? ""
      : random.of(["", "", `?access_token=${encodeURIComponent(token)}`, "?access_token=", "?%zz"]);
    const more = !honest && random.below(8) === 0 ? `Authorization: Bearer ${token}\r\n` : "";
    const head = `GET /whoami${query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}Authorization: ${scheme} ${token}\r\n\r\n`;
    return { head, chunks: [], token, honest, kind: "bearer" };
  }

  function browser(random, sign) {
    const answer = hostileAnswer(random, { access_token: "a", token_type: "Bearer", id_token: idToken(random, sign) });
    // prettier-ignore
    const texts = [state, state, issuer, asking(answer), asking(answer), "https://app.example.org/", "element://x",
      "javascript:x", "access_denied", "a".repeat(3000), "\0", "\u{1f600}", ""];
    const parameters = Array.from({ length: random.below(6) }, () => [random.of(PARAMETERS), random.of(texts)]);
    if (random.below(2) === 0) parameters.push(["state", state], ["code", asking(answer)], ["iss", issuer]);
    if (random.below(3) === 0) parameters.push(["redirectUrl", "https://app.example.org/"]);
    const sent = random.of([cookie, cookie, printable(damaged(random, Buffer.from(cookie)).toString("latin1")), "x"]);
    const method = random.of(["GET", "GET", "GET", "HEAD", "POST", "PUT"]);
    const form = new URLSearchParams([
      ["logout_token", idToken(random, sign)],
      ["form", random.of(texts)],
    ]).toString();
    const body = method === "POST" ? form.slice(random.below(2) * random.below(form.length)) : "";
    const head = [
      `${method} ${random.of(BROWSER_PATHS)}${random.of(["", "", "", "/", "/%zz"])}?${new URLSearchParams(parameters)} HTTP/1.1`,
      `Host: ${random.of(["localhost", "localhost", "evil.example", "[::1"])}`,
      `Cookie: ${sent}`,
      "Connection: close",
      ...(method === "POST"
        ? [`Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}`]
        : []),
    ];
    return { head: `${head.join("\r\n")}\r\n\r\n`, chunks: [Buffer.from(body)], kind: "browser" };
  }

  function idToken(random, sign) {
    const claims = { iss: issuer, aud: "matrix", sub: "alice", exp: now() + 300, iat: now(), nonce: "a", jti: "a" };
    return sign({ alg: "RS256", kid: "rsa" }, mixedIn(random, claims, ["nonce", "events", "sid", "aud", "exp", "sub"]));
  }

  /** A login that reaches the handler of Request and Response. */
  function fetched(random, sign) {
    const request = random.of(logins)(random, sign);
    const head = request.head.replace(/^POST \S+/, "POST /fetch/_matrix/client/v3/login");
    return { ...request, head };
  }

  return [opaque, opaque, encrypted, encrypted, authorization, authorization, browser, browser, fetched, fetched];
}

/** What may stand in a header without being damaged HTTP. */
function printable(text) {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "");
}
