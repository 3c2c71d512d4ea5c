import { constants, type KeyObject, verify, type VerifyKeyObjectInput } from "node:crypto";

import jsonwebtoken, { type VerifyOptions } from "jsonwebtoken";

import { pauseStackTraces } from "../../support/stack-traces.js";
import { type Algorithm, ALGORITHMS, isHmac, type PublicKeyAlgorithm } from "../algorithms.js";
import type { Claims } from "../claim-rules.js";
import { type CompactToken, malformed } from "../compact.js";
import type { TokenError } from "../errors.js";

/**
 * Verifies a token's signature with one key (RFC 7515 section 5.2).
 *
 * @returns the claims, or undefined if the signature is wrong
 * @throws TokenError `malformed` if the payload is not JSON
 */
export function verifySignature(token: CompactToken, algorithm: Algorithm, key: KeyObject): Claims | undefined {
  return isHmac(algorithm) ? verifyWithSecret(token, algorithm, key) : verifyWithPublicKey(token, algorithm, key);
}

// The claims are claim-rules.ts's to judge: here jsonwebtoken is asked for the signature alone.
const BY_SECRET: ReadonlyMap<Algorithm, VerifyOptions> = new Map(
  ALGORITHMS.filter(isHmac).map((algorithm) => [
    algorithm,
    Object.freeze({
      algorithms: [algorithm as jsonwebtoken.Algorithm],
      ignoreExpiration: true,
      ignoreNotBefore: true,
    }),
  ]),
);

/** RFC 7518 section 3.2. */
function verifyWithSecret(token: CompactToken, algorithm: Algorithm, key: KeyObject): Claims | undefined {
  let payload: unknown;
  const resumeStackTraces = pauseStackTraces();
  try {
    payload = jsonwebtoken.verify(token.text, key, BY_SECRET.get(algorithm));
  } catch (error) {
    // Under `typ: JWT` it parses the payload first and lets JSON.parse's SyntaxError through; under any other it gives
    // back the text that was no JSON.
    if ((error as Error).name !== "SyntaxError") return undefined;
  } finally {
    resumeStackTraces();
  }
  if (typeof payload !== "object") throw notJson();
  return payload as Claims;
}

interface Scheme {
  /** null: the algorithm has its own. */
  readonly hash: string | null;
  /** What node:crypto gets beside the key; undefined if a key alone will do, as for RSA with PKCS #1 (RFC 7518 section 3.3). */
  readonly how?: Omit<VerifyKeyObjectInput, "key">;
}

/** RFC 7518 section 3.5: the salt is as long as the hash. */
const RSA_PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
/** RFC 7518 section 3.4: r and s side by side, not in DER. */
const ECDSA = { dsaEncoding: "ieee-p1363" } as const;

const BY_PUBLIC_KEY: Readonly<Record<PublicKeyAlgorithm, Scheme>> = {
  RS256: { hash: "sha256" },
  RS384: { hash: "sha384" },
  RS512: { hash: "sha512" },
  PS256: { hash: "sha256", how: RSA_PSS },
  PS384: { hash: "sha384", how: RSA_PSS },
  PS512: { hash: "sha512", how: RSA_PSS },
  ES256: { hash: "sha256", how: ECDSA },
  ES384: { hash: "sha384", how: ECDSA },
  ES512: { hash: "sha512", how: ECDSA },
  // RFC 8037 section 3.1, RFC 9864 section 2.2.
  EdDSA: { hash: null },
  Ed25519: { hash: null },
};

/** By node:crypto, in one call: jsonwebtoken knows no Ed25519, and what it makes of the others costs half an RSA check. */
function verifyWithPublicKey(token: CompactToken, algorithm: PublicKeyAlgorithm, key: KeyObject): Claims | undefined {
  if (!isSignedBy(token, BY_PUBLIC_KEY[algorithm], key)) return undefined;
  try {
    return JSON.parse(token.payload.toString()) as Claims;
  } catch {
    throw notJson();
  }
}

function isSignedBy({ signingInput, signature }: CompactToken, { hash, how }: Scheme, key: KeyObject): boolean {
  // Node 24 makes and catches two errors to learn that an object with a key in it is none itself.
  const resumeStackTraces = pauseStackTraces();
  try {
    const keyAndHow = how === undefined ? key : { key, ...how };
    return verify(hash, Buffer.from(signingInput), keyAndHow, Buffer.from(signature, "base64url"));
  } finally {
    resumeStackTraces();
  }
}

function notJson(): TokenError {
  return malformed("its claims are not JSON");
}
