import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";

import { algorithmsOf, isNamedFor, type Algorithm } from "../readers/algorithms.js";
import { MAX_CANDIDATES, type KeyQuery } from "./key-source.js";

/** A JSON Web Key (RFC 7517 section 4). */
export interface Jwk {
  /** The key type (RFC 7517 section 4.1): `RSA`, `EC` or `OKP`. */
  readonly kty?: string;
  /** What tokens call the key by (RFC 7517 section 4.5). */
  readonly kid?: string;
  readonly [member: string]: unknown;
}

/** A JWK Set (RFC 7517 section 5). */
export interface Jwks {
  /** The keys. What can't be used among them (private, shared, too weak, not for signatures) spoils no other. */
  readonly keys: readonly Jwk[];
}

const NONE: readonly KeyObject[] = [];

/**
 * One snapshot of a JWK Set. What can't be used in it is passed over and spoils nothing else; a key becomes a
 * `KeyObject` once, when it is first asked for.
 */
export class JwkSet {
  readonly #keys: readonly SetKey[];
  readonly #byKid = new Map<string, SetKey[]>();
  readonly #withoutKid = new Map<Algorithm, readonly KeyObject[]>();

  constructor(jwks: readonly unknown[]) {
    this.#keys = jwks.filter(isForVerifying).map((jwk) => new SetKey(jwk));
    for (const key of this.#keys) {
      if (typeof key.kid !== "string") continue;
      const namesakes = this.#byKid.get(key.kid);
      if (namesakes === undefined) this.#byKid.set(key.kid, [key]);
      else namesakes.push(key);
    }
  }

  /** Is there a key that can verify anything? */
  get usable(): boolean {
    return this.#keys.some(({ algorithms }) => algorithms.length > 0);
  }

  /** All algorithms that its keys fit. */
  get algorithms(): ReadonlySet<Algorithm> {
    return new Set(this.#keys.flatMap(({ algorithms }) => algorithms));
  }

  knows(kid: string | undefined): boolean {
    return kid !== undefined && this.#byKid.has(kid);
  }

  /** RFC 7515 section 4.1.4: `kid` says which key; without it, those that fit the algorithm are tried. */
  keysFor({ algorithm, kid }: KeyQuery): readonly KeyObject[] {
    if (kid !== undefined) return fitting(this.#byKid.get(kid) ?? [], algorithm);
    const known = this.#withoutKid.get(algorithm);
    if (known !== undefined) return known;
    const found = fitting(this.#keys, algorithm);
    this.#withoutKid.set(algorithm, found);
    return found;
  }
}

/** One key of a set, parsed when first needed. */
class SetKey {
  readonly kid: unknown;
  readonly #jwk: Jwk;
  #parsed: { readonly key?: KeyObject; readonly algorithms: readonly Algorithm[] } | undefined;

  constructor(jwk: Jwk) {
    this.kid = jwk.kid;
    this.#jwk = jwk;
  }

  /** The key, if it is one for this algorithm. Parsed only where its words leave that open. */
  keyFor(algorithm: Algorithm): KeyObject | undefined {
    if (!serves(this.#jwk, algorithm) || !isNamedFor(algorithm, this.#jwk)) return undefined;
    const { key, algorithms } = this.#parse();
    return algorithms.includes(algorithm) ? key : undefined;
  }

  get algorithms(): readonly Algorithm[] {
    return this.#parse().algorithms;
  }

  #parse(): { readonly key?: KeyObject; readonly algorithms: readonly Algorithm[] } {
    this.#parsed ??= parse(this.#jwk);
    return this.#parsed;
  }
}

/** RFC 7517 sections 4.2 and 4.3; `oct` (RFC 7518 section 6.4) and anything private has no place in a public set. */
function isForVerifying(jwk: unknown): jwk is Jwk {
  if (typeof jwk !== "object" || jwk === null) return false;
  const { kty, use, key_ops: operations } = jwk as Jwk;
  if (typeof kty !== "string" || isSecret(jwk)) return false;
  if (use !== undefined && use !== "sig") return false;
  return operations === undefined || (Array.isArray(operations) && operations.includes("verify"));
}

/** A private key (RFC 7518 sections 6.2.2 and 6.3.2: `d`) or a shared secret. */
export function isSecret(jwk: object): boolean {
  const { kty, d } = jwk as Jwk;
  return kty === "oct" || d !== undefined;
}

function parse(jwk: Jwk): { readonly key?: KeyObject; readonly algorithms: readonly Algorithm[] } {
  try {
    const key = createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
    return { key, algorithms: algorithmsOf(key).filter((algorithm) => serves(jwk, algorithm)) };
  } catch {
    return { algorithms: [] };
  }
}

/** RFC 7517 section 4.4: a key that names its algorithm serves no other. */
function serves({ alg }: Jwk, algorithm: Algorithm): boolean {
  return alg === undefined || alg === algorithm;
}

function fitting(keys: readonly SetKey[], algorithm: Algorithm): readonly KeyObject[] {
  const found: KeyObject[] = [];
  for (const each of keys) {
    const key = each.keyFor(algorithm);
    if (key !== undefined) found.push(key);
    if (found.length === MAX_CANDIDATES) break;
  }
  return found.length === 0 ? NONE : found;
}
