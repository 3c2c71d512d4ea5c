import { constants, createHmac, type KeyObject, sign } from "node:crypto";

import { type Algorithm, isHmac, isSynonym } from "../tokens/algorithms.js";

/** A signature by RFC 7518 section 3, or RFC 8037 section 3.1 for EdDSA. */
export function signature(input: string, algorithm: Algorithm, key: KeyObject): Buffer {
  const data = Buffer.from(input);
  if (isSynonym(algorithm, "EdDSA")) return sign(null, data, key);
  const hash = `sha${algorithm.slice(2)}`;
  if (isHmac(algorithm)) return createHmac(hash, key).update(data).digest();
  return sign(hash, data, { key, ...parametersOf(algorithm) });
}

function parametersOf(algorithm: Algorithm): object {
  if (algorithm.startsWith("ES")) return { dsaEncoding: "ieee-p1363" };
  if (algorithm.startsWith("RS")) return {};
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}
