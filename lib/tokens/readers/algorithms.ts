import type { AsymmetricKeyDetails, KeyObject } from "node:crypto";

const HMAC = ["HS256", "HS384", "HS512"] as const;
const RSA_PKCS1 = ["RS256", "RS384", "RS512"] as const;
const RSA_PSS = ["PS256", "PS384", "PS512"] as const;

/** The signature algorithms that can be allowed (RFC 7518 section 3.1; EdDSA: RFC 8037 section 3.1, Ed25519 only). */
export const ALGORITHMS = [...HMAC, ...RSA_PKCS1, ...RSA_PSS, "ES256", "ES384", "ES512", "EdDSA"] as const;
/**
 * A signature algorithm: HS, RS, PS or ES with 256, 384 or 512 (RFC 7518 section 3.1), or EdDSA (RFC 8037 section 3.1,
 * Ed25519 only).
 */
export type Algorithm = (typeof ALGORITHMS)[number];
type HmacAlgorithm = (typeof HMAC)[number];
/** What a public key can verify. */
export type PublicKeyAlgorithm = Exclude<Algorithm, HmacAlgorithm>;

/** All that a public key can verify. */
export const PUBLIC_KEY_ALGORITHMS: ReadonlySet<Algorithm> = new Set(ALGORITHMS.filter((name) => !isHmac(name)));

/** RFC 7518 sections 3.3 and 3.5. */
const MIN_RSA_BITS = 2048;

/** RFC 7518 section 3.4: each ECDSA algorithm has its own curve. */
const BY_CURVE: ReadonlyMap<string | undefined, readonly Algorithm[]> = new Map([
  ["prime256v1", ["ES256"]],
  ["secp384r1", ["ES384"]],
  ["secp521r1", ["ES512"]],
]);

/** Which algorithms a secret or public key may verify: none for one that is too weak, or of a kind unknown here. */
export function algorithmsOf(key: KeyObject): readonly Algorithm[] {
  if (key.type === "secret") return HMAC;
  const details: AsymmetricKeyDetails = { ...key.asymmetricKeyDetails };
  switch (key.asymmetricKeyType) {
    case "rsa":
      return isStrong(details) ? [...RSA_PKCS1, ...RSA_PSS] : [];
    case "rsa-pss":
      return isStrong(details) ? RSA_PSS.filter((name) => isMadeFor(name, details)) : [];
    case "ec":
      return BY_CURVE.get(details.namedCurve) ?? [];
    case "ed25519":
      return ["EdDSA"];
    default:
      return [];
  }
}

/**
 * May a JWK be a key for this public-key algorithm, by the type and curve that it names (RFC 7518 sections 6.1 and
 * 6.2.1.1, RFC 8037 section 2)? {@link algorithmsOf} says whether it is one, once it is parsed.
 */
export function isNamedFor(
  algorithm: Algorithm,
  { kty, crv }: { readonly kty?: unknown; readonly crv?: unknown },
): boolean {
  switch (algorithm) {
    case "ES256":
      return kty === "EC" && crv === "P-256";
    case "ES384":
      return kty === "EC" && crv === "P-384";
    case "ES512":
      return kty === "EC" && crv === "P-521";
    case "EdDSA":
      return kty === "OKP" && crv === "Ed25519";
    default:
      return kty === "RSA";
  }
}

export function isHmac(algorithm: Algorithm): algorithm is HmacAlgorithm {
  return algorithm.startsWith("HS");
}

/** The length in bytes of an algorithm's hash (RFC 7518 section 3.1): no HMAC secret should be shorter (section 3.2). */
export function hashLength(algorithm: Algorithm): number {
  return Number(algorithm.slice(2)) / 8;
}

/** With the exponent 1 every text would be its own signature (RFC 8017 section 3.1 asks for 3 at least). */
function isStrong({ modulusLength, publicExponent }: AsymmetricKeyDetails): boolean {
  return Number(modulusLength) >= MIN_RSA_BITS && Number(publicExponent) >= 3;
}

/**
 * A PSS key may be bound to a hash, for the message and for its mask, and to as much salt at least (RFC 4055 section
 * 3.1). The algorithm's salt is as long as its hash (RFC 7518 section 3.5).
 */
function isMadeFor(algorithm: Algorithm, details: AsymmetricKeyDetails): boolean {
  const length = hashLength(algorithm);
  const hash = `sha${String(8 * length)}`;
  const { hashAlgorithm = hash, mgf1HashAlgorithm = hash, saltLength = 0 } = details;
  return hashAlgorithm === hash && mgf1HashAlgorithm === hash && saltLength <= length;
}
