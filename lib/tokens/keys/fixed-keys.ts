import type { KeyObject } from "node:crypto";

import { algorithmsOf, type Algorithm } from "../readers/algorithms.js";
import type { KeySource } from "./key-source.js";

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
    algorithms,
    possibleAlgorithms: algorithms,
    ready: () => Promise.resolve(),
  };
}
