import { OptionsError } from "../../support/options-error.js";
import { JwkSet } from "./jwk-set.js";
import type { KeySource } from "./key-source.js";

/** Keys of a JWK Set that was given inline. */
export function inlineJwks(value: unknown, path: string): KeySource {
  return setSource(jwkSet(value, path));
}

export function setSource(set: JwkSet): KeySource {
  const { algorithms } = set;
  return {
    keysFor: (query) => set.keysFor(query),
    algorithms,
    possibleAlgorithms: algorithms,
    ready: () => Promise.resolve(),
  };
}

/** RFC 7517 section 5: an object with a list `keys`. */
export function jwkSet(value: unknown, path: string): JwkSet {
  const keys: unknown = typeof value === "object" && value !== null ? (value as { keys?: unknown }).keys : undefined;
  if (!Array.isArray(keys)) throw new OptionsError(path, 'must be a JWK Set: an object with a list "keys"');
  const set = new JwkSet(keys);
  if (!set.usable) throw new OptionsError(path, "has no key that can verify a signature");
  return set;
}
