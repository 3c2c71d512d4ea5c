// The modes that are compared. A further one is an entry here and, where it is another server, a file in servers/.
import assert from "node:assert/strict";
import { answer } from "./fixtures.mjs";

/**
 * @typedef {object} Mode
 * @property {string} id what `--only` takes
 * @property {string} title
 * @property {string} server the file in servers/ that makes the app
 * @property {Record<string, unknown>} options for that file, beside the settings that all share
 * @property {import("./fixtures.mjs").BodyName} body what is sent
 * @property {string} baseline id of the constant app that gets a body of the same length
 * @property {number} status the only status accepted
 * @property {(body: unknown) => void} check throws unless the answer's body is right
 * @property {string[]} against ids of the modes to compare with, beside the baseline
 * @property {boolean} [brief] runs on Express 4 too where nothing else is asked for
 * @property {boolean} [extra] runs only with `--all` or when named by `--only`
 */

/** The mode that most others are set against. */
const BASELINE = "constant";

const loggedIn = { status: 200, check: (/** @type {unknown} */ body) => assert.deepEqual(body, answer) };
const refused = (/** @type {RegExp} */ reason) => ({
  status: 403,
  check: (/** @type {any} */ body) => {
    assert.equal(body.errcode, "M_FORBIDDEN");
    assert.match(body.error, reason);
  },
});

/** @typedef {import("./fixtures.mjs").BodyName} BodyName */

/** @param {string} id @param {string} title @param {BodyName} body @returns {Mode} */
const constant = (id, title, body) => ({
  ...{ id, title, server: "constant", options: {}, body, baseline: id, against: [] },
  ...loggedIn,
});

/**
 * A server that logs in by a token of that algorithm.
 * @param {string} id @param {string} title @param {string} server
 * @param {"secret" | "keyObject" | "jwks"} key
 * @param {"HS256" | "RS256" | "ES256" | "EdDSA"} algorithm
 * @param {Partial<Mode>} [rest]
 * @returns {Mode}
 */
const login = (id, title, server, key, algorithm, { options, ...rest } = {}) => ({
  ...{ id, title, server, options: { key, algorithm, ...options }, body: algorithm, baseline: BASELINE, against: [] },
  ...loggedIn,
  ...rest,
});

const extra = true;
const brief = true;

/** @type {Mode[]} */
export const modes = [
  { ...constant(BASELINE, "constant", "HS256"), brief },
  login("ours-hs256", "ours HS256", "ours", "secret", "HS256", {
    brief,
    against: [
      "bare-hs256",
      "passport-hs256",
      "express-jwt-hs256",
      "passport-hs256-keyobject",
      "express-jwt-hs256-keyobject",
      "jose-hs256",
    ],
  }),
  login("ours-hs256-parsed", "ours HS256 behind express.json()", "ours", "secret", "HS256", {
    options: { parseFirst: true },
  }),
  login("ours-rs256", "ours RS256 JWKS", "ours", "jwks", "RS256", {
    brief,
    against: [
      "bare-rs256",
      "passport-rs256",
      "express-jwt-rs256",
      "passport-rs256-keyobject",
      "express-jwt-rs256-keyobject",
      "jose-rs256",
    ],
  }),
  login("ours-es256", "ours ES256 JWKS", "ours", "jwks", "ES256", { against: ["bare-es256", "jose-es256"] }),
  login("ours-eddsa", "ours EdDSA JWKS", "ours", "jwks", "EdDSA", { against: ["bare-eddsa", "jose-eddsa"] }),
  login("ours-rejected", "ours rejected", "ours", "secret", "HS256", {
    brief,
    body: "forged",
    ...refused(/signature/),
  }),

  login("bare-hs256", "constant and a bare HMAC", "bare", "keyObject", "HS256"),
  login("bare-rs256", "constant and a bare RSA check", "bare", "keyObject", "RS256"),
  login("bare-es256", "constant and a bare ECDSA check", "bare", "keyObject", "ES256"),
  login("bare-eddsa", "constant and a bare Ed25519 check", "bare", "keyObject", "EdDSA"),

  constant("constant-long", "constant, 10 kB", "long"),
  login("ours-too-long", "ours over maxTokenLength, 10 kB", "ours", "secret", "HS256", {
    ...{ body: "long", baseline: "constant-long" },
    ...refused(/maxTokenLength/),
  }),

  constant("constant-password", "password login without us", "password"),
  login("ours-password", "password login behind us", "ours", "secret", "HS256", {
    ...{ body: "password", baseline: "constant-password" },
    options: { passwordLogin: true },
  }),

  login("passport-hs256", "passport-jwt HS256", "passport-jwt", "secret", "HS256"),
  login("express-jwt-hs256", "express-jwt HS256", "express-jwt", "secret", "HS256"),
  login("passport-rs256", "passport-jwt RS256 jwks-rsa", "passport-jwt", "jwks", "RS256"),
  login("express-jwt-rs256", "express-jwt RS256 jwks-rsa", "express-jwt", "jwks", "RS256"),
  login("passport-hs256-keyobject", "passport-jwt HS256, KeyObject", "passport-jwt", "keyObject", "HS256", { extra }),
  login("express-jwt-hs256-keyobject", "express-jwt HS256, KeyObject", "express-jwt", "keyObject", "HS256", { extra }),
  login("passport-rs256-keyobject", "passport-jwt RS256, KeyObject", "passport-jwt", "keyObject", "RS256", { extra }),
  login("express-jwt-rs256-keyobject", "express-jwt RS256, KeyObject", "express-jwt", "keyObject", "RS256", { extra }),

  login("jose-hs256", "by hand with jose, HS256", "jose", "keyObject", "HS256"),
  login("jose-rs256", "by hand with jose, RS256 JWKS", "jose", "jwks", "RS256"),
  login("jose-es256", "by hand with jose, ES256 JWKS", "jose", "jwks", "ES256"),
  login("jose-eddsa", "by hand with jose, EdDSA JWKS", "jose", "jwks", "EdDSA"),
];
