// Keys, tokens and request bodies, made afresh in each run.
import { createHmac, generateKeyPairSync, randomBytes } from "node:crypto";
import jwt from "jsonwebtoken";

export const LOGIN_PATH = "/_matrix/client/v3/login";
const LOGIN_TYPE = "org.matrix.login.jwt";

/** What every server has to know to do the login; crosses to the server's process as JSON. */
export const settings = {
  loginPath: LOGIN_PATH,
  loginType: LOGIN_TYPE,
  serverName: "example.org",
  issuer: "https://idp.example.org",
  audience: "matrix",
  secret: randomBytes(32).toString("hex"),
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

const KEY_ID = "bench-current";
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const rsaNext = generateKeyPairSync("rsa", { modulusLength: 2048 });

/** Two keys, as providers publish around a rotation. */
export const jwks = {
  keys: [
    { ...rsaNext.publicKey.export({ format: "jwk" }), kid: "bench-next", alg: "RS256", use: "sig" },
    { ...rsa.publicKey.export({ format: "jwk" }), kid: KEY_ID, alg: "RS256", use: "sig" },
  ],
};

const claims = { sub: "alice" };
const signing = { issuer: settings.issuer, audience: settings.audience, expiresIn: 86_400 };
const hs256 = jwt.sign(claims, settings.secret, signing);
const signingInput = hs256.slice(0, hs256.lastIndexOf("."));

const tokens = {
  HS256: hs256,
  RS256: jwt.sign(claims, rsa.privateKey, { ...signing, algorithm: "RS256", keyid: KEY_ID }),
  forged: `${signingInput}.${createHmac("sha256", randomBytes(32)).update(signingInput).digest("base64url")}`,
};

/** @typedef {keyof typeof tokens} TokenName */

/** @param {string} token @param {string} padding */
const bodyWith = (token, padding) => JSON.stringify({ type: LOGIN_TYPE, token, padding });
const bodyLength = Math.max(...Object.values(tokens).map((token) => bodyWith(token, "").length));

/**
 * The body of a login. All are of one length, so that reading and parsing cost every mode the same.
 * @param {TokenName} name
 */
export function loginBody(name) {
  const token = tokens[name];
  return bodyWith(token, "x".repeat(bodyLength - bodyWith(token, "").length));
}
