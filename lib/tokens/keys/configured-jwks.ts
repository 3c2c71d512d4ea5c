import { createSecretKey, type KeyObject } from "node:crypto";

import { type Algorithm, HMAC, isHmac } from "../algorithms.js";
import { type Jwk, type Jwks, otherUseOf } from "./jwk.js";
import { inlineJwks, JwkSet, setSource } from "./jwk-set.js";
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
  const secrets = keys
    .filter((jwk) => jwk.kty === "oct" && otherUseOf(jwk) === undefined)
    .map((jwk) => ({ jwk, key: secretOf(jwk) }));
  if (secrets.length === 0) return inlineJwks(value, path);
  const source = setSource(JwkSet.of(keys.filter(({ kty }) => kty !== "oct")));
  const algorithms = new Set<Algorithm>([...HMAC, ...source.algorithms]);
  const secretsFor = ({ algorithm, kid }: KeyQuery): readonly KeyObject[] =>
    secrets
      .filter(
        ({ jwk }) => (kid === undefined || jwk.kid === kid) && (jwk["alg"] === undefined || jwk["alg"] === algorithm),
      )
      .map(({ key }) => key)
      .slice(0, MAX_CANDIDATES);
  return {
    keysFor: (query) => (isHmac(query.algorithm) ? secretsFor(query) : source.keysFor(query)),
    holds: (key) => secrets.some((each) => each.key === key) || source.holds(key),
    named: true,
    algorithms,
    possibleAlgorithms: algorithms,
    describe: (query) => source.describe?.(query),
    ready: () => source.ready(),
  };
}

/** RFC 7518 section 6.4.1. */
function secretOf({ k }: Jwk): KeyObject {
  return createSecretKey(Buffer.from(String(k), "base64url"));
}
