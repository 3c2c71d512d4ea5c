// What is compared: the same route, behind checks of an access token of one kind or another.
import { randomBytes } from "node:crypto";
import jwt from "jsonwebtoken";
import { publicJwks, signingKeys } from "../http/fixtures.mjs";

export const PATH = "/_matrix/client/v3/account/whoami";

const secret = randomBytes(32).toString("hex");
const issuer = "https://id.example.org";
const audience = "matrix";
const claims = { iss: issuer, aud: audience, sub: "alice", client_id: "app", device_id: "ABCDEFGHIJ", scope: "openid" };

/** @param {"HS256" | "ES256"} algorithm */
const sign = (algorithm) =>
  jwt.sign(claims, algorithm === "HS256" ? secret : signingKeys.ES256, {
    algorithm,
    expiresIn: 86_400,
    header: { alg: algorithm, typ: "at+jwt", ...(algorithm === "ES256" && { kid: publicJwks.ES256.kid }) },
  });

const tokens = { HS256: sign("HS256"), ES256: sign("ES256"), opaque: randomBytes(32).toString("base64url") };

/** The answer to every request. */
export const answer = { user_id: "@alice:example.org", device_id: "ABCDEFGHIJ", is_guest: false };

/** What the introspection endpoint says. */
export const introspection = { ...claims, active: true, exp: Math.floor(Date.now() / 1_000) + 86_400 };

const shared = { path: PATH, answer, serverName: "example.org", secret, issuer, audience };
const rules = { issuer, audience };

/**
 * @typedef {object} Mode
 * @property {string} id
 * @property {string} title
 * @property {string} server the file in servers/
 * @property {string} token what is sent
 * @property {(urls: { jwks: string, introspection: string }) => Record<string, unknown>} settings
 * @property {string[]} against ids of the modes that it is compared with
 */

/** @param {"HS256" | "ES256"} algorithm @param {Record<string, unknown>} [more] */
const ours =
  (algorithm, more) =>
  (/** @type {{ jwks: string }} */ { jwks }) => ({
    ...shared,
    tokens: { ...(algorithm === "HS256" ? { secret } : { jwksUri: jwks }), tokenType: "at+jwt", ...rules },
    ...more,
  });

/** @param {"HS256" | "ES256"} algorithm */
const peer =
  (algorithm) =>
  (/** @type {{ jwks: string }} */ { jwks }) => ({ ...shared, algorithm, jwksUri: jwks });

/** @type {Mode[]} */
export const modes = [
  { id: "open", title: "no authentication", server: "open", token: tokens.HS256, settings: () => shared, against: [] },
  {
    id: "warm-hs256",
    title: "ours, warm HS256",
    server: "ours",
    token: tokens.HS256,
    settings: ours("HS256"),
    against: ["open", "least", "bearer-hs256", "express-jwt-hs256", "passport-hs256", "sqlite"],
  },
  {
    id: "warm-es256",
    title: "ours, warm ES256",
    server: "ours",
    token: tokens.ES256,
    settings: ours("ES256"),
    against: ["open", "bearer-es256"],
  },
  {
    id: "warm-introspected",
    title: "ours, warm introspected",
    server: "ours",
    token: tokens.opaque,
    settings: ({ introspection: endpoint }) => ({
      ...shared,
      tokens: { ...rules, introspection: { endpoint, clientId: "bench", clientSecret: "bench" } },
    }),
    against: ["open"],
  },
  {
    id: "cold-hs256",
    title: "ours, cold HS256 (cache: false)",
    server: "ours",
    token: tokens.HS256,
    settings: ours("HS256", { cache: false }),
    against: ["bare-hs256"],
  },
  {
    id: "cold-es256",
    title: "ours, cold ES256 (cache: false)",
    server: "ours",
    token: tokens.ES256,
    settings: ours("ES256", { cache: false }),
    against: ["bare-es256"],
  },
  {
    id: "least",
    title: "hash and Map",
    server: "least",
    token: tokens.HS256,
    settings: () => shared,
    against: ["open"],
  },
  {
    id: "bare-hs256",
    title: "bare HMAC",
    server: "bare",
    token: tokens.HS256,
    settings: () => ({ ...shared, algorithm: "HS256" }),
    against: [],
  },
  {
    id: "bare-es256",
    title: "bare ECDSA check",
    server: "bare",
    token: tokens.ES256,
    settings: () => ({ ...shared, algorithm: "ES256", jwk: publicJwks.ES256 }),
    against: [],
  },
  ...[
    ["bearer-hs256", "express-oauth2-jwt-bearer HS256", "express-oauth2-jwt-bearer", "HS256"],
    ["bearer-es256", "express-oauth2-jwt-bearer ES256", "express-oauth2-jwt-bearer", "ES256"],
    ["express-jwt-hs256", "express-jwt HS256", "express-jwt", "HS256"],
    ["passport-hs256", "passport-jwt HS256", "passport-jwt", "HS256"],
  ].map(([id, title, server, algorithm]) => ({
    ...{ id, title, server, against: [] },
    token: tokens[/** @type {"HS256" | "ES256"} */ (algorithm)],
    settings: peer(/** @type {"HS256" | "ES256"} */ (algorithm)),
  })),
  {
    id: "sqlite",
    title: "SQLite look-up by the token's hash",
    server: "sqlite",
    token: tokens.opaque,
    settings: () => ({ ...shared, token: tokens.opaque }),
    against: [],
  },
];
