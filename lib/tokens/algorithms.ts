import type { AsymmetricKeyDetails, KeyObject } from "node:crypto";

export const HMAC = ["HS256", "HS384", "HS512"] as const;
const RSA_PKCS1 = ["RS256", "RS384", "RS512"] as const;
const RSA_PSS = ["PS256", "PS384", "PS512"] as const;

/** Two names of one algorithm: RFC 8037 section 3.1 (for Ed25519 only), and RFC 9864 section 2.2. */
const ED25519 = ["EdDSA", "Ed25519"] as const;

/** The signature algorithms that can be allowed (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2). */
export const ALGORITHMS = [...HMAC, ...RSA_PKCS1, ...RSA_PSS, "ES256", "ES384", "ES512", ...ED25519] as const;
/**
 * A signature algorithm: HS, RS, PS or ES with 256, 384 or 512 (RFC 7518 section 3.1), or Ed25519 (RFC 9864 section 2.2),
 * which is also called EdDSA (RFC 8037 section 3.1).
 */
export type Algorithm = (typeof ALGORITHMS)[number];
type HmacAlgorithm = (typeof HMAC)[number];
/** What a public key can verify. */
export type PublicKeyAlgorithm = Exclude<Algorithm, HmacAlgorithm>;

/** All that a public key can verify. */
export const PUBLIC_KEY_ALGORITHMS: ReadonlySet<Algorithm> = new Set(ALGORITHMS.filter((name) => !isHmac(name)));

/** RFC 7518 sections 3.3, 3.5 and 4.3. */
export const MIN_RSA_BITS = 2048;

const RSA = [...RSA_PKCS1, ...RSA_PSS] as const;

/** RFC 7518 section 3.4: each ECDSA algorithm has its own curve, which OpenSSL and JWKs call by different names. */
const BY_CURVE: ReadonlyMap<unknown, readonly Algorithm[]> = new Map([
  ["prime256v1", ["ES256"]],
  ["secp384r1", ["ES384"]],
  ["secp521r1", ["ES512"]],
]);
const BY_JWK_CURVE: ReadonlyMap<unknown, readonly Algorithm[]> = new Map([
  ["P-256", ["ES256"]],
  ["P-384", ["ES384"]],
  ["P-521", ["ES512"]],
]);

/** Which algorithms a secret or public key may verify: none for one that is too weak, or of a kind unknown here. */
export function algorithmsOf(key: KeyObject): readonly Algorithm[] {
  if (key.type === "secret") return HMAC;
  const details: AsymmetricKeyDetails = { ...key.asymmetricKeyDetails };
  switch (key.asymmetricKeyType) {
    case "rsa":
      return isStrong(details) ? RSA : [];
    case "rsa-pss":
      return isStrong(details) ? RSA_PSS.filter((name) => isMadeFor(name, details)) : [];
    case "ec":
      return BY_CURVE.get(details.namedCurve) ?? [];
    case "ed25519":
      return ED25519;
    default:
      return [];
  }
}

/**
 * The algorithms that a JWK may be a public key for, by the type and curve that it names (RFC 7518 sections 6.1 and
 * 6.2.1.1, RFC 8037 section 2). {@link algorithmsOf} says which they are, once it is parsed.
 */
export function algorithmsNamedBy({
  kty,
  crv,
}: {
  readonly kty?: unknown;
  readonly crv?: unknown;
}): readonly Algorithm[] {
  if (kty === "RSA") return RSA;
  if (kty === "EC") return BY_JWK_CURVE.get(crv) ?? [];
  return kty === "OKP" && crv === "Ed25519" ? ED25519 : [];
}

/** Do two names mean the same algorithm? */
export function isSynonym(algorithm: Algorithm, name: unknown): boolean {
  return algorithm === name || (ED25519.includes(algorithm as "EdDSA") && ED25519.includes(name as "EdDSA"));
}

/** The algorithms and all their names: whoever allows an algorithm allows it under each. */
export function withSynonyms(algorithms: readonly Algorithm[]): readonly Algorithm[] {
  return ALGORITHMS.filter((name) => algorithms.some((algorithm) => isSynonym(algorithm, name)));
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
