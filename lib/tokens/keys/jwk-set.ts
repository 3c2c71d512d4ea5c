import type { KeyObject } from "node:crypto";

import { quoted } from "../../remote/errors.js";
import { OptionsError } from "../../support/options-error.js";
import { inSlices } from "../../support/slices.js";
import type { Algorithm } from "../algorithms.js";
import { describeJwk, type SetKey, setKey } from "./jwk.js";
import { type KeyQuery, type KeySource, MAX_CANDIDATES } from "./key-source.js";

type Keys = readonly KeyObject[];
const NONE: Keys = [];
/** How many of a set's keys are described to the operator. */
const MAX_DESCRIBED = 20;

/**
 * One snapshot of a JWK Set. Unusable keys in it are ignored. A key becomes a
 * `KeyObject` when it is first looked at, and is the same one in the next snapshot that has it.
 */
export class JwkSet {
  readonly #jwks: readonly unknown[];
  readonly #keys: SetKey[] = [];
  readonly #kids = new Set<unknown>();
  readonly #byKid = new Map<unknown, SetKey[]>();
  readonly #byAlgorithm = new Map<Algorithm, readonly SetKey[]>();
  /** Of lists that are too long to be searched at once. */
  readonly #searched = new Map<string, Keys | Promise<Keys>>();

  private constructor(jwks: readonly unknown[]) {
    this.#jwks = jwks;
  }

  /** A set that the host gave: read at once, however long that takes. */
  static of(jwks: readonly unknown[]): JwkSet {
    const set = new JwkSet(jwks);
    for (const jwk of jwks) set.#add(jwk);
    return set;
  }

  /** A set that a peer sent: read without blocking the event loop. Keys that the snapshot before has too are taken over. */
  static async from(jwks: readonly unknown[], before: JwkSet | undefined): Promise<JwkSet> {
    const set = new JwkSet(jwks);
    const earlier = before === undefined ? [] : before.#keys;
    const known = new Map(earlier.map((key) => [key.jwk["n"] ?? key.jwk["x"], key]));
    let index = 0;
    await inSlices(() => {
      for (const end = Math.min(index + 100, jwks.length); index < end; index += 1) set.#add(jwks[index], known);
      return index === jwks.length;
    });
    return set;
  }

  #add(jwk: unknown, known?: ReadonlyMap<unknown, SetKey>): void {
    if (typeof jwk === "object" && jwk !== null) this.#kids.add((jwk as { kid?: unknown }).kid);
    const made = setKey(jwk);
    if (typeof made === "string") return;
    const before = known?.get(made.jwk["n"] ?? made.jwk["x"]);
    const key = before?.equals(made) === true ? before : made;
    this.#keys.push(key);
    const namesakes = this.#byKid.get(key.jwk.kid);
    if (namesakes === undefined) this.#byKid.set(key.jwk.kid, [key]);
    else namesakes.push(key);
  }

  /** Is there a key that can verify anything? */
  async isUsable(): Promise<boolean> {
    let usable = false;
    let index = 0;
    await inSlices(() => {
      const key = this.#keys[index];
      usable = key !== undefined && key.algorithms.length > 0;
      index += 1;
      return usable || key === undefined;
    });
    return usable;
  }

  /** All algorithms that its keys fit. Parses every key. */
  algorithms(): ReadonlySet<Algorithm> {
    return new Set(this.#keys.flatMap(({ algorithms }) => algorithms));
  }

  knows(kid: string | undefined): boolean {
    return kid !== undefined && this.#kids.has(kid);
  }

  /** Is it a key of this set that {@link keysFor} gave, of this snapshot or one before? */
  holds(key: KeyObject): boolean {
    return this.#keys.some((each) => each.is(key));
  }

  /** RFC 7515 section 4.1.4: `kid` says which key; without it, those that fit the algorithm are tried. */
  keysFor({ algorithm, kid }: KeyQuery): Keys | Promise<Keys> {
    const candidates = kid === undefined ? this.#allFor(algorithm) : this.#byKid.get(kid);
    if (candidates === undefined) return NONE;
    if (candidates.length <= MAX_CANDIDATES) return fitting(candidates, algorithm);
    const name = kid === undefined ? algorithm : `${algorithm} ${kid}`;
    const known = this.#searched.get(name) ?? this.#search(candidates, algorithm, name);
    this.#searched.set(name, known);
    return known;
  }

  #allFor(algorithm: Algorithm): readonly SetKey[] {
    const known = this.#byAlgorithm.get(algorithm);
    if (known !== undefined) return known;
    const found = this.#keys.filter(({ stated }) => stated.includes(algorithm));
    this.#byAlgorithm.set(algorithm, found);
    return found;
  }

  #search(candidates: readonly SetKey[], algorithm: Algorithm, name: string): Keys | Promise<Keys> {
    const first = fitting(candidates.slice(0, MAX_CANDIDATES), algorithm);
    if (first.length === MAX_CANDIDATES) return first;
    const found = [...first];
    let index = MAX_CANDIDATES;
    return inSlices(() => {
      const key = candidates[index]?.keyFor(algorithm);
      if (key !== undefined) found.push(key);
      index += 1;
      return found.length === MAX_CANDIDATES || index >= candidates.length;
    }).then(() => {
      this.#searched.set(name, found);
      return found;
    });
  }

  /** Which keys there are, and why each is ignored: for one token, or at all. For the operator only. */
  describe(query?: KeyQuery): string {
    return describeKeys(this.#jwks, (jwk) => this.whyNot(jwk, query));
  }

  /** Why one of its keys is passed over, or `usable`. */
  whyNot(jwk: unknown, query: KeyQuery | undefined): string {
    const made = setKey(jwk);
    if (typeof made === "string") return made;
    const key = this.#byKid.get(made.jwk.kid)?.find((each) => each.equals(made));
    if (key?.parsed === true && key.algorithms.length === 0) return "damaged";
    if (query?.kid !== undefined && made.jwk.kid !== query.kid) return "another kid";
    return query !== undefined && !made.stated.includes(query.algorithm) ? `not for ${query.algorithm}` : "usable";
  }
}

function fitting(candidates: readonly SetKey[], algorithm: Algorithm): Keys {
  const found: KeyObject[] = [];
  for (const each of candidates) {
    const key = each.keyFor(algorithm);
    if (key !== undefined) found.push(key);
  }
  return found.length === 0 ? NONE : found;
}

/** @param whyNot - why a key is passed over, or `usable` */
export function describeKeys<K>(jwks: readonly K[], whyNot: (jwk: K) => string): string {
  const lines = jwks.slice(0, MAX_DESCRIBED).map((jwk) => `(${describeJwk(jwk)}): ${whyNot(jwk)}`);
  const more = jwks.length - lines.length;
  if (more > 0) lines.push(`${String(more)} more`);
  return lines.length === 0 ? "it has no keys" : `its keys are ${lines.join("; ")}`;
}

/**
 * For the log: a token that no key of a set fits.
 *
 * @param keys - the set's, described
 */
export function noKeyFor({ algorithm, kid }: KeyQuery, keys: string): string {
  return `no key for a token with alg ${algorithm} and ${kid === undefined ? "no kid" : `kid ${quoted(kid)}`}; ${keys}`;
}

/** Public keys of an inline JWK Set. */
export function inlineJwks(value: unknown, path: string): KeySource {
  return setSource(jwkSet(value, path));
}

export function setSource(set: JwkSet): KeySource {
  const algorithms = set.algorithms();
  return {
    keysFor: (query) => set.keysFor(query),
    algorithms,
    possibleAlgorithms: algorithms,
    holds: (key) => set.holds(key),
    usesKid: true,
    describe: (query) => noKeyFor(query, set.describe(query)),
    ready: () => Promise.resolve(),
  };
}

/** RFC 7517 section 5: an object with a list `keys`. */
export function jwkSet(value: unknown, path: string): JwkSet {
  const keys: unknown = typeof value === "object" && value !== null ? (value as { keys?: unknown }).keys : undefined;
  if (!Array.isArray(keys)) throw new OptionsError(path, 'must be a JWK Set: an object with a list "keys"');
  const set = JwkSet.of(keys);
  if (set.algorithms().size > 0) return set;
  throw new OptionsError(path, `has no key that can verify a signature; ${set.describe()}`);
}
