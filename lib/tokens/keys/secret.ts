import { createSecretKey, KeyObject } from "node:crypto";

import { OptionsError } from "../../support/options-error.js";
import { hashLength, type Algorithm } from "../readers/algorithms.js";
import { looksLikePem } from "./pem.js";

/** A shared secret: text (taken as UTF-8), bytes, or a secret `KeyObject`. */
export type SecretInput = string | Uint8Array | KeyObject;

export function secretKey(value: unknown, path: string): KeyObject {
  if (value instanceof KeyObject) {
    if (value.type === "secret" && value.symmetricKeySize !== 0) return value;
    if (value.type === "secret") throw new OptionsError(path, "must not be empty");
    throw new OptionsError(path, `must be a secret, not a ${value.type} key; a public key is the option publicKey's`);
  }
  if (typeof value !== "string" && !(value instanceof Uint8Array)) {
    throw new OptionsError(path, "must be a string, a Buffer or a secret KeyObject");
  }
  if (value.length === 0) throw new OptionsError(path, "must not be empty");
  // RFC 8725 section 3.1: whoever knows the public key could sign with it if it were taken for a secret.
  if (looksLikePem(value)) {
    throw new OptionsError(path, "is a PEM key or certificate, not a shared secret; use publicKey or keyFile");
  }
  return createSecretKey(typeof value === "string" ? Buffer.from(value) : value);
}

/** RFC 7518 section 3.2: an HMAC key should be as long as the hash. A short one works, and is said aloud once. */
export function warnOfShortSecret(keys: readonly KeyObject[], algorithms: readonly Algorithm[], path: string): void {
  const shortest = Math.min(...algorithms.map(hashLength));
  if (keys.every((key) => Number(key.symmetricKeySize) >= shortest)) return;
  process.emitWarning(
    `${path} is shorter than the ${String(shortest)} bytes of its algorithm's hash and can be guessed (RFC 7518 section 3.2)`,
    { type: "SecurityWarning", code: "MATRIX_JWT_LOGIN_SHORT_SECRET" },
  );
}
