// Options as nobody should write them: each is an OptionsError or something that works, and takes no time to tell.
import * as library from "matrix-jwt-login";

import { randomFrom } from "./random.mjs";

const [seconds, seed] = process.argv.slice(2).map(Number);
const random = randomFrom(seed);
process.removeAllListeners("warning");
process.on("warning", () => undefined);

const secret = "the fuzzed secret, of more than thirty-two bytes";
const url = "http://127.0.0.1:1/";
const host = {
  serverName: "example.org",
  findUser: () => null,
  issueToken: () => ({ accessToken: "a" }),
  logger: false,
};
// prettier-ignore
const WEIRD = [
  undefined, null, true, false, 0, -1, 1.5, NaN, Infinity, 1e308, 10n, "", " ", "\0", "a", "@a:b", "https://a.example", url,
  "RS256", "none", [], [[]], {}, [undefined], ["HS256"], () => undefined, Symbol("a"), new Date(NaN), Object.create(null),
  new Proxy({}, {}), { get a() { throw new Error("a getter"); } }, "a".repeat(100_000), JSON.parse('{"__proto__":{"secret":"a"}}'),
];
const TYPE = {
  ...{ secret, publicKey: "a", keyFile: "/nowhere", jwksUri: url, jwks: { keys: [] }, discover: true, jwksOptions: {} },
  ...{
    algorithms: ["HS256"],
    issuer: "https://a.example",
    audience: "a",
    subjectClaim: "sub",
    subjectFormat: "either",
  },
  ...{ localpart: "escape", displayNameClaim: ["a"], requireExpiry: true, clockTolerance: 1, maxTokenLength: 100 },
  ...{ maxTokenAge: 1, maxTokenLifetime: 1, tokenType: "at+jwt", requiredScopes: ["a"], authorize: () => true },
  ...{ identifier: "match", allowRegistration: false, singleUse: false, allowSenderConstrained: true },
  ...{ introspection: { endpoint: url }, decryption: { key: "a" } },
};
const MIDDLEWARE = {
  ...{ flows: "merge", unknownLoginType: "next", bodyLimit: 65_536, cors: true, wellKnown: {}, rateLimits: {} },
  ...{ usedTokens: { claim() {}, release() {} }, externalIds: { find() {}, link() {} }, sso: {}, registerUser() {} },
  ...{ onLogin() {}, onReject() {}, onKeysError() {}, clientAddress() {}, keyCache: {} },
};
const AUTHENTICATOR = {
  ...{ jwk_set: { keys: [] }, jwks_endpoint: url, jwk_file: "/nowhere", require_expiry: true, required_scopes: "a" },
  ...{
    localpart_path: ["a"],
    fq_uid_path: "a",
    user_id_path: [["a"]],
    displayname_path: "a",
    username_type: "localpart",
  },
  ...{ validator: ["exist"], endpoint: url, auth: { type: "none" }, registration_enabled: true },
};

const loginType = () => mixedIn(random.below(3) === 0 ? {} : { secret }, TYPE);
const middleware = () => mixedIn({ ...host, loginTypes: { jwt: loginType() } }, MIDDLEWARE);
const validation = () => mixedIn({ validator: validator(), localpart_path: "a" }, AUTHENTICATOR);
const MAKERS = [
  () => library.matrixJwtLogin(middleware()),
  () => library.createJwtLogin(middleware()),
  () => library.createFetchHandler(middleware()),
  () =>
    library.createTokenVerifier(random.below(4) === 0 ? [loginType(), loginType()] : loginType(), { logger: false }),
  () =>
    library.createBearerAuth(mixedIn({ serverName: "example.org", tokens: loginType(), logger: false }, MIDDLEWARE)),
  () =>
    library.fromSynapseJwtConfig(
      mixedIn({ enabled: true, secret, algorithm: "HS256" }, { issuer: "a", audiences: [] }),
    ),
  () => library.fromTokenAuthenticatorConfig({ oauth: { jwt_validation: validation() } }),
  () => library.fromTokenAuthenticatorConfig({ oauth: { introspection_validation: validation() } }),
  () =>
    library.fromTokenAuthenticatorConfig(
      mixedIn({ jwt: { secret } }, { oidc: {}, epa: {}, oauth: {}, algorithm: "a" }),
    ),
  matchPattern,
];

const until = performance.now() + seconds * 1000;
const problems = [];
let calls = 0;
let slowest = 0;
while (performance.now() < until && problems.length < 10) {
  const make = random.of(MAKERS);
  const before = process.cpuUsage();
  try {
    make();
  } catch (error) {
    const isHosts = error instanceof Error && error.message === "a getter";
    if (!(error instanceof library.OptionsError) && !isHosts)
      problems.push({ problem: String(error?.stack), call: calls });
  }
  const { user, system } = process.cpuUsage(before);
  slowest = Math.max(slowest, (user + system) / 1000);
  calls += 1;
  if (calls % 1000 === 0) await new Promise(setImmediate);
}
process.on("unhandledRejection", (error) => problems.push({ problem: `unhandled: ${String(error)}` }));
await new Promise((resolve) => setTimeout(resolve, 100));
process.send({ calls, slowest, problems });
process.disconnect();

function mixedIn(object, names) {
  const all = { ...object };
  for (let count = random.below(4); count > 0; count -= 1) {
    const name = random.of(Object.keys(names));
    all[name] = random.below(2) === 0 ? names[name] : random.of(WEIRD);
  }
  return all;
}

function validator(depth = 3) {
  if (depth === 0 || random.below(4) === 0)
    return random.of([["exist"], ["regex", pattern()], ["equal", 1], "exist", ...WEIRD]);
  const inner = () => validator(depth - 1);
  return random.of([
    ["in", random.of(["a", ["a", "b"]]), inner()],
    ["not", inner()],
    ["any_of", [inner(), inner()]],
    ["all_of", [inner(), inner()]],
    ["list_all_of", inner()],
    { type: "regex", regex: pattern(), full_match: random.of([true, false, "a"]) },
  ]);
}

/** Text of what patterns are made of. */
function pattern() {
  // prettier-ignore
  const parts = ["a", "b", ".", "\\w", "\\d", "\\b", "^", "$", "(", ")", "(?:", "(?=", "(?!", "[", "]", "[^", "-", "|", "*", "+", "?",
    "{2}", "{0,300}", "{300}", "{,", "\\", "\\A", "(?P<a>", "(?i)", "\u{1f600}", "*?", "(a*)*", "(?:a?){100}a{100}"];
  return Array.from({ length: random.below(12) }, () => random.of(parts)).join("");
}

/** A pattern that is taken is asked about the longest text there is. */
function matchPattern() {
  const path = {
    validator: ["in", "v", ["regex", pattern()]],
    localpart_path: "a",
    jwk_set: { keys: [{ kty: "oct", k: "A".repeat(86) }] },
  };
  const { authorize } = library.fromTokenAuthenticatorConfig({ oauth: { jwt_validation: path } })[
    "com.famedly.login.token.oauth"
  ];
  authorize({ v: random.of(["a", "ab", "b"]).repeat(512).slice(0, 1024) }, {});
}
