// The floor: what checking a signature costs by itself, without HTTP and without a login.
import { createHmac, createPublicKey, createSecretKey, timingSafeEqual, verify } from "node:crypto";
import jwt from "jsonwebtoken";

/**
 * @typedef {object} Operation
 * @property {string} id what `--only` takes
 * @property {string} title
 * @property {(fixtures: Fixtures) => () => unknown} make gives what is measured, its keys and bytes ready; false or a
 *   throw: the check failed
 */
/** @typedef {Pick<typeof import("../http/fixtures.mjs"), "tokens" | "publicJwks" | "settings">} Fixtures */

/** @param {string} token */
function parts(token) {
  const dot = token.lastIndexOf(".");
  return { input: Buffer.from(token.slice(0, dot)), signature: Buffer.from(token.slice(dot + 1), "base64url") };
}

/** @param {Fixtures} fixtures @param {"RS256" | "ES256" | "EdDSA"} algorithm */
const publicKey = ({ publicJwks }, algorithm) => createPublicKey({ key: publicJwks[algorithm], format: "jwk" });
/** @param {Fixtures} fixtures */
const secretKey = ({ settings }) => createSecretKey(settings.secret, "utf8");

/** @param {Fixtures} fixtures @param {"HS256" | "RS256" | "ES256"} algorithm */
function verifyWithJsonwebtoken(fixtures, algorithm) {
  const { issuer, audience } = fixtures.settings;
  const key = algorithm === "HS256" ? secretKey(fixtures) : publicKey(fixtures, algorithm);
  const options = Object.freeze({ algorithms: [algorithm], issuer, audience });
  return () => jwt.verify(fixtures.tokens[algorithm], key, options);
}

/** @type {Operation[]} */
export const operations = [
  {
    id: "crypto-hs256",
    title: "crypto, HMAC-SHA-256",
    make(fixtures) {
      const { input, signature } = parts(fixtures.tokens.HS256);
      const key = secretKey(fixtures);
      return () => timingSafeEqual(createHmac("sha256", key).update(input).digest(), signature);
    },
  },
  {
    id: "crypto-rs256",
    title: "crypto.verify, RSA of 2048 bits",
    make(fixtures) {
      const { input, signature } = parts(fixtures.tokens.RS256);
      const key = publicKey(fixtures, "RS256");
      return () => verify("sha256", input, key, signature);
    },
  },
  {
    id: "crypto-es256",
    title: "crypto.verify, ECDSA P-256",
    make(fixtures) {
      const { input, signature } = parts(fixtures.tokens.ES256);
      const key = /** @type {const} */ ({ key: publicKey(fixtures, "ES256"), dsaEncoding: "ieee-p1363" });
      return () => verify("sha256", input, key, signature);
    },
  },
  {
    id: "crypto-eddsa",
    title: "crypto.verify, Ed25519",
    make(fixtures) {
      const { input, signature } = parts(fixtures.tokens.EdDSA);
      const key = publicKey(fixtures, "EdDSA");
      return () => verify(null, input, key, signature);
    },
  },
  ...["HS256", "RS256", "ES256"].map((algorithm) => ({
    id: `jsonwebtoken-${algorithm.toLowerCase()}`,
    title: `jsonwebtoken.verify, ${algorithm}`,
    make: (/** @type {Fixtures} */ fixtures) =>
      verifyWithJsonwebtoken(fixtures, /** @type {"HS256" | "RS256" | "ES256"} */ (algorithm)),
  })),
];
