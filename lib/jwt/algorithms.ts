import type { KeyObject } from "node:crypto";

const HMAC = ["HS256", "HS384", "HS512"] as const;
const RSA_PKCS1 = ["RS256", "RS384", "RS512"] as const;
const RSA_PSS = ["PS256", "PS384", "PS512"] as const;

/** The signature algorithms that can be allowed (RFC 7518 section 3.1; EdDSA: RFC 8037 section 3.1, Ed25519 only). */
export const ALGORITHMS = [...HMAC, ...RSA_PKCS1, ...RSA_PSS, "ES256", "ES384", "ES512", "EdDSA"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** RFC 7518 sections 3.3 and 3.5. */
const MIN_RSA_BITS = 2048;

/** RFC 7518 section 3.4: each ECDSA algorithm has its own curve. */
const BY_CURVE: ReadonlyMap<string | undefined, readonly Algorithm[]> = new Map([
  ["prime256v1", ["ES256"]],
  ["secp384r1", ["ES384"]],
  ["secp521r1", ["ES512"]],
]);

/** Which algorithms a key may verify: none for one that is private, too short or of a kind that no algorithm here uses. */
export function algorithmsOf(key: KeyObject): readonly Algorithm[] {
  if (key.type === "secret") return HMAC;
  if (key.type !== "public") return [];
  const details = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "rsa":
      return isLongEnough(details.modulusLength) ? [...RSA_PKCS1, ...RSA_PSS] : [];
    case "rsa-pss":
      // A PSS key may be bound to one hash (RFC 4055 section 3.1).
      return isLongEnough(details.modulusLength)
        ? RSA_PSS.filter((name) => [undefined, `sha${name.slice(2)}`].includes(details.hashAlgorithm))
        : [];
    case "ec":
      return BY_CURVE.get(details.namedCurve) ?? [];
    case "ed25519":
      return ["EdDSA"];
    default:
      return [];
  }
}

export function isHmac(algorithm: Algorithm): boolean {
  return algorithm.startsWith("HS");
}

/** The length in bytes of an HMAC algorithm's hash, below which its secret should not be (RFC 7518 section 3.2). */
export function hashLength(algorithm: Algorithm): number {
  return Number(algorithm.slice(2)) / 8;
}

function isLongEnough(modulusLength: number | undefined): boolean {
  return modulusLength !== undefined && modulusLength >= MIN_RSA_BITS;
}
