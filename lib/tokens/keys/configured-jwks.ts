import { createSecretKey, type KeyObject } from "node:crypto";

import { at, text } from "../../support/checks.js";
import { OptionsError } from "../../support/options-error.js";
import { type Algorithm, HMAC, isHmac } from "../algorithms.js";
import { type Jwk, type Jwks, otherUseOf } from "./jwk.js";
import { describeKeys, inlineJwks, JwkSet, noKeyFor, setSource } from "./jwk-set.js";
import { type KeyQuery, type KeySource, MAX_CANDIDATES } from "./key-source.js";

// Two copies of this package can be loaded beside each other (CommonJS and ES modules), and one may make what the other reads.
const CONFIGURED = Symbol.for("matrix-jwt-login.ConfiguredJwks");

/** Marks a JWK Set that its host configured and nobody published: `oct` keys in it are shared secrets. */
export function configuredJwks(set: Jwks): Jwks {
  return Object.defineProperty(set, CONFIGURED, { value: true });
}

/** Keys of a JWK Set that was given inline. */
export function givenJwks(value: unknown, path: string): KeySource {
  const isConfigured = typeof value === "object" && value !== null && CONFIGURED in value;
  const { keys } = isConfigured ? (value as unknown as Jwks) : { keys: [] };
  const secrets = new Map<Jwk, KeyObject>();
  for (const [index, jwk] of keys.entries()) {
    if (jwk.kty !== "oct" || otherUseOf(jwk) !== undefined) continue;
    secrets.set(jwk, sharedSecret(jwk, at(at(path, "keys"), index)));
  }
  if (secrets.size === 0) return inlineJwks(value, path);
  const set = JwkSet.of(keys.filter(({ kty }) => kty !== "oct"));
  const source = setSource(set);
  const algorithms = new Set<Algorithm>([...HMAC, ...source.algorithms]);
  const secretsFor = (query: KeyQuery): readonly KeyObject[] =>
    [...secrets]
      .filter(([jwk]) => isCalled(jwk, query) && isFor(jwk, query))
      .map(([, key]) => key)
      .slice(0, MAX_CANDIDATES);
  return {
    keysFor: (query) => (isHmac(query.algorithm) ? secretsFor(query) : source.keysFor(query)),
    holds: (key) => [...secrets.values()].includes(key) || source.holds(key),
    usesKid: true,
    algorithms,
    possibleAlgorithms: algorithms,
    describe: (query) =>
      noKeyFor(
        query,
        describeKeys(keys, (jwk) => {
          if (!secrets.has(jwk)) return set.whyNot(jwk, query);
          return isCalled(jwk, query) ? `not for ${query.algorithm}` : "another kid";
        }),
      ),
    ready: () => source.ready(),
  };
}

function isCalled(jwk: Jwk, { kid }: KeyQuery): boolean {
  return kid === undefined || jwk.kid === kid;
}

function isFor({ alg }: Jwk, { algorithm }: KeyQuery): boolean {
  return isHmac(algorithm) && (alg === undefined || alg === algorithm);
}

/**
 * RFC 7518 section 6.4.1.
 *
 * @throws OptionsError
 */
export function sharedSecret(jwk: Jwk, path: string): KeyObject {
  const bytes = Buffer.from(text(jwk["k"], at(path, "k")), "base64url");
  if (bytes.length === 0) throw new OptionsError(at(path, "k"), "must be base64url");
  return createSecretKey(bytes);
}
