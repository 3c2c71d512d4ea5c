// The modes that are compared. A further one is an entry here and, where it is another server, a file in servers/.
import assert from "node:assert/strict";
import { answer } from "./fixtures.mjs";

/**
 * @typedef {object} Mode
 * @property {string} id what `--only` takes
 * @property {string} title
 * @property {string} server the file in servers/ that makes the app
 * @property {Record<string, unknown>} options for that file, beside the settings that all share
 * @property {import("./fixtures.mjs").TokenName} token the token that is sent
 * @property {number} status the only status accepted
 * @property {(body: unknown) => void} check throws unless the answer's body is right
 * @property {string[]} against ids of the modes to compare with, beside `constant`
 * @property {boolean} [extra] runs only with `--all` or when named by `--only`
 */

/** The mode that all the others are set against. */
export const BASELINE = "constant";

const loggedIn = { status: 200, check: (/** @type {unknown} */ body) => assert.deepEqual(body, answer) };
const refused = {
  status: 403,
  check: (/** @type {any} */ body) => {
    assert.equal(body.errcode, "M_FORBIDDEN");
    assert.match(body.error, /\w/);
  },
};
const secret = { key: "secret", algorithm: "HS256" };
const keyObject = { key: "keyObject", algorithm: "HS256" };
const jwks = { key: "jwks", algorithm: "RS256" };

/** @type {Mode[]} */
export const modes = [
  {
    id: BASELINE,
    title: "constant",
    server: "constant",
    options: {},
    token: "HS256",
    ...loggedIn,
    against: [],
  },
  {
    id: "ours-hs256",
    title: "ours HS256",
    server: "ours",
    options: secret,
    token: "HS256",
    ...loggedIn,
    against: [
      "passport-hs256",
      "express-jwt-hs256",
      "passport-hs256-keyobject",
      "express-jwt-hs256-keyobject",
      "jose-hs256",
    ],
  },
  {
    id: "ours-rs256",
    title: "ours RS256 JWKS",
    server: "ours",
    options: jwks,
    token: "RS256",
    ...loggedIn,
    against: ["passport-rs256", "express-jwt-rs256", "jose-rs256"],
  },
  {
    id: "ours-rejected",
    title: "ours rejected",
    server: "ours",
    options: secret,
    token: "forged",
    ...refused,
    against: [],
  },
  {
    id: "passport-hs256",
    title: "passport-jwt HS256",
    server: "passport-jwt",
    options: secret,
    token: "HS256",
    ...loggedIn,
    against: [],
  },
  {
    id: "express-jwt-hs256",
    title: "express-jwt HS256",
    server: "express-jwt",
    options: secret,
    token: "HS256",
    ...loggedIn,
    against: [],
  },
  {
    id: "passport-rs256",
    title: "passport-jwt RS256 jwks-rsa",
    server: "passport-jwt",
    options: jwks,
    token: "RS256",
    ...loggedIn,
    against: [],
  },
  {
    id: "express-jwt-rs256",
    title: "express-jwt RS256 jwks-rsa",
    server: "express-jwt",
    options: jwks,
    token: "RS256",
    ...loggedIn,
    against: [],
  },
  {
    id: "passport-hs256-keyobject",
    title: "passport-jwt HS256, KeyObject",
    server: "passport-jwt",
    options: keyObject,
    token: "HS256",
    ...loggedIn,
    against: [],
    extra: true,
  },
  {
    id: "express-jwt-hs256-keyobject",
    title: "express-jwt HS256, KeyObject",
    server: "express-jwt",
    options: keyObject,
    token: "HS256",
    ...loggedIn,
    against: [],
    extra: true,
  },
  {
    id: "jose-hs256",
    title: "by hand with jose, HS256",
    server: "jose",
    options: keyObject,
    token: "HS256",
    ...loggedIn,
    against: [],
    extra: true,
  },
  {
    id: "jose-rs256",
    title: "by hand with jose, RS256 JWKS",
    server: "jose",
    options: jwks,
    token: "RS256",
    ...loggedIn,
    against: [],
    extra: true,
  },
];
