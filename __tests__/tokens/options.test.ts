import { createSecretKey } from "node:crypto";

import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { createJwtLogin, createTokenVerifier, matrixJwtLogin, type LoginTypeOptions } from "matrix-jwt-login";

import { expectOptionsError } from "../helpers/bad-options.js";
import { core, rejection, submission } from "../helpers/core.js";
import { jwk, P256, pem, privatePem, RSA, SECRET } from "../helpers/keys.js";
import { given, LOGIN_TYPE, optionsWith } from "../helpers/login.js";
import { inSeconds, token } from "../helpers/tokens.js";

type Values = Readonly<Record<string, unknown>>;
type Row = readonly [what: string, values: Values, option: string, problem: RegExp];

/** In place of the secret that the options of the helpers have. */
const NO_SECRET = { secret: undefined };
const JWKS_URI = { ...NO_SECRET, jwksUri: "https://idp.example.org/jwks" };
const DISCOVER = { ...NO_SECRET, discover: true, issuer: "https://idp.example.org" };

function withSecret(values: Values): LoginTypeOptions {
  return given({ secret: SECRET, ...values }) as LoginTypeOptions;
}

const ONE_VALUE: Row[] = ["issuer", "audience", "tokenType", "subjectClaim", "displayNameClaim"].flatMap(
  (name): Row[] => [
    ["an empty text", { [name]: "" }, name, /must not be empty/],
    ["a number", { [name]: 1 }, name, /must be a (string|list)/],
    ["an object", { [name]: {} }, name, /must be a (string|list)/],
  ],
);
const LISTS: Row[] = ["issuer", "audience", "subjectClaim", "displayNameClaim", "requiredScopes", "algorithms"].flatMap(
  (name): Row[] => [["an empty list", { [name]: [] }, name, /must not be an empty list; leave it out/]],
);
const LISTS_OF_TEXT: Row[] = ["issuer", "audience", "subjectClaim", "displayNameClaim", "requiredScopes"].flatMap(
  (name): Row[] => [
    ["an empty text in the list", { [name]: ["a", ""] }, `${name}[1]`, /must not be empty/],
    ["a number in the list", { [name]: [1] }, `${name}[0]`, /must be a string, not a number/],
  ],
);
const NULLS: Row[] = [
  ...["issuer", "subjectClaim", "displayNameClaim", "tokenType", "requiredScopes", "algorithms", "authorize"],
  ...["requireExpiry", "clockTolerance", "maxTokenLength", "maxTokenAge", "allowRegistration"],
  ...["subjectFormat", "localpart", "identifier"],
].map((name): Row => ["null", { [name]: null }, name, /must be/]);

const WRONG: readonly Row[] = [
  [
    "no key source",
    NO_SECRET,
    "",
    /has no key source; give one of secret, publicKey, keyFile, jwksUri, jwks, discover/,
  ],
  ["two key sources", { publicKey: pem(RSA) }, "publicKey", /cannot be combined with secret: .* one key source/],
  ["two key sources", { jwks: { keys: [jwk(RSA)] } }, "jwks", /cannot be combined with secret/],
  [
    "three key sources",
    { ...JWKS_URI, keyFile: "/a.pem", jwks: { keys: [] } },
    "jwksUri",
    /cannot be combined with keyFile/,
  ],

  ["an empty secret", { secret: "" }, "secret", /must not be empty/],
  ["an empty Buffer", { secret: Buffer.alloc(0) }, "secret", /must not be empty/],
  ["an empty list", { secret: [] }, "secret", /must not be an empty list/],
  // eslint-disable-next-line no-sparse-arrays -- what is tested
  ["a list with a hole", { secret: [, SECRET] }, "secret[0]", /is undefined/],
  // eslint-disable-next-line no-sparse-arrays -- what is tested
  ["scopes with a hole", { requiredScopes: [,] }, "requiredScopes[0]", /is undefined/],
  ["false beside a secret", { jwks: false }, "jwks", /cannot be combined with secret/],
  ["an empty secret in a list", { secret: [SECRET, ""] }, "secret[1]", /must not be empty/],
  ["null", { secret: null }, "secret", /must be a string, a Buffer or a secret KeyObject/],
  ["a number", { secret: 12345678 }, "secret", /must be a string, a Buffer or a secret KeyObject/],
  ["a public key", { secret: RSA.publicKey }, "secret", /public key is the option publicKey's/],
  ["a PEM", { secret: pem(RSA) }, "secret", /not a shared secret; use publicKey or keyFile/],

  ["an empty text", { ...NO_SECRET, publicKey: "" }, "publicKey", /./],
  ["a number", { ...NO_SECRET, publicKey: 1 }, "publicKey", /must/],
  ["no key", { ...NO_SECRET, publicKey: "not a key" }, "publicKey", /./],
  ["a private key", { ...NO_SECRET, publicKey: privatePem(RSA) }, "publicKey", /private/],
  ["a secret", { ...NO_SECRET, publicKey: createSecretKey(Buffer.from(SECRET)) }, "publicKey", /secret/],
  ["an empty text", { ...NO_SECRET, keyFile: "" }, "keyFile", /must not be empty/],
  ["a number", { ...NO_SECRET, keyFile: 1 }, "keyFile", /must be a string, not a number/],
  ["no such file", { ...NO_SECRET, keyFile: "/no/such/key.pem" }, "keyFile", /./],
  ["a line end", { issuer: "https://idp.example.org\n" }, "issuer", /no white space at its beginning or end/],
  ["a space", { issuer: ["a", " b"] }, "issuer[1]", /no white space/],
  ["a line end", { audience: "matrix\r\n" }, "audience", /no white space/],
  ["a space", { tokenType: " at+jwt" }, "tokenType", /no white space/],
  ["a promise", { subjectClaim: async () => Promise.resolve("a") }, "subjectClaim", /a function that is not async/],
  ["a promise", { displayNameClaim: async () => Promise.resolve("a") }, "displayNameClaim", /not async/],
  ["no URL", { ...NO_SECRET, jwksUri: "idp.example.org" }, "jwksUri", /must be a URL, e\.g\. https:/],
  ["an empty text", { ...NO_SECRET, jwksUri: "" }, "jwksUri", /must not be empty/],
  ["http", { ...NO_SECRET, jwksUri: "http://idp.example.org/jwks" }, "jwksUri", /must be an https: URL/],
  ["ftp", { ...NO_SECRET, jwksUri: "ftp://idp.example.org/jwks" }, "jwksUri", /must be an https: URL/],
  ["a password", { ...NO_SECRET, jwksUri: "https://a:b@idp.example.org/" }, "jwksUri", /user name or password/],
  ["a list", { ...NO_SECRET, jwks: [] }, "jwks", /must/],
  ["no keys", { ...NO_SECRET, jwks: { keys: [] } }, "jwks", /./],
  ["for another source", { jwksOptions: {} }, "jwksOptions", /goes with jwksUri or discover only/],
  ["no issuer", { ...NO_SECRET, discover: true }, "issuer", /is required/],
  ["issuers", { ...DISCOVER, issuer: ["https://idp.example.org"] }, "issuer", /must be one issuer, not a list/],
  ["another source", { ...DISCOVER, secret: SECRET }, "discover", /cannot be combined with secret/],
  ["a text", { discover: "true" }, "discover", /must be true or false, not a string/],
  ["a list", { ...JWKS_URI, jwksOptions: [] }, "jwksOptions", /must be an object, not a list/],
  ["an unknown name", { ...JWKS_URI, jwksOptions: { ttl: 1 } }, "jwksOptions.ttl", /is not an option of this version/],
  ["0", { ...JWKS_URI, jwksOptions: { timeout: 0 } }, "jwksOptions.timeout", /must be more than 0 seconds/],
  ["-1", { ...JWKS_URI, jwksOptions: { cacheMaxAge: -1 } }, "jwksOptions.cacheMaxAge", /must be a number of seconds/],
  ["a text", { ...JWKS_URI, jwksOptions: { cooldown: "1s" } }, "jwksOptions.cooldown", /must be a number of seconds/],
  ["a URL", { ...JWKS_URI, jwksOptions: { fetch: "https:" } }, "jwksOptions.fetch", /must be a function/],

  ["a text", { algorithms: "HS256" }, "algorithms", /must be a list, not a string/],
  ["none", { algorithms: ["none"] }, "algorithms[0]", /must not be none/],
  ["NONE", { algorithms: ["HS256", "NONE"] }, "algorithms[1]", /must not be none/],
  ["an unknown one", { algorithms: ["HS1"] }, "algorithms[0]", /must be one of "HS256"/],
  ["one of public keys", { algorithms: ["RS256"] }, "algorithms[0]", /does not fit the key; HS256, HS384, HS512 would/],
  ["one of secrets", { ...NO_SECRET, publicKey: pem(P256), algorithms: ["HS256"] }, "algorithms[0]", /ES256 would/],
  ["a text", { requiredScopes: "login" }, "requiredScopes", /must be a list, not a string/],
  ["two scopes in one", { requiredScopes: ["a b"] }, "requiredScopes[0]", /must be one scope, without spaces/],
  ["true", { authorize: true }, "authorize", /must be a function, not a boolean/],

  ...ONE_VALUE,
  ...LISTS,
  ...LISTS_OF_TEXT,
  ...NULLS,

  ...["requireExpiry", "allowRegistration"].flatMap((name): Row[] => [
    ["a text", { [name]: "true" }, name, /must be true or false, not a string/],
    ["1", { [name]: 1 }, name, /must be true or false, not a number/],
  ]),
  ...[-1, 600.1, Number.NaN, Infinity, "60"].map((clockTolerance): Row => [
    String(clockTolerance),
    { clockTolerance },
    "clockTolerance",
    /must be a number of seconds, 0 to 600/,
  ]),
  ...[0, -1, 1.5, Number.NaN, Infinity, "8192"].map((maxTokenLength): Row => [
    String(maxTokenLength),
    { maxTokenLength },
    "maxTokenLength",
    /must be a whole number of characters, 1 or more/,
  ]),
  ...[0, -1, Number.NaN, Infinity, "60"].map((maxTokenAge): Row => [
    String(maxTokenAge),
    { maxTokenAge },
    "maxTokenAge",
    /must be a number of seconds/,
  ]),
  ["another word", { subjectFormat: "email" }, "subjectFormat", /must be one of "localpart", "userId", "either"/],
  ["another word", { localpart: "upper" }, "localpart", /must be one of "as-is", "lowercase", "escape"/],
  ["another word", { identifier: "always" }, "identifier", /must be one of "ignore", "match", "require"/],
  ["true", { identifier: true }, "identifier", /must be one of "ignore", "match", "require"/],
];

const RIGHT: readonly (readonly [string, Values])[] = [
  ["a Buffer for a secret", { secret: Buffer.from(SECRET) }],
  ["a KeyObject for a secret", { secret: createSecretKey(Buffer.from(SECRET)) }],
  ["a list of secrets", { secret: [SECRET, Buffer.from(SECRET)] }],
  ["a public key", { ...NO_SECRET, publicKey: pem(RSA) }],
  ["a list of public keys", { ...NO_SECRET, publicKey: [pem(RSA), P256.publicKey] }],
  ["a JWK Set", { ...NO_SECRET, jwks: { keys: [jwk(RSA)] } }],
  ["a JWKS endpoint", JWKS_URI],
  ["a JWKS endpoint as URL", { ...NO_SECRET, jwksUri: new URL("https://idp.example.org/jwks") }],
  ["a JWKS endpoint's settings", { ...JWKS_URI, jwksOptions: { cacheMaxAge: 1, cooldown: 0, timeout: 0.5 } }],
  ["an issuer to be discovered", DISCOVER],
  ["an issuer's settings", { ...DISCOVER, jwksOptions: { cacheMaxAge: 1, cooldown: 0, timeout: 0.5 } }],
  ["no discovery", { discover: false }],
  ["algorithms", { algorithms: ["HS256", "HS512"] }],
  ["an issuer", { issuer: "https://idp.example.org" }],
  ["issuers", { issuer: ["a", "b"] }],
  ["an audience", { audience: "matrix" }],
  ["audiences", { audience: ["a", "b"] }],
  ["null for any audience", { audience: null }],
  ["a claim", { subjectClaim: "a.b", displayNameClaim: "name" }],
  ["the path of a claim", { subjectClaim: ["a", "b"], displayNameClaim: ["c"] }],
  ["functions of the claims", { subjectClaim: () => "a", displayNameClaim: () => "b" }],
  ["each subjectFormat", { subjectFormat: "userId" }],
  ["each subjectFormat", { subjectFormat: "either" }],
  ["each localpart", { localpart: "lowercase" }],
  ["each localpart", { localpart: "escape" }],
  ["each identifier", { identifier: "match" }],
  ["each identifier", { identifier: "require" }],
  ["no expiry", { requireExpiry: false }],
  ["no tolerance", { clockTolerance: 0 }],
  ["600 s of tolerance", { clockTolerance: 600 }],
  ["a token's length and age", { maxTokenLength: 1, maxTokenAge: 1.5 }],
  ["a token's type and scopes", { tokenType: "at+jwt", requiredScopes: ["login", "urn:matrix"] }],
  ["a function to authorize", { authorize: () => true }],
  ["no registration", { allowRegistration: false }],
];

beforeEach(() => {
  jest.spyOn(process, "emitWarning").mockReturnValue();
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe.each<[string, string, (values: Values) => unknown]>([
  ["a login type", `loginTypes["${LOGIN_TYPE}"]`, (values) => createJwtLogin(optionsWith(values))],
  [
    "a login type of the middleware's, with a name that is an identifier",
    "loginTypes.jwt",
    (values) => matrixJwtLogin(optionsWith({}, { loginTypes: { jwt: withSecret(values) } })),
  ],
  ["a token verifier", "", (values) => createTokenVerifier(withSecret(values))],
])("%s", (_, path, make) => {
  const at = (option: string): string => [path, option].filter((part) => part !== "").join(".");

  test.each(WRONG)("refuses %s: %j", (_, values, option, problem) => {
    expectOptionsError(() => make(values), at(option), problem);
  });

  test.each(RIGHT)("takes %s: %j", (_, values) => {
    expect(() => make(values)).not.toThrow();
  });

  test.each(["discovery", "rateLimits", "usedTokens", "secrets", "findUser", "constructor"])(
    "refuses the unknown option %s, and says which there are",
    (name) => {
      expectOptionsError(
        () => make({ [name]: false }),
        at(name),
        /is not an option of this version; the options here are secret, publicKey, .*, identifier, allowRegistration, singleUse/,
      );
    },
  );
});

describe("an option that belongs beside loginTypes", () => {
  test.each(["findUser", "issueToken", "rateLimits", "externalIds", "serverName"])("is named as such: %s", (name) => {
    const loginTypes = { [LOGIN_TYPE]: { secret: SECRET, [name]: () => undefined } };
    const path = `loginTypes["${LOGIN_TYPE}"].${name}`;
    expectOptionsError(() => createJwtLogin(optionsWith({}, { loginTypes })), path, /; it belongs beside loginTypes$/);
    const listed = {
      [LOGIN_TYPE]: [
        { secret: SECRET, issuer: "a" },
        { secret: SECRET, [name]: () => undefined },
      ],
    };
    expectOptionsError(
      () => createJwtLogin(optionsWith({}, { loginTypes: listed })),
      `loginTypes["${LOGIN_TYPE}"][1].${name}`,
      /; it belongs beside loginTypes$/,
    );
  });
});

describe("an option that is undefined", () => {
  const names = [
    ...["issuer", "audience", "algorithms", "tokenType", "requiredScopes", "maxTokenAge", "authorize", "subjectClaim"],
    ...["requireExpiry", "clockTolerance", "identifier", "localpart", "singleUse", "secret", "jwksUri", "discover"],
  ];
  const problem = /is undefined; set the environment variable that it comes from, or leave the option out/;

  test.each(names)("is refused in a login type: %s", (name) => {
    const loginTypes = { [LOGIN_TYPE]: Object.assign({ jwks: { keys: [jwk(RSA)] } }, { [name]: undefined }) };
    const path = `loginTypes["${LOGIN_TYPE}"].${name}`;
    expectOptionsError(() => createJwtLogin(optionsWith({}, { loginTypes })), path, problem);
    expectOptionsError(() => matrixJwtLogin(optionsWith({}, { loginTypes })), path, problem);
  });

  test.each(["cacheMaxAge", "timeout", "fetch", "allowHttp"])("is refused in jwksOptions: %s", (name) => {
    const jwksOptions = { [name]: undefined };
    const make = () => createTokenVerifier({ jwksUri: "https://idp.example.org/jwks", jwksOptions });
    expectOptionsError(make, `jwksOptions.${name}`, problem);
  });

  test("may be one of the middleware's own", () => {
    const options: object = { ...optionsWith(), wellKnown: undefined, rateLimits: undefined, onLogin: undefined };
    expect(() => matrixJwtLogin(options as ReturnType<typeof optionsWith>)).not.toThrow();
  });

  test("may be inherited", () => {
    const inherited = Object.assign(Object.create({ audience: undefined }) as object, { secret: SECRET });
    expect(() => createTokenVerifier(inherited as LoginTypeOptions)).not.toThrow();
  });
});

describe("allowRegistration", () => {
  const path = `loginTypes["${LOGIN_TYPE}"].allowRegistration`;

  test("needs registerUser", () => {
    expectOptionsError(() => core({ allowRegistration: true }), path, /needs the callback registerUser/);
  });

  test("is content with it", () => {
    expect(() => core({ allowRegistration: true }, { registerUser: (id) => ({ id }) })).not.toThrow();
  });

  test("is accepted without it if there are no users", () => {
    expect(() => createTokenVerifier({ secret: SECRET, allowRegistration: true })).not.toThrow();
  });
});

describe("a login type for which only a key is given", () => {
  const login = core();

  test.each<[string, Values]>([
    ["takes every algorithm of a secret", { algorithm: "HS384" }],
    ["takes every algorithm of a secret", { algorithm: "HS512" }],
  ])("%s: %j", async (_, { algorithm }) => {
    const honest = token({}, { algorithm: algorithm as "HS384" });
    await expect(login.login(submission({}, { token: honest }))).resolves.toHaveProperty("user_id");
  });

  test.each<[string, Values, object, string | undefined]>([
    ["needs exp", { exp: undefined }, {}, "expiry"],
    ["takes a token that expired less than 60 s ago", { exp: inSeconds(-50) }, {}, undefined],
    ["refuses one that expired earlier", { exp: inSeconds(-61) }, {}, "expired"],
    ["refuses an audience that nobody named", { aud: "x" }, {}, "audience"],
    ["does not look at the issuer", { iss: "x" }, {}, undefined],
    ["does not look at a token's age", { iat: 1 }, {}, undefined],
    ["does not look at scopes", { scope: "x" }, {}, undefined],
    ["reads sub", { sub: "bob", name: "alice" }, {}, undefined],
    ["takes a localpart", { sub: "@alice:example.org" }, {}, "localpart"],
    ["leaves it as it is", { sub: "ALICE" }, {}, "does not exist"],
    ["registers nobody", { sub: "carol" }, {}, "does not exist"],
    ["ignores the identifier", {}, { identifier: { type: "m.id.user", user: "bob" } }, undefined],
    ["takes 8192 characters", { padding: "x".repeat(5_900) }, {}, undefined],
    ["takes no more than that", { padding: "x".repeat(6_200) }, {}, "maxTokenLength"],
  ])("%s", async (_, claims, more, problem) => {
    const attempt = login.login(submission(claims, more));
    if (problem === undefined) await expect(attempt).resolves.toHaveProperty("access_token");
    else expect(await rejection(attempt)).toMatchObject({ message: expect.stringContaining(problem) });
  });

  test("takes a token of maxTokenLength characters, and no longer one", async () => {
    const honest = token();
    const exact = core({ maxTokenLength: honest.length }).login(submission({}, { token: honest }));
    const over = core({ maxTokenLength: honest.length - 1 }).login(submission({}, { token: honest }));
    await expect(exact).resolves.toHaveProperty("access_token");
    await expect(over).rejects.toHaveProperty("message", expect.stringContaining("maxTokenLength"));
  });
});
