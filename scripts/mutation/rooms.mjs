const keys = (...names) => names.map((name) => `lib/jwt/keys/${name}.ts`);
const jwt = (...names) => names.map((name) => `lib/jwt/${name}.ts`);

/**
 * What is mutated, and the tests that must notice: those that are about it, the cheap ones first, as a mutant that
 * survives costs a run of all of them. Left out are `damage` and `any-body`, which are random, and what measures time.
 */
export const ROOMS = {
  claims: { mutate: jwt("claims"), tests: ["jwt/claims", "jwt-login/refused-tokens"] },
  "claim-reader": { mutate: jwt("claim-reader"), tests: ["options/login-type", "jwt/claims", "jwt-login/users"] },
  compact: { mutate: jwt("compact"), tests: ["jwt/token-verifier", "jwt/attacks"] },
  algorithms: {
    mutate: jwt("algorithms", "signature"),
    tests: ["jwt/algorithms", "jwt/token-verifier", "options/short-secret", "jwt/keys/public-key", "jwt/attacks"],
  },
  verifier: {
    mutate: jwt("errors", "parse-options", "token-verifier"),
    tests: [
      "jwt/token-verifier",
      "create-token-verifier",
      "options/login-type",
      "options/short-secret",
      "jwt-login/refused-tokens",
      "jwt/claims",
    ],
  },
  "fixed keys": {
    mutate: keys("fixed-keys", "inline-jwks", "jwk-set", "key-source", "pem", "public-key", "secret"),
    tests: ["jwt/keys/secret", "jwt/keys/jwks", "jwt/keys/public-key", "options/login-type", "options/short-secret"],
  },
  "key files": { mutate: keys("any-of", "key-file"), tests: ["options/keys-events", "jwt/keys/key-file"] },
  "key options": {
    mutate: keys("endpoint-url", "parse-key-source"),
    tests: ["options/login-type", "jwt/keys/jwks-options", "jwt/keys/discovery"],
  },
  discovery: { mutate: keys("discovery"), tests: ["jwt/keys/discovery"] },
  endpoints: {
    mutate: keys("deadline", "download", "jwks", "refreshed", "shared-jwks", "watchers"),
    tests: [
      "jwt/keys/discovery-by-fetch",
      "jwt/keys/jwks",
      "options/keys-events",
      "jwt/keys/jwks-options",
      "jwt/keys/jwks-cooldown",
      "jwt/keys/remote-jwks",
    ],
  },
  login: {
    mutate: ["attempt", "jwt-login", "single-use", "verified-login"].map((name) => `lib/${name}.ts`),
    tests: [
      "jwt-login/core",
      "jwt-login/reauthenticate",
      "jwt-login/order",
      "jwt-login/authorize",
      "jwt-login/users",
      "jwt-login/registration",
      "jwt-login/answers",
      "jwt-login/identifier",
      "jwt-login/events",
      "guards/rate-limits",
      "guards/failures",
      "guards/single-use",
    ],
  },
};
