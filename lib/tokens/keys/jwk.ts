import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";

import { quoted } from "../../remote/errors.js";
import { isJsonObject } from "../../support/json.js";
import { type Algorithm, algorithmsNamedBy, algorithmsOf, isSynonym } from "../algorithms.js";

/** A JSON Web Key (RFC 7517 section 4). */
export interface Jwk {
  /** The key type (RFC 7517 section 4.1): `RSA`, `EC` or `OKP`; `oct` in a set that `fromTokenAuthenticatorConfig` made. */
  readonly kty?: string;
  /** What tokens call the key by (RFC 7517 section 4.5). */
  readonly kid?: string;
  readonly [member: string]: unknown;
}

/** A JWK Set (RFC 7517 section 5). */
export interface Jwks {
  /** The keys. Unusable ones (private, too weak, not for signatures; shared secrets, unless `fromTokenAuthenticatorConfig` made the set) are ignored. */
  readonly keys: readonly Jwk[];
}

/** RFC 7518 section 6.2.1.2: coordinates have the full size of the curve. RFC 8037 section 2: so has `x`. In base64url. */
const COORDINATE: Readonly<Record<string, number>> = { "P-256": 43, "P-384": 64, "P-521": 88, Ed25519: 43 };
/** 2048 bits in base64url: RFC 7518 section 3.3. */
const MIN_MODULUS = 342;
/** 16384 bits in base64url: what OpenSSL verifies with at most. */
const MAX_MODULUS = 2_731;
/** 64 bits in base64url. */
const MAX_EXPONENT = 11;

export type { SetKey };

/** One key of a set that its members allow to verify signatures. Parsed once, when first needed. */
class SetKey {
  readonly jwk: Jwk;
  /** The algorithms that its members allow. It may turn out to be a key for none of them. */
  readonly stated: readonly Algorithm[];
  #parsed: { readonly key?: KeyObject; readonly algorithms: readonly Algorithm[] } | undefined;

  constructor(jwk: Jwk, stated: readonly Algorithm[]) {
    this.jwk = jwk;
    this.stated = stated;
  }

  get parsed(): boolean {
    return this.#parsed !== undefined;
  }

  get algorithms(): readonly Algorithm[] {
    return this.#parse().algorithms;
  }

  /** The key, if it is one for this algorithm. */
  keyFor(algorithm: Algorithm): KeyObject | undefined {
    if (!this.stated.includes(algorithm)) return undefined;
    const { key, algorithms } = this.#parse();
    return algorithms.includes(algorithm) ? key : undefined;
  }

  is(key: KeyObject): boolean {
    return this.#parsed?.key === key;
  }

  /** The very same key, as another snapshot of its set has it. */
  equals({ jwk }: SetKey): boolean {
    return (["kty", "crv", "n", "e", "x", "y", "kid", "alg"] as const).every((name) => jwk[name] === this.jwk[name]);
  }

  #parse(): { readonly key?: KeyObject; readonly algorithms: readonly Algorithm[] } {
    this.#parsed ??= parse(this.jwk, this.stated);
    return this.#parsed;
  }
}

function parse(jwk: Jwk, stated: readonly Algorithm[]) {
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
    return { key, algorithms: algorithmsOf(key).filter((algorithm) => stated.includes(algorithm)) };
  } catch {
    return { algorithms: [] };
  }
}

/**
 * Looks at a key's members before any of it is parsed, which takes long enough to hold the server up with a hostile set.
 *
 * @returns the key, or why it is ignored
 */
export function setKey(jwk: unknown): SetKey | string {
  return isJsonObject(jwk) ? keyOf(jwk) : "not an object";
}

function keyOf(jwk: Jwk): SetKey | string {
  const { alg } = jwk;
  const otherUse = otherUseOf(jwk);
  if (otherUse !== undefined) return otherUse;
  if (isSecret(jwk)) return "a private or secret key";
  const fitting = algorithmsNamedBy(jwk);
  if (fitting.length === 0) return 'not of a supported "kty" and "crv"';
  // RFC 7517 section 4.4: a key that names its algorithm serves no other.
  const stated = alg === undefined ? fitting : fitting.filter((algorithm) => isSynonym(algorithm, alg));
  if (stated.length === 0) return 'its "alg" does not fit';
  return flawOf(jwk) ?? new SetKey(jwk, stated);
}

/**
 * Why a key is not meant for something, for verifying by default (RFC 7517 sections 4.2 and 4.3); undefined if it may be.
 *
 * @param operations - of which one must be among its `key_ops`
 */
export function otherUseOf(
  { use, key_ops: given }: Jwk,
  wanted: "sig" | "enc" = "sig",
  operations: readonly string[] = ["verify"],
): string | undefined {
  if (use !== undefined && use !== wanted) return `its "use" is not "${wanted}"`;
  if (given === undefined || (Array.isArray(given) && operations.some((one) => given.includes(one)))) return undefined;
  return `${operations.map((one) => `"${one}"`).join(" or ")} is not among its "key_ops"`;
}

/** A private key (RFC 7518 sections 6.2.2 and 6.3.2: `d`) or a shared secret, which have no place in a public set. */
export function isSecret(jwk: object): boolean {
  const { kty, d } = jwk as Jwk;
  return kty === "oct" || d !== undefined;
}

function flawOf({ kty, crv, n, e, x, y }: Jwk): string | undefined {
  if (kty === "RSA") {
    if (typeof n !== "string" || typeof e !== "string") return '"n" or "e" is missing';
    if (n.length < MIN_MODULUS) return "shorter than 2048 bits";
    return n.length > MAX_MODULUS || e.length > MAX_EXPONENT ? "too long" : undefined;
  }
  const length = COORDINATE[crv as string];
  const complete = [x, ...(kty === "EC" ? [y] : [])].every(
    (part) => typeof part === "string" && part.length === length,
  );
  return complete ? undefined : "its coordinates are not of the curve's length";
}

/** A key as the operator may read of it: no more than names it. */
export function describeJwk(jwk: unknown): string {
  if (typeof jwk !== "object" || jwk === null) return "a member that is no key";
  return ["kid", "kty", "crv", "alg", "use"]
    .filter((name) => (jwk as Jwk)[name] !== undefined)
    .map((name) => `${name} ${quoted((jwk as Jwk)[name])}`)
    .join(", ");
}
