import { verify as verifyWithKey, type KeyObject } from "node:crypto";

import jsonwebtoken, { type VerifyOptions } from "jsonwebtoken";

import { pauseStackTraces } from "../stack-traces.js";
import { ALGORITHMS, type Algorithm } from "./algorithms.js";
import type { Claims } from "./claims.js";
import { malformed, type CompactToken } from "./compact.js";
import type { TokenError } from "./errors.js";

// The claims are claims.ts's to judge: here jsonwebtoken is asked for the signature alone.
const OPTIONS: ReadonlyMap<Algorithm, VerifyOptions> = new Map(
  ALGORITHMS.map((algorithm) => [
    algorithm,
    Object.freeze({
      algorithms: [algorithm as jsonwebtoken.Algorithm],
      ignoreExpiration: true,
      ignoreNotBefore: true,
      // Which key fits is algorithms.ts's to say, and has been said: of RSA-PSS keys it takes those bound to a hash alone.
      allowInvalidAsymmetricKeyTypes: true,
    }),
  ]),
);

/**
 * Verifies a token's signature with one key (RFC 7515 section 5.2).
 *
 * @returns the claims, or undefined where the signature is wrong
 * @throws TokenError `malformed`, where the payload is not JSON
 */
export function verifySignature(token: CompactToken, algorithm: Algorithm, key: KeyObject): Claims | undefined {
  return algorithm === "EdDSA" ? verifyEdDsa(token, key) : verifyWithJsonwebtoken(token, algorithm, key);
}

function verifyWithJsonwebtoken(token: CompactToken, algorithm: Algorithm, key: KeyObject): Claims | undefined {
  let payload: unknown;
  const resumeStackTraces = pauseStackTraces();
  try {
    payload = jsonwebtoken.verify(token.text, key, OPTIONS.get(algorithm));
  } catch (error) {
    // Beside its own errors it throws TypeErrors for signatures of odd shapes. Under `typ: JWT` it parses the payload
    // first and lets JSON.parse's SyntaxError through; under any other it gives back the text that was no JSON.
    if ((error as Error).name !== "SyntaxError") return undefined;
  } finally {
    resumeStackTraces();
  }
  if (typeof payload !== "object") throw notJson();
  return payload as Claims;
}

/** RFC 8037 section 3.1, which jsonwebtoken does not know. */
function verifyEdDsa(token: CompactToken, key: KeyObject): Claims | undefined {
  const signature = Buffer.from(token.signature, "base64url");
  if (!verifyWithKey(null, Buffer.from(token.signingInput), key, signature)) return undefined;
  try {
    return JSON.parse(token.payload.toString()) as Claims;
  } catch {
    throw notJson();
  }
}

function notJson(): TokenError {
  return malformed("its claims are not JSON");
}
