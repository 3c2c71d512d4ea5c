// Keys, tokens and request bodies, made afresh in each run.
import { createHmac, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import jwt from "jsonwebtoken";

export const LOGIN_PATH = "/_matrix/client/v3/login";
const LOGIN_TYPE = "org.matrix.login.jwt";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const rsaNext = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed = generateKeyPairSync("ed25519");

/** @param {string} alg @param {string} kid @param {import("node:crypto").KeyObject} key */
const jwk = (alg, kid, key) => ({ ...key.export({ format: "jwk" }), kid, alg, use: "sig" });

/** The private keys, by algorithm. */
export const signingKeys = { RS256: rsa.privateKey, ES256: ec.privateKey };

/** The keys that tokens are signed with, by algorithm. */
export const publicJwks = {
  RS256: jwk("RS256", "bench-rsa", rsa.publicKey),
  ES256: jwk("ES256", "bench-ec", ec.publicKey),
  EdDSA: jwk("EdDSA", "bench-ed", ed.publicKey),
};

/** With one more RSA key, as providers publish around a rotation. */
export const jwks = { keys: [jwk("RS256", "bench-rsa-next", rsaNext.publicKey), ...Object.values(publicJwks)] };

/** What every server has to know to do the login; crosses to the server's process as JSON. */
export const settings = {
  loginPath: LOGIN_PATH,
  loginType: LOGIN_TYPE,
  serverName: "example.org",
  issuer: "https://idp.example.org",
  audience: "matrix",
  secret: randomBytes(32).toString("hex"),
  publicJwks,
  user: { id: "@alice:example.org" },
  issued: { accessToken: `syt_${randomBytes(24).toString("hex")}`, deviceId: "ABCDEFGHIJ" },
};

/** The answer to a login, the same from every server. */
export const answer = {
  user_id: settings.user.id,
  access_token: settings.issued.accessToken,
  device_id: settings.issued.deviceId,
  home_server: settings.serverName,
};

const claims = { sub: "alice" };
const signing = { issuer: settings.issuer, audience: settings.audience, expiresIn: 86_400 };

/** Above the package's default of `maxTokenLength`. */
const LONG_PADDING = 6_500;

/** @param {string} token */
const signingInputOf = (token) => token.slice(0, token.lastIndexOf("."));

/** jsonwebtoken knows no EdDSA. */
function signEdDsa() {
  const payload = jwt.decode(jwt.sign(claims, settings.secret, signing));
  const input = [{ alg: "EdDSA", typ: "JWT", kid: publicJwks.EdDSA.kid }, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${input}.${sign(null, Buffer.from(input), ed.privateKey).toString("base64url")}`;
}

const hs256 = jwt.sign(claims, settings.secret, signing);
const forgery = createHmac("sha256", randomBytes(32)).update(signingInputOf(hs256)).digest("base64url");

export const tokens = {
  HS256: hs256,
  RS256: jwt.sign(claims, rsa.privateKey, { ...signing, algorithm: "RS256", keyid: publicJwks.RS256.kid }),
  ES256: jwt.sign(claims, ec.privateKey, { ...signing, algorithm: "ES256", keyid: publicJwks.ES256.kid }),
  EdDSA: signEdDsa(),
  forged: `${signingInputOf(hs256)}.${forgery}`,
  long: jwt.sign({ ...claims, padding: "x".repeat(LONG_PADDING) }, settings.secret, signing),
};

/** @param {string} token */
const jwtLogin = (token) => ({ type: LOGIN_TYPE, token });
const passwordLogin = {
  type: "m.login.password",
  identifier: { type: "m.id.user", user: "alice" },
  password: "correct horse battery staple",
};

/** @param {object} body @param {number} length in bytes: all is ASCII */
function padded(body, length) {
  const bare = JSON.stringify({ ...body, padding: "" });
  return JSON.stringify({ ...body, padding: "x".repeat(Math.max(0, length - bare.length)) });
}

/** Of one length but for the long one, so that reading and parsing cost every mode the same. */
const LENGTH = padded(jwtLogin(tokens.RS256), 0).length;
const LONG_LENGTH = 10_240;

/** The bodies that a mode may be sent. */
export const bodies = {
  HS256: padded(jwtLogin(tokens.HS256), LENGTH),
  RS256: padded(jwtLogin(tokens.RS256), LENGTH),
  ES256: padded(jwtLogin(tokens.ES256), LENGTH),
  EdDSA: padded(jwtLogin(tokens.EdDSA), LENGTH),
  forged: padded(jwtLogin(tokens.forged), LENGTH),
  password: padded(passwordLogin, LENGTH),
  long: padded(jwtLogin(tokens.long), LONG_LENGTH),
};

/** @typedef {keyof typeof bodies} BodyName */
