const inRoom =
  (room) =>
  (...names) =>
    names.map((name) => `lib/${room}/${name}.ts`);
const tokens = inRoom("tokens");
const readers = inRoom("tokens/readers");
const keys = inRoom("tokens/keys");
const remote = inRoom("remote");
const limits = inRoom("limits");
const migrate = inRoom("migrate");
const sso = inRoom("sso");
const top = (...names) => names.map((name) => `lib/${name}.ts`);

/**
 * What is mutated, and the tests that must notice: those that are about it, the cheap ones first, as a mutant that
 * survives costs a run of all of them. Left out are `damage` and `any-body`, which are random, and what measures time.
 */
export const ROOMS = {
  claims: { mutate: tokens("claims", "claim-options"), tests: ["tokens/claims", "login/refused-tokens"] },
  "claim-reader": {
    mutate: tokens("claim-reader"),
    tests: ["tokens/options", "tokens/claims", "login/users", "tokens/second-proof"],
  },
  compact: {
    mutate: readers("compact", "peek", "reader", "signed"),
    tests: [
      "tokens/token-verifier",
      "tokens/second-proof",
      "limits/single-use",
      "tokens/attacks",
      "tokens/introspection",
      "cli/explain",
    ],
  },
  algorithms: {
    mutate: [...tokens("algorithms"), ...readers("signature")],
    tests: [
      "tokens/algorithms",
      "tokens/token-verifier",
      "tokens/keys/short-secret",
      "tokens/keys/public-key",
      "tokens/attacks",
    ],
  },
  verifier: {
    mutate: [...tokens("by-issuer", "errors", "parse-options", "steps", "verifier"), ...top("token-verifier")],
    tests: [
      "tokens/token-verifier",
      "tokens/create-token-verifier",
      "tokens/by-issuer",
      "tokens/options",
      "tokens/keys/short-secret",
      "login/refused-tokens",
      "tokens/claims",
      "tokens/encrypted",
      "tokens/second-proof",
      "tokens/introspection",
    ],
  },
  introspection: {
    mutate: [...tokens("introspection", "parse-introspection"), ...readers("introspected")],
    tests: ["tokens/second-proof", "tokens/introspection"],
  },
  encryption: {
    mutate: [...tokens("parse-decryption"), ...readers("encrypted"), ...keys("decryption-key", "private-key")],
    tests: ["tokens/encrypted", "access/create-access-tokens"],
  },
  "fixed keys": {
    mutate: keys("configured-jwks", "jwk", "jwk-set", "key-source", "pem", "public-key", "secret"),
    tests: [
      "tokens/keys/secret",
      "tokens/keys/jwks",
      "tokens/keys/key-ids",
      "tokens/keys/public-key",
      "tokens/options",
      "tokens/keys/short-secret",
      "tokens/keys/hostile-sets",
      "migrate/token-authenticator/configurations",
    ],
  },
  "key files": { mutate: keys("key-file", "reread-file"), tests: ["login/keys-events", "tokens/keys/key-file"] },
  "key options": {
    mutate: keys("parse-key-source"),
    tests: ["tokens/options", "tokens/keys/jwks-options", "tokens/keys/discovery"],
  },
  discovery: {
    mutate: remote("metadata"),
    tests: ["remote/metadata", "tokens/keys/discovery", "tokens/keys/operator-lines"],
  },
  endpoints: {
    mutate: [...remote("errors", "refreshed", "request", "watchers"), ...keys("remote-jwks", "shared-jwks")],
    tests: [
      "remote/request",
      "tokens/keys/key-cache",
      "tokens/keys/discovery-by-fetch",
      "tokens/keys/jwks",
      "tokens/keys/operator-lines",
      "login/keys-events",
      "tokens/keys/jwks-options",
      "tokens/keys/jwks-cooldown",
      "tokens/keys/remote-jwks",
    ],
  },
  "single use": {
    mutate: ["lib/login/single-use.ts", "lib/login/observed-clock.ts"],
    tests: ["login/observed-clock", "limits/single-use", "sso/login-tokens", "sso/logout", "login/options"],
  },
  login: {
    mutate: [
      "lib/login/*.ts",
      "!lib/login/*options.ts",
      "!lib/login/single-use.ts",
      "!lib/login/observed-clock.ts",
      ...top("create-jwt-login"),
    ],
    tests: [
      "login/core",
      "login/reauthenticate",
      "login/order",
      "login/authorize",
      "login/users",
      "login/registration",
      "login/host-errors",
      "login/hang-up",
      "login/issuers",
      "login/answers",
      "login/identifier",
      "login/external-ids",
      "login/events",
      "login/logger",
      "limits/rate-limits",
      "limits/failures",
      "limits/single-use",
      "login/options",
      "login/keys-events",
      "tokens/options",
      "tokens/introspection",
      "tokens/keys/operator-lines",
      "sso/options",
      "sso/sign-in",
      "sso/login-tokens",
    ],
  },
  "login options": {
    mutate: ["lib/login/parse-options.ts", "lib/support/*.ts", ...limits("parse-options"), ...tokens("context")],
    tests: [
      "login/keys-events",
      "tokens/keys/operator-lines",
      "support/options",
      "support/moment",
      "login/options",
      "tokens/options",
      "login/logger",
      "limits/options",
      "login/issuers",
      "login/external-ids",
      "login/registration",
      "login/events",
      "limits/rate-limits",
      "limits/single-use",
    ],
  },
  limits: {
    mutate: limits(
      "address",
      "failure-limit",
      "limiter-call",
      "limiter",
      "login-limits",
      "memory-used-tokens",
      "redis-used-tokens",
      "used-tokens",
    ),
    tests: [
      "limits/address",
      "limits/memory-used-tokens",
      "limits/redis-used-tokens",
      "limits/rate-limits",
      "limits/failures",
      "limits/single-use",
      "limits/outages",
    ],
  },
  matrix: {
    mutate: ["lib/matrix/*.ts"],
    tests: [
      "matrix/errors",
      "matrix/login-flows",
      "matrix/response",
      "matrix/submission",
      "matrix/to-localpart",
      "matrix/user-ids",
      "login/answers",
      "login/host-errors",
      "login/users",
      "login/identifier",
      "migrate/token-authenticator/jwt",
    ],
  },
  bodies: {
    mutate: ["lib/http/login-body.ts", "lib/http/node/body.ts", "lib/http/node/body-stream.ts"],
    tests: [
      "http/bodies",
      "http/parsed-before",
      "http/pass-through",
      "http/node-http",
      "http/hang-up",
      "http/earlier-handlers",
      "sso/over-http",
      "sso/login-tokens",
      "hosts/twin",
      "hosts/usual-middleware",
    ],
  },
  "held answers": {
    mutate: ["lib/http/flows.ts", "lib/http/node/flows.ts", "lib/http/node/held-answer.ts", "lib/http/node/seal.ts"],
    tests: ["http/flows", "http/held-answer", "http/cors"],
  },
  http: {
    mutate: [
      "lib/http/answer.ts",
      "lib/http/endpoint.ts",
      "lib/http/parse-options.ts",
      "lib/http/routes.ts",
      "lib/http/node/request.ts",
      "lib/http/node/send.ts",
      ...top("middleware", "login-over-http"),
    ],
    tests: [
      "http/defaults",
      "http/routes",
      "http/cors",
      "http/node-http",
      "http/answers",
      "middleware",
      "limits/proxy",
      "login/options",
      "http/hang-up",
      "http/flows",
      "sso/over-http",
      "sso/redirect",
    ],
  },
  fetch: { mutate: ["lib/http/fetch/*.ts", ...top("fetch-handler")], tests: ["fetch-handler", "sso/fetch-handler"] },
  access: {
    mutate: ["lib/access/*.ts", ...top("bearer")],
    tests: [
      "access/authorization",
      "access/challenge",
      "access/token-cache",
      "access/options",
      "access/words",
      "access/bearer",
      "access/cache",
      "access/device",
      "access/create-access-tokens",
      "access/external-ids",
      "access/introspection",
      "access/limits",
      "access/metadata",
      "access/other-tokens",
      "access/own-tokens",
    ],
  },
  "sso options": { mutate: sso("parse-options"), tests: ["sso/options", "sso/sign-in"] },
  "sso pages": {
    mutate: sso("answer", "forms", "page", "page-texts", "web-fallback"),
    tests: ["sso/page-texts", "sso/pages", "sso/confirmation", "sso/web-fallback", "sso/faults"],
  },
  "sso cookies": {
    mutate: sso("cookies", "login-tokens", "redirect-url", "seal"),
    tests: ["sso/cookies", "sso/seal", "sso/redirect-url", "sso/login-tokens", "sso/redirect"],
  },
  "sso sign-in": {
    mutate: [
      ...sso("errors", "faults", "gate", "id-token", "parts", "provider-client"),
      ...sso("routes", "single-sign-on", "start", "way-back"),
      ...top("sso-over-http"),
    ],
    tests: [
      "sso/id-token",
      "sso/fault-pages",
      "sso/redirect",
      "sso/login-tokens",
      "sso/sign-in",
      "sso/confirmation",
      "sso/faults",
      "sso/fetch-handler",
      "sso/web-fallback",
    ],
  },
  "sso logout": { mutate: sso("logout"), tests: ["sso/logout"] },
  "coming from Synapse": {
    mutate: migrate("leaky-buckets", "rc-login", "redis-leaky-buckets", "synapse", "yaml"),
    tests: ["migrate/synapse", "migrate/rc-login"],
  },
  "token authenticator": {
    mutate: ["lib/migrate/token-authenticator/*.ts"],
    tests: [
      "migrate/token-authenticator/validators",
      "migrate/token-authenticator/jwt",
      "migrate/token-authenticator/configurations",
      "conformance/token-authenticator-2",
    ],
  },
};
