import type { KeyObject } from "node:crypto";

import type { KeySource } from "./key-source.js";

/** Several sources as one: a key of any of them will do. */
export function anyOf(sources: readonly KeySource[]): KeySource {
  return {
    keysFor(query) {
      const found = sources.map((source) => source.keysFor(query));
      if (found.every(isKnown)) return found.flat();
      return Promise.all(found.map((keys) => Promise.resolve(keys))).then((lists) => lists.flat());
    },
    algorithms: new Set(sources.flatMap(({ algorithms }) => [...algorithms])),
    possibleAlgorithms: new Set(sources.flatMap(({ possibleAlgorithms }) => [...possibleAlgorithms])),
    ready: async () => {
      await Promise.all(sources.map((source) => source.ready()));
    },
  };
}

function isKnown(keys: readonly KeyObject[] | Promise<unknown>): keys is readonly KeyObject[] {
  return !(keys instanceof Promise);
}
