import { encrypter } from "./encrypter.mjs";
import { otherRequests } from "./other-requests.mjs";
import { randomFrom } from "./random.mjs";
import { signer } from "./signer.mjs";

const TYPES = ["fuzz.secret", "fuzz.rsa", "fuzz.jwks", "fuzz.register"];
const PATHS = ["/_matrix/client/v3/login", "/_matrix/client/r0/login", "/parsed/login"];
const CONTENT_TYPES = [
  "application/json",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/json; charset=utf-16",
  undefined,
];
const ALGORITHMS = [
  "none",
  "None",
  "",
  "HS256",
  "HS512",
  "RS256",
  "PS256",
  "ES256",
  "ES384",
  "EdDSA",
  "ES256K",
  null,
  5,
];
const FIELDS = ["type", "token", "device_id", "initial_device_display_name", "refresh_token", "identifier", "user"];
const CLAIMS = [
  "sub",
  "exp",
  "nbf",
  "iat",
  "iss",
  "aud",
  "scope",
  "scp",
  "profile",
  "jti",
  "__proto__",
  "cnf",
  "events",
];
const HEADERS = ["alg", "kid", "typ", "crit", "jwk", "jku", "x5u", "x5c", "b64", "zip", "enc", "cty", "__proto__"];
// prettier-ignore
const WEIRD = [
  null, true, false, 0, -1, 1e308, 5e-324, "", " ", "\0", "\ud800", "__proto__", "constructor", [], [[]], {}, ["alice"],
  { toString: 1 }, { type: "m.id.user" }, { type: "m.id.user", user: "alice" }, "a".repeat(600), "\u{1f600}".repeat(513),
  "@alice:example.org", "@alice:other.org", "@:example.org", ":", "@", "alice\n", "Alice", "\u00e4lice", "../alice",
];

/** Requests without end: honest ones now and then, and hostile ones made of them. */
export function* requests(seed, { keys, encryptTo, ...rest }) {
  const random = randomFrom(seed);
  const sign = signer(keys);
  const tools = { ...rest, encrypt: encrypter(encryptTo), damaged, json, mixedIn, post, wrongText, WEIRD };
  const makers = [
    honest,
    forged,
    wrongToken,
    wrongToken,
    wrongFields,
    wrongFields,
    damagedBody,
    damagedBody,
    noise,
    brokenHead,
    ...otherRequests(tools, [honest, forged, wrongToken, wrongFields, damagedBody, noise]),
  ];
  for (;;) yield random.of(makers)(random, sign);
}

function honest(random, sign) {
  const { type, token } = login(random, sign);
  return { ...post(random, json({ type, token }), "application/json"), token, honest: true };
}

/** An honest token under a signature that is not its own. */
function forged(random, sign) {
  const { type, token } = login(random, sign);
  const [header, payload, own] = token.split(".");
  const bytes = Buffer.from(own, "base64url");
  bytes[random.below(bytes.length)] ^= 1 << random.below(8);
  const other = [header, payload, bytes.toString("base64url")].join(".");
  return { ...post(random, json({ type, token: other }), "application/json"), token: other, forged: true };
}

/** Well signed, and wrong in its header or its claims; or in its text. */
function wrongToken(random, sign) {
  const now = Math.floor(Date.now() / 1000);
  const header = mixedIn(random, { alg: random.of(ALGORITHMS) }, HEADERS);
  const times = [now + 600, now - 600, "soon", 1e308, null, -1];
  const claims = mixedIn(random, { sub: random.of(WEIRD), exp: random.of(times) }, CLAIMS);
  const whole = sign(header, random.below(8) === 0 ? random.of(WEIRD) : claims);
  const token = random.below(3) === 0 ? wrongText(random, whole) : whole;
  return { ...post(random, json({ type: random.of(TYPES), token })), token };
}

function wrongText(random, token) {
  return random.of([
    damaged(random, Buffer.from(token)).toString("latin1"),
    token.slice(0, random.below(token.length)),
    token + random.of([".", "=", " ", "\n", ".x"]),
    "[".repeat(random.below(60_000)),
  ]);
}

function wrongFields(random, sign) {
  const { type, token } = login(random, sign);
  return post(random, json(random.below(10) === 0 ? random.of(WEIRD) : mixedIn(random, { type, token }, FIELDS)));
}

function damagedBody(random, sign) {
  return post(random, damaged(random, json(login(random, sign))));
}

function noise(random) {
  return post(random, random.bytes(random.below(3000)));
}

/** A request whose head is damaged too. */
function brokenHead(random, sign) {
  const { head, chunks } = post(random, json(login(random, sign)));
  return { head: Buffer.concat([damaged(random, Buffer.from(head)), Buffer.from("\r\n\r\n")]), chunks, broken: true };
}

/** What an honest client would send for one of the login types. */
function login(random, sign) {
  const type = random.of(TYPES);
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: "alice", iat: now, exp: now + 600 };
  if (type === "fuzz.rsa") return { type, token: sign({ alg: "RS256" }, claims) };
  if (type !== "fuzz.jwks") return { type, token: sign({ alg: "HS256" }, claims) };
  const header = random.of([
    { alg: "RS256", kid: "rsa" },
    { alg: "PS256", kid: "rsa" },
    { alg: "ES256", kid: "ec" },
    { alg: "EdDSA", kid: "ed" },
  ]);
  return { type, token: sign(header, { ...claims, iss: "https://idp.example.org", scope: "openid login" }) };
}

function mixedIn(random, object, names) {
  const additions = Array.from({ length: random.below(4) }, () => [random.of(names), random.of(WEIRD)]);
  return { ...object, ...Object.fromEntries(additions) };
}

/** Some bytes flipped, put in, cut out or doubled. */
function damaged(random, bytes) {
  let all = Buffer.from(bytes);
  for (let i = random.below(3); i >= 0; i -= 1) {
    const at = random.below(all.length);
    const [before, after] = [all.subarray(0, at), all.subarray(at)];
    const flipped = Buffer.from(after.subarray(0, 1).map((byte) => byte ^ (1 << random.below(8))));
    all = Buffer.concat(
      random.of([
        [before, flipped, after.subarray(1)],
        [before, random.bytes(1 + random.below(8)), after],
        [before, after.subarray(1 + random.below(20))],
        [all, before],
      ]),
    );
  }
  return all;
}

function post(random, body, contentType = random.of(CONTENT_TYPES)) {
  const type = contentType === undefined ? "" : `Content-Type: ${contentType}\r\n`;
  const start = `POST ${random.of(PATHS)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${type}`;
  if (random.below(3) > 0) return { head: `${start}Content-Length: ${body.length}\r\n\r\n`, chunks: [body] };
  return { head: `${start}Transfer-Encoding: chunked\r\n\r\n`, chunks: [...chunked(random, body), "0\r\n\r\n"] };
}

function* chunked(random, body) {
  for (let at = 0; at < body.length;) {
    const chunk = body.subarray(at, at + 1 + random.below(2000));
    yield Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n")]);
    at += chunk.length;
  }
}

function json(value) {
  return Buffer.from(JSON.stringify(value));
}
