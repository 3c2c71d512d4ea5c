import type { KeyObject } from "node:crypto";

import { OptionsError } from "../../support/options-error.js";
import { MIN_RSA_BITS } from "../algorithms.js";
import { type Jwk, otherUseOf } from "./jwk.js";
import { type PrivateKey, privateKey, privateKeysIn, publicJwk } from "./private-key.js";

const RSA = ["RSA-OAEP", "RSA-OAEP-256"] as const;
const ECDH = ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"] as const;

/** Key management algorithms (RFC 7518 section 4.1) that can be allowed. */
export const KEY_MANAGEMENT = [...RSA, ...ECDH] as const;
/** A key management algorithm (RFC 7518 section 4): `RSA-OAEP`, `RSA-OAEP-256`, `ECDH-ES`, `ECDH-ES+A128KW` or `ECDH-ES+A256KW`. */
export type KeyManagement = (typeof KEY_MANAGEMENT)[number];

/** RFC 7518 section 6.2.1.1, as OpenSSL names them. */
const CURVES: readonly unknown[] = ["prime256v1", "secp384r1", "secp521r1"];

/** RFC 7517 section 4.3: what a private key of these algorithms may be for. */
const DECRYPTS = ["decrypt", "unwrapKey", "deriveKey", "deriveBits"];

/** A private key that tokens may be encrypted to. */
export interface DecryptionKey {
  readonly key: KeyObject;
  readonly kid: string;
  readonly algorithms: readonly KeyManagement[];
  /** What its host publishes. */
  readonly publicJwk: Jwk;
}

/** @throws OptionsError */
export function decryptionKey(value: unknown, path: string): DecryptionKey {
  return usable(privateKey(value, path), path);
}

/** The keys in a file: PEM, a JWK, or a JWK Set. */
export function decryptionKeysIn(content: Uint8Array, path: string): readonly DecryptionKey[] {
  return privateKeysIn(content, path).map((key) => usable(key, path));
}

function usable(given: PrivateKey, path: string): DecryptionKey {
  const { key, jwk } = given;
  const { alg } = jwk;
  const otherUse = otherUseOf(jwk, "enc", DECRYPTS);
  if (otherUse !== undefined) throw new OptionsError(path, `is not for decryption: ${otherUse}`);
  const fitting = algorithmsOf(key);
  if (fitting.length === 0) {
    throw new OptionsError(
      path,
      "must be an RSA key of at least 2048 bits, an EC key on P-256, P-384 or P-521, or an X25519 key (RFC 7518 section 4)",
    );
  }
  // RFC 7517 section 4.4: a key that names its algorithm serves no other.
  const algorithms = alg === undefined ? fitting : fitting.filter((name) => name === alg);
  if (algorithms.length === 0) {
    throw new OptionsError(path, `names an algorithm (alg) that it can't have here; ${fitting.join(", ")} would do`);
  }
  const published = publicJwk(given, path);
  const named = { ...published, use: "enc", ...(alg !== undefined && { alg }) };
  return { key, kid: published.kid, algorithms, publicJwk: named };
}

function algorithmsOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): readonly KeyManagement[] {
  if (type === "rsa") return Number(details?.modulusLength) >= MIN_RSA_BITS ? RSA : [];
  return type === "x25519" || (type === "ec" && CURVES.includes(details?.namedCurve)) ? ECDH : [];
}
