// What is counted: each makes something ready, and gives the work of one.
import { generateKeyPairSync } from "node:crypto";

import jwt from "jsonwebtoken";
import { createBearerAuth, createJwtLogin, matrixJwtLogin } from "matrix-jwt-login";

const SECRET = "a secret of sixty-four bytes, which is enough for HS256 to HS512";
const TYPE = "org.matrix.login.jwt";
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwks = { keys: [{ ...ec.publicKey.export({ format: "jwk" }), kid: "ec", alg: "ES256" }] };
const claims = { sub: "alice", iss: "https://id.example.org", aud: "matrix" };
const rules = { issuer: claims.iss, audience: claims.aud };
const hs256 = jwt.sign(claims, SECRET, { expiresIn: 3600 });
const es256 = jwt.sign(claims, ec.privateKey, { algorithm: "ES256", keyid: "ec", expiresIn: 3600 });
const forged = `${hs256.slice(0, -43)}${"A".repeat(43)}`;

/** @param {object} key @param {string} token */
function login(key, token) {
  const { login } = createJwtLogin({
    serverName: "example.org",
    loginTypes: { [TYPE]: { ...key, ...rules } },
    findUser: (userId) => ({ userId }),
    issueToken: () => ({ accessToken: "an access token" }),
    logger: false,
  });
  const submission = { type: TYPE, token };
  return () => login(submission);
}

/** @param {object} key @param {string} token @param {false} [cache] */
function bearer(key, token, cache) {
  const { authenticate } = createBearerAuth({
    serverName: "example.org",
    tokens: { ...key, ...rules, authorize: () => true },
    logger: false,
    ...(cache === false && { cache }),
  });
  const header = `Bearer ${token}`;
  return () => authenticate(header);
}

/** A request that is not ours. */
function otherRequest() {
  const middleware = matrixJwtLogin({
    serverName: "example.org",
    loginTypes: { [TYPE]: { secret: SECRET } },
    findUser: () => null,
    issueToken: () => ({ accessToken: "an access token" }),
    logger: false,
  });
  const req = /** @type {any} */ ({ method: "GET", url: "/_matrix/client/v3/sync?since=s1", headers: {} });
  const res = /** @type {any} */ ({});
  const next = () => undefined;
  return async () => {
    middleware(req, res, next);
  };
}

/** @type {Record<string, () => () => Promise<unknown>>} */
export const CASES = {
  "login HS256": () => login({ secret: SECRET }, hs256),
  "login ES256": () => login({ jwks }, es256),
  "login refused": () => login({ secret: SECRET }, forged),
  "bearer HS256, known": () => bearer({ secret: SECRET }, hs256),
  "bearer HS256, not kept": () => bearer({ secret: SECRET }, hs256, false),
  "bearer ES256, not kept": () => bearer({ jwks }, es256, false),
  "another request": otherRequest,
};
