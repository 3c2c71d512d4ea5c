import type { KeyObject } from "node:crypto";

import { at } from "../../support/checks.js";
import { OptionsError } from "../../support/options-error.js";
import { type Algorithm, algorithmsOf } from "../algorithms.js";

/** The only members of a token's header that may choose a key: never `jwk`, `jku`, `x5u` or `x5c` (RFC 8725 section 3.10). */
export interface KeyQuery {
  readonly algorithm: Algorithm;
  readonly kid: string | undefined;
}

/** A source of the keys that verify tokens in this process. */
export interface KeySource {
  /**
   * The keys that may verify a token, best first; an empty list if none fits. Synchronous if nothing has to be fetched.
   *
   * Rejects with {@link KeysUnavailableError} if keys are temporarily unavailable.
   */
  keysFor(query: KeyQuery): readonly KeyObject[] | Promise<readonly KeyObject[]>;

  /**
   * Is a key that {@link keysFor} gave earlier still among the source's keys? False also if the answer would have to
   * wait for another server: then the token is verified again.
   */
  holds(key: KeyObject): boolean | Promise<boolean>;

  /** Do its keys have names, so that a `kid` chooses among them? */
  readonly usesKid: boolean;

  /** What the option `algorithms` may name: those of the keys, where these are known at the start, else {@link possibleAlgorithms}. */
  readonly algorithms: ReadonlySet<Algorithm>;

  /** All algorithms that its keys, now or later, could fit: the default of the option `algorithms`. */
  readonly possibleAlgorithms: ReadonlySet<Algorithm>;

  /** For the log, and for `explain`: which keys there are, and why none fits. Undefined if nothing is to be logged. */
  describe?(query: KeyQuery): string | undefined;

  /** Resolves once keys have been fetched; rejects with {@link KeysUnavailableError}. */
  ready(): Promise<void>;
}

/** @throws OptionsError unless all of `algorithms` are among `fitting`, those that the keys can verify */
export function assertFitting(algorithms: readonly string[], fitting: readonly string[], path: string): void {
  const index = algorithms.findIndex((name) => !fitting.includes(name));
  if (index === -1) return;
  const problem = `is ${String(algorithms[index])}, which does not fit the key; ${fitting.join(", ")} would`;
  throw new OptionsError(at(path, index), problem);
}

/** How many keys of a set a token is tried against at most, so that one without a `kid` costs no more than that. */
export const MAX_CANDIDATES = 8;

const NONE: readonly KeyObject[] = [];

/** Keys without names, known from the start: every one that fits the algorithm may verify a token, whatever its `kid`. */
export function fixedKeys(keys: readonly KeyObject[]): KeySource {
  const byAlgorithm = new Map<Algorithm, KeyObject[]>();
  for (const key of keys) {
    for (const algorithm of algorithmsOf(key)) {
      byAlgorithm.set(algorithm, [...(byAlgorithm.get(algorithm) ?? []), key]);
    }
  }
  const algorithms = new Set(byAlgorithm.keys());
  return {
    keysFor: ({ algorithm }) => byAlgorithm.get(algorithm) ?? NONE,
    holds: (key) => keys.includes(key),
    usesKid: false,
    algorithms,
    possibleAlgorithms: algorithms,
    ready: () => Promise.resolve(),
  };
}

/** Several sources as one: a key of any of them will do. */
export function anyOf(sources: readonly KeySource[]): KeySource {
  return {
    keysFor(query) {
      const found = sources.map((source) => source.keysFor(query));
      if (found.every(isKnown)) return found.flat();
      return Promise.all(found.map((keys) => Promise.resolve(keys))).then((lists) => lists.flat());
    },
    holds(key) {
      const answers = sources.map((source) => source.holds(key));
      if (answers.includes(true) || !answers.some((answer) => answer instanceof Promise)) return answers.includes(true);
      return Promise.all(answers.map((answer) => Promise.resolve(answer))).then((late) => late.includes(true));
    },
    get usesKid() {
      return sources.some(({ usesKid }) => usesKid);
    },
    algorithms: new Set(sources.flatMap(({ algorithms }) => [...algorithms])),
    possibleAlgorithms: new Set(sources.flatMap(({ possibleAlgorithms }) => [...possibleAlgorithms])),
    describe(query) {
      const described = sources.map((source) => source.describe?.(query)).filter((text) => text !== undefined);
      return described.length === 0 ? undefined : described.join("; ");
    },
    ready: async () => {
      await Promise.all(sources.map((source) => source.ready()));
    },
  };
}

/** The same source; whenever it has no key for a token, `tell` may ask why. */
export function telling(source: KeySource, tell: (describe: () => string | undefined) => void): KeySource {
  const checked = (keys: readonly KeyObject[], query: KeyQuery): readonly KeyObject[] => {
    if (keys.length === 0) tell(() => source.describe?.(query));
    return keys;
  };
  return {
    keysFor(query) {
      const keys = source.keysFor(query);
      return isKnown(keys) ? checked(keys, query) : keys.then((late) => checked(late, query));
    },
    holds: (key) => source.holds(key),
    get usesKid() {
      return source.usesKid;
    },
    get algorithms() {
      return source.algorithms;
    },
    possibleAlgorithms: source.possibleAlgorithms,
    describe: (query) => source.describe?.(query),
    ready: () => source.ready(),
  };
}

function isKnown<T>(keys: readonly KeyObject[] | Promise<T>): keys is readonly KeyObject[] {
  return !(keys instanceof Promise);
}
