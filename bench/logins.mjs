// A host whose callbacks cost nothing, and tokens for it: what is measured is the package alone.
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  randomBytes,
  sign,
} from "node:crypto";

export const host = {
  serverName: "example.org",
  findUser: () => "alice",
  issueToken: () => ({ accessToken: "a token" }),
};

export const SECRET = createSecretKey(randomBytes(32));

const HOUR = 3_600;

/** @param {object} [more] */
export const claimsOf = (more = {}) => ({ sub: "alice", exp: Math.floor(Date.now() / 1_000) + HOUR, ...more });

/**
 * @param {object} header
 * @param {object} claims
 * @param {(signingInput: Buffer) => Buffer} signature
 */
export function token(header, claims, signature) {
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${input}.${signature(Buffer.from(input)).toString("base64url")}`;
}

/** @param {Buffer} input */
export const hmac = (input) => createHmac("sha256", SECRET).update(input).digest();

/** @param {object} [claims] */
export const hs256 = (claims = claimsOf()) => token({ alg: "HS256" }, claims, hmac);

/** @param {KeyPair} pair @param {{ kid?: string }} [header] */
export const es256 = ({ privateKey }, header = {}) =>
  token({ alg: "ES256", ...header }, claimsOf(), (input) =>
    sign("sha256", input, { key: privateKey, dsaEncoding: "ieee-p1363" }),
  );

/** Bytes that are no signature of anything. @param {number} length @returns {(input: Buffer) => Buffer} */
export const noise = (length) => () => randomBytes(length);

/** @typedef {import("node:crypto").KeyPairKeyObjectResult} KeyPair */

/** @type {KeyPair[]} */
const pairs = [];

/** P-256 key pairs, each made once in a run. @param {number} count */
export function keyPairs(count) {
  while (pairs.length < count) pairs.push(keyPair());
  return pairs.slice(0, count);
}

/**
 * By way of DER: Node 20 hangs where it collects what generated a key, while that very key is exported as a JWK.
 * @returns {KeyPair}
 */
function keyPair() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "der" },
  });
  return {
    publicKey: createPublicKey({ key: publicKey, type: "spki", format: "der" }),
    privateKey: createPrivateKey({ key: privateKey, type: "pkcs8", format: "der" }),
  };
}

/** @param {KeyPair} pair @param {object} [members] */
export const jwkOf = ({ publicKey }, members = {}) => ({ ...publicKey.export({ format: "jwk" }), ...members });
