const inRoom =
  (room) =>
  (...names) =>
    names.map((name) => `lib/${room}/${name}.ts`);
const tokens = inRoom("tokens");
const readers = inRoom("tokens/readers");
const keys = inRoom("tokens/keys");
const remote = inRoom("remote");
const login = inRoom("login");

/**
 * What is mutated, and the tests that must notice: those that are about it, the cheap ones first, as a mutant that
 * survives costs a run of all of them. Left out are `damage` and `any-body`, which are random, and what measures time.
 */
export const ROOMS = {
  claims: { mutate: tokens("claims"), tests: ["tokens/claims", "login/refused-tokens"] },
  "claim-reader": { mutate: tokens("claim-reader"), tests: ["tokens/options", "tokens/claims", "login/users"] },
  compact: { mutate: readers("compact"), tests: ["tokens/token-verifier", "tokens/attacks"] },
  algorithms: {
    mutate: readers("algorithms", "signature"),
    tests: [
      "tokens/algorithms",
      "tokens/token-verifier",
      "tokens/keys/short-secret",
      "tokens/keys/public-key",
      "tokens/attacks",
    ],
  },
  verifier: {
    mutate: tokens("errors", "parse-options", "verifier"),
    tests: [
      "tokens/token-verifier",
      "tokens/create-token-verifier",
      "tokens/options",
      "tokens/keys/short-secret",
      "login/refused-tokens",
      "tokens/claims",
    ],
  },
  "fixed keys": {
    mutate: keys("jwk", "jwk-set", "key-source", "pem", "public-key", "secret"),
    tests: [
      "tokens/keys/secret",
      "tokens/keys/jwks",
      "tokens/keys/public-key",
      "tokens/options",
      "tokens/keys/short-secret",
    ],
  },
  "key files": { mutate: keys("key-file"), tests: ["login/keys-events", "tokens/keys/key-file"] },
  "key options": {
    mutate: keys("parse-key-source"),
    tests: ["tokens/options", "tokens/keys/jwks-options", "tokens/keys/discovery"],
  },
  discovery: { mutate: remote("metadata"), tests: ["tokens/keys/discovery", "tokens/keys/jwks-options"] },
  endpoints: {
    mutate: [...remote("errors", "refreshed", "request", "watchers"), ...keys("remote-jwks", "shared-jwks")],
    tests: [
      "tokens/keys/discovery-by-fetch",
      "tokens/keys/jwks",
      "login/keys-events",
      "tokens/keys/jwks-options",
      "tokens/keys/jwks-cooldown",
      "tokens/keys/remote-jwks",
    ],
  },
  login: {
    mutate: login("account", "attempt", "external-ids", "jwt-login", "refusal", "single-use", "steps"),
    tests: [
      "login/core",
      "login/reauthenticate",
      "login/order",
      "login/authorize",
      "login/users",
      "login/registration",
      "login/answers",
      "login/identifier",
      "login/external-ids",
      "login/events",
      "limits/rate-limits",
      "limits/failures",
      "limits/single-use",
    ],
  },
};
