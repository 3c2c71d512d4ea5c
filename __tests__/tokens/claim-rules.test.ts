import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";

import { movableClock, type Clock } from "../helpers/clock.js";
import { EXPRESS_VERSIONS, type RunningServer } from "../helpers/hosts.js";
import { ED25519, SECRET } from "../helpers/keys.js";
import { host, loginWith, optionsWith } from "../helpers/login.js";
import { signed, token, type Part } from "../helpers/tokens.js";
import { errorOf, verdict, verifierOf, type AnyOptions } from "../helpers/verdict.js";

/** Whole seconds, so that each edge is met exactly. */
const NOW = 1_800_000_000;

const clock: { current?: Clock } = {};

beforeAll(() => {
  clock.current = movableClock();
  clock.current.stopAt(NOW);
});

afterEach(() => {
  clock.current?.stopAt(NOW);
});

afterAll(() => {
  clock.current?.restore();
});

type Row = readonly [
  what: string,
  options: AnyOptions,
  claims: Readonly<Record<string, unknown>>,
  refused?: string | undefined,
  header?: Readonly<Record<string, unknown>>,
];

const ACCEPTED = undefined;
const strict = { clockTolerance: 0 };
const accessToken = { tokenType: "at+jwt" };

/** The last second of the year 9999. */
const LATEST = 253_402_300_799;

const EXPIRY: readonly Row[] = [
  ["exp a second ahead", strict, { exp: NOW + 1 }],
  ["exp a fraction ahead", strict, { exp: NOW + 0.001 }],
  ["exp just now", strict, { exp: NOW }, "token expired"],
  ["exp a second ago", strict, { exp: NOW - 1 }, "token expired"],
  ["exp a minute ago, less a second", {}, { exp: NOW - 59 }],
  ["exp a minute ago", {}, { exp: NOW - 60 }, "token expired"],
  ["exp within the greatest tolerance", { clockTolerance: 600 }, { exp: NOW - 599 }],
  ["exp beyond the greatest tolerance", { clockTolerance: 600 }, { exp: NOW - 600 }, "token expired"],
  ["exp at the start of time", {}, { exp: 0 }, "token expired"],
  ["exp before the start of time", {}, { exp: -1 }, "token expired"],
  ["exp in the last second of the year 9999", {}, { exp: LATEST }],
  ["no exp", {}, { exp: undefined }, "token has no expiry (exp)"],
  ["no exp, which is required explicitly", { requireExpiry: true }, { exp: undefined }, "token has no expiry (exp)"],
  ["no exp, which is not required", { requireExpiry: false }, { exp: undefined }],
  ["exp in the past, which is not required", { requireExpiry: false }, { exp: NOW - 60 }, "token expired"],
];

const OTHER_TIMES: readonly Row[] = [
  ["nbf just now", strict, { nbf: NOW }],
  ["nbf a fraction ahead", strict, { nbf: NOW + 0.001 }, "token not yet valid (nbf)"],
  ["nbf a minute ahead", {}, { nbf: NOW + 60 }],
  ["nbf a minute and a second ahead", {}, { nbf: NOW + 61 }, "token not yet valid (nbf)"],
  ["iat just now", strict, { iat: NOW }],
  ["iat a second ahead", strict, { iat: NOW + 1 }, "token issued in the future (iat)"],
  ["iat a minute ahead", {}, { iat: NOW + 60 }],
  ["iat a minute and a second ahead", {}, { iat: NOW + 61 }, "token issued in the future (iat)"],
  ["iat long ago", {}, { iat: 0 }],
  ["an age at its limit", { ...strict, maxTokenAge: 10 }, { iat: NOW - 10 }],
  ["an age over its limit", { ...strict, maxTokenAge: 10 }, { iat: NOW - 10.001 }, "token too old (iat)"],
  ["an age within the tolerance", { maxTokenAge: 10 }, { iat: NOW - 70 }],
  ["an age over the tolerance", { maxTokenAge: 10 }, { iat: NOW - 71 }, "token too old (iat)"],
  ["an age that can't be told", { maxTokenAge: 10 }, { iat: undefined }, "token has no time of issue (iat)"],
];

const NO_NUMBERS: readonly unknown[] = ["1900000000", "", null, true, [1_900_000_000], { seconds: 1 }];
const MALFORMED_TIMES: readonly Row[] = ["exp", "nbf", "iat"].flatMap((name) =>
  NO_NUMBERS.map((value): Row => {
    const claims = { exp: NOW + 300, [name]: value };
    return [
      `${name}: ${JSON.stringify(value)}`,
      { requireExpiry: false },
      claims,
      `token has a time that is not a number (${name})`,
    ];
  }),
);

const TOO_LATE: readonly Row[] = ["exp", "nbf", "iat"].flatMap((name) =>
  [LATEST + 1, (NOW + 300) * 1_000, (NOW + 300) * 1e6, 1e308].map((value): Row => [
    `${name}: ${String(value)}`,
    { requireExpiry: false },
    { [name]: value },
    `token has a time after the year 9999 (${name}): times are in seconds`,
  ]),
);

const FAR = "token expires too far in the future (exp)";
const LIFETIME: readonly Row[] = [
  ["exp a year ahead, if no lifetime is set", {}, { exp: NOW + 365 * 86_400 }],
  ["exp as far ahead as allowed", { ...strict, maxTokenLifetime: 600 }, { exp: NOW + 600 }],
  ["exp further ahead than allowed", { ...strict, maxTokenLifetime: 600 }, { exp: NOW + 600.5 }, FAR],
  ["exp further ahead, within the tolerance", { maxTokenLifetime: 600 }, { exp: NOW + 660 }],
  ["exp further ahead than the tolerance", { maxTokenLifetime: 600 }, { exp: NOW + 661 }, FAR],
  [
    "no exp, whatever requireExpiry says",
    { maxTokenLifetime: 600, requireExpiry: false },
    { exp: undefined },
    "token has no expiry (exp)",
  ],
];

const BOUND = "token is bound to a key that a login does not prove (cnf)";
const unbound = { allowSenderConstrained: true };
const CONFIRMATION: readonly Row[] = [
  ["a certificate's thumbprint", {}, { cnf: { "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" } }, BOUND],
  ["a key's thumbprint", {}, { cnf: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } }, BOUND],
  ["a key", {}, { cnf: { jwk: { kty: "EC" } } }, BOUND],
  ["an empty confirmation", {}, { cnf: {} }, BOUND],
  ["a confirmation that is no object", {}, { cnf: null }, BOUND],
  ["a key's thumbprint, explicitly", unbound, { cnf: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } }],
  ["no confirmation", unbound, {}],
];

const OTHER_PURPOSE = "token is made for something else (typ, events)";
const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";
const PURPOSES: readonly Row[] = [
  ...["logout+jwt", "Logout+JWT", "application/logout+jwt", "APPLICATION/LOGOUT+JWT"].map((typ): Row => [
    `typ ${typ}`,
    {},
    {},
    OTHER_PURPOSE,
    { typ },
  ]),
  ...["secevent+jwt", "application/SecEvent+jwt", "dpop+jwt", "application/dpop+jwt", "DPoP+JWT"].map((typ): Row => [
    `typ ${typ}, where another is required`,
    accessToken,
    {},
    OTHER_PURPOSE,
    { typ },
  ]),
  ["the event of a logout", {}, { events: { [LOGOUT_EVENT]: {} } }, OTHER_PURPOSE],
  ["the event of a logout among others", {}, { events: { other: {}, [LOGOUT_EVENT]: null } }, OTHER_PURPOSE],
  ["another event", {}, { events: { "https://idp.example/login": {} } }],
  ["events that are no object", {}, { events: null }],
  ["events that are text", {}, { events: LOGOUT_EVENT }],
  ["a type with another slash", {}, {}, ACCEPTED, { typ: "text/logout+jwt" }],
];

const ISSUER_REFUSED = "token issuer not accepted (iss)";
const ISSUER: readonly Row[] = [
  ["any issuer, where none is required", {}, { iss: "https://anybody" }],
  ["the issuer", { issuer: "https://idp" }, { iss: "https://idp" }],
  ["one of the issuers", { issuer: ["https://a", "https://b"] }, { iss: "https://b" }],
  ["no issuer", { issuer: "https://idp" }, {}, ISSUER_REFUSED],
  ["another issuer", { issuer: "https://idp" }, { iss: "https://idq" }, ISSUER_REFUSED],
  ["the issuer with a slash", { issuer: "https://idp" }, { iss: "https://idp/" }, ISSUER_REFUSED],
  ["the issuer in upper case", { issuer: "https://idp" }, { iss: "HTTPS://IDP" }, ISSUER_REFUSED],
  ["a prefix of the issuer", { issuer: "https://idp" }, { iss: "https://id" }, ISSUER_REFUSED],
  ["a list that holds the issuer", { issuer: "https://idp" }, { iss: ["https://idp"] }, ISSUER_REFUSED],
  ["the issuer as a member of an object", { issuer: "https://idp" }, { iss: { "https://idp": 1 } }, ISSUER_REFUSED],
  ["an issuer that is null", { issuer: "null" }, { iss: null }, ISSUER_REFUSED],
  ["an issuer that is a number", { issuer: "1" }, { iss: 1 }, ISSUER_REFUSED],
];

const AUDIENCE_REFUSED = "token audience not accepted (aud)";
const NO_AUDIENCE_SET = /`audience`/;
const AUDIENCE: readonly Row[] = [
  ["no audience, where none is set", {}, {}],
  ["the audience", { audience: "matrix" }, { aud: "matrix" }],
  ["a list of the audience alone", { audience: "matrix" }, { aud: ["matrix"] }],
  ["a list that holds the audience", { audience: "matrix" }, { aud: ["web", "matrix"] }],
  ["one of the audiences", { audience: ["a", "b"] }, { aud: "b" }],
  ["a list that holds one of the audiences", { audience: ["a", "b"] }, { aud: ["c", "b"] }],
  ["any audience, said explicitly", { audience: null }, { aud: "anything" }],
  ["none, where any will do", { audience: null }, {}],
  ["an audience of no kind, where any will do", { audience: null }, { aud: 5 }],
  ["no audience", { audience: "matrix" }, {}, AUDIENCE_REFUSED],
  ["another audience", { audience: "matrix" }, { aud: "web" }, AUDIENCE_REFUSED],
  ["a longer audience", { audience: "matrix" }, { aud: "matrix2" }, AUDIENCE_REFUSED],
  ["the audience in upper case", { audience: "matrix" }, { aud: "MATRIX" }, AUDIENCE_REFUSED],
  ["a list of others", { audience: "matrix" }, { aud: ["a", "b"] }, AUDIENCE_REFUSED],
  ["an empty list", { audience: "matrix" }, { aud: [] }, AUDIENCE_REFUSED],
  ["a list with what is no audience", { audience: "matrix" }, { aud: ["matrix", 1] }, AUDIENCE_REFUSED],
  ["a list in a list", { audience: "matrix" }, { aud: [["matrix"]] }, AUDIENCE_REFUSED],
  ["the audience as a member of an object", { audience: "matrix" }, { aud: { matrix: 1 } }, AUDIENCE_REFUSED],
  ["null", { audience: "null" }, { aud: null }, AUDIENCE_REFUSED],
];
const UNASKED_AUDIENCE: readonly Row[] = ["matrix", ["matrix"], "", [], null, 1].map((aud): Row => [
  `aud: ${JSON.stringify(aud)}`,
  {},
  { aud },
  "token is meant for an audience (aud) and none is configured here: set the option `audience` of this login type " +
    "to accept it, or to null to accept any",
]);

const SCOPE_REFUSED = "token lacks a required scope";
const matrixScope = { requiredScopes: ["matrix"] };
const SCOPES: readonly Row[] = [
  ["no scope, where none is required", {}, {}],
  ["the scope", matrixScope, { scope: "matrix" }],
  ["the scope among others", matrixScope, { scope: "openid matrix email" }],
  ["the scope as scp", matrixScope, { scp: "openid matrix" }],
  ["the scope in a list scp", matrixScope, { scp: ["openid", "matrix"] }],
  ["all of several scopes", { requiredScopes: ["a", "b"] }, { scope: "b c a" }],
  ["several scopes in both claims", { requiredScopes: ["a", "b"] }, { scope: "a", scp: ["b"] }],
  ["no scope", matrixScope, {}, SCOPE_REFUSED],
  ["an empty scope", matrixScope, { scope: "" }, SCOPE_REFUSED],
  ["one of two scopes", { requiredScopes: ["a", "b"] }, { scope: "a" }, SCOPE_REFUSED],
  ["a part of the scope", matrixScope, { scope: "mat rix" }, SCOPE_REFUSED],
  ["more than the scope", matrixScope, { scope: "matrix2" }, SCOPE_REFUSED],
  ["the scope in upper case", matrixScope, { scope: "Matrix" }, SCOPE_REFUSED],
  ["scopes between commas", matrixScope, { scope: "openid,matrix" }, SCOPE_REFUSED],
  ["scopes between tabs", matrixScope, { scope: "openid\tmatrix" }, SCOPE_REFUSED],
  ["scopes within an item of a list", matrixScope, { scp: ["openid matrix"] }, SCOPE_REFUSED],
  ["the scope in a list in a list", matrixScope, { scp: [["matrix"]] }, SCOPE_REFUSED],
  ["the scope as a member of an object", matrixScope, { scp: { matrix: true } }, SCOPE_REFUSED],
  // RFC 8693 section 4.2: `scope` is a string; only `scp` may be a list.
  ["a list `scope`", matrixScope, { scope: ["matrix"] }, SCOPE_REFUSED],
  ["a scope that is a number", { requiredScopes: ["1"] }, { scope: 1, scp: [1] }, SCOPE_REFUSED],
];

const TYPE_REFUSED = "token is not of the required type (typ)";
const TYPES: readonly Row[] = [
  ["any type, where none is required", {}, {}, ACCEPTED, { typ: "at+jwt" }],
  ["no type, where none is required", {}, {}, ACCEPTED, { typ: undefined }],
  ["a type that is no text, where none is required", {}, {}, ACCEPTED, { typ: 1 }],
  ["the type", accessToken, {}, ACCEPTED, { typ: "at+jwt" }],
  ["the type in another case", accessToken, {}, ACCEPTED, { typ: "AT+JWT" }],
  ["the type in full", accessToken, {}, ACCEPTED, { typ: "application/at+jwt" }],
  ["the type in full in another case", accessToken, {}, ACCEPTED, { typ: "Application/AT+jwt" }],
  ["the type in short where it is set in full", { tokenType: "Application/at+JWT" }, {}, ACCEPTED, { typ: "at+jwt" }],
  ["the type JWT", { tokenType: "jwt" }, {}],
  ["a type with a slash of its own", { tokenType: "text/jwt" }, {}, ACCEPTED, { typ: "text/jwt" }],
  ["another type", accessToken, {}, TYPE_REFUSED],
  ["no type", accessToken, {}, TYPE_REFUSED, { typ: undefined }],
  ["a type with another slash", accessToken, {}, TYPE_REFUSED, { typ: "text/at+jwt" }],
  ["a type with two slashes", accessToken, {}, TYPE_REFUSED, { typ: "application/application/at+jwt" }],
  ["a longer type", accessToken, {}, TYPE_REFUSED, { typ: "at+jwt2" }],
  ["a type with a space", accessToken, {}, TYPE_REFUSED, { typ: " at+jwt" }],
  ["a list that holds the type", accessToken, {}, TYPE_REFUSED, { typ: ["at+jwt"] }],
  ["a type that is null", { tokenType: "null" }, {}, TYPE_REFUSED, { typ: null }],
];

const NO_SUBJECT = "token has no usable subject";
const SUBJECT: readonly Row[] = [
  ["no subject", {}, { sub: undefined }, NO_SUBJECT],
  ["an empty subject", {}, { sub: "" }, NO_SUBJECT],
  ["a subject that is a number", {}, { sub: 1 }, NO_SUBJECT],
  ["a subject that is null", {}, { sub: null }, NO_SUBJECT],
  ["a subject that is a list", {}, { sub: ["alice"] }, NO_SUBJECT],
  ["a subject that is an object", {}, { sub: { name: "alice" } }, NO_SUBJECT],
  ["another claim", { subjectClaim: "name" }, { sub: "bob", name: "alice" }],
  ["another claim that is missing", { subjectClaim: "name" }, { sub: "alice" }, NO_SUBJECT],
  [
    "a claim with dots in its name",
    { subjectClaim: "https://idp.example/name" },
    { "https://idp.example/name": "alice" },
  ],
  ["a name with dots is no path", { subjectClaim: "user.name" }, { user: { name: "alice" } }, NO_SUBJECT],
  ["a path", { subjectClaim: ["user", "name"] }, { user: { name: "alice" } }],
  ["a path of one name", { subjectClaim: ["name"] }, { name: "alice" }],
  ["a path into nothing", { subjectClaim: ["user", "name"] }, {}, NO_SUBJECT],
  ["a path into null", { subjectClaim: ["user", "name"] }, { user: null }, NO_SUBJECT],
  ["a path into text", { subjectClaim: ["name", "0"] }, { name: "alice" }, NO_SUBJECT],
  ["a path into a list", { subjectClaim: ["names", "0"] }, { names: ["alice"] }, NO_SUBJECT],
  ["a path that ends early", { subjectClaim: ["user"] }, { user: { name: "alice" } }, NO_SUBJECT],
  ["a function", { subjectClaim: ({ name }: { name?: string }) => name?.toLowerCase() }, { name: "ALICE" }],
  ["a function that gives nothing", { subjectClaim: () => undefined }, {}, NO_SUBJECT],
  ["a function that gives an empty string", { subjectClaim: () => "" }, {}, NO_SUBJECT],
  ["an async function", { subjectClaim: () => Promise.resolve("alice") }, {}, NO_SUBJECT],
  ["what every object inherits", { subjectClaim: ["constructor", "name"] }, {}, NO_SUBJECT],
  ["what every object inherits, at once", { subjectClaim: "toString" }, {}, NO_SUBJECT],
  ["the prototype's name", { subjectClaim: ["__proto__", "constructor", "name"] }, {}, NO_SUBJECT],
];

describe.each(EXPRESS_VERSIONS)("a login on %s", (_, express) => {
  async function answerTo([, options, claims, , header]: Row): Promise<Awaited<ReturnType<typeof loginWith>>> {
    const server: RunningServer = await host(optionsWith(options), express);
    try {
      return await loginWith(server.url, token({ exp: NOW + 300, ...claims }, header && { header }));
    } finally {
      await server.close();
    }
  }

  describe.each([
    ["exp", EXPIRY],
    ["nbf and iat", OTHER_TIMES],
    ["times that are no numbers", MALFORMED_TIMES],
    ["times after the year 9999", TOO_LATE],
    ["`maxTokenLifetime`", LIFETIME],
    ["cnf", CONFIRMATION],
    ["tokens made for something else", PURPOSES],
    ["iss", ISSUER],
    ["aud", AUDIENCE],
    ["aud, where `audience` is not set", UNASKED_AUDIENCE],
    ["scope and scp", SCOPES],
    ["typ", TYPES],
    ["the subject", SUBJECT],
  ] as const)("%s", (_, rows) => {
    test.each(rows.map((row) => [row[3] === undefined ? "takes" : "refuses", row[0], row] as const))(
      "%s %s",
      async (_, __, row) => {
        const { status, body } = await answerTo(row);
        const refused = row[3];
        expect({ status, body }).toEqual(
          refused === undefined
            ? { status: 200, body: expect.objectContaining({ user_id: "@alice:example.org" }) as unknown }
            : { status: 403, body: { errcode: "M_FORBIDDEN", error: `JWT validation failed: ${refused}` } },
        );
      },
    );
  });

  test("the refusal of an unasked audience says what to set", async () => {
    const { body } = await answerTo(["an audience", {}, { aud: "matrix" }]);
    expect(body["error"]).toMatch(NO_AUDIENCE_SET);
  });
});

describe("numbers that JavaScript's own JSON never writes", () => {
  const payload = (claims: string): Part => `{"sub":"alice","exp":${String(NOW + 300)},${claims}}`;

  test.each([
    ["exp beyond range", `"exp":1e400`, "invalid_time"],
    ["exp beyond range below", `"exp":-1e400`, "invalid_time"],
    ["nbf beyond range", `"nbf":-1e400`, "invalid_time"],
    ["iat beyond range", `"iat":-1e400`, "invalid_time"],
    ["exp as minus nothing", `"exp":-0`, "expired"],
    ["exp in exponents", `"exp":18.00000001e8`, "accepted"],
    ["exp with three hundred digits", `"exp":${"9".repeat(300)}`, "invalid_time"],
    ["exp that is the smallest number", `"exp":5e-324`, "expired"],
  ])("%s", async (_, claims, expected) => {
    for (const algorithm of ["HS256", "EdDSA"] as const) {
      const options = algorithm === "HS256" ? { secret: SECRET } : { publicKey: ED25519.publicKey };
      expect(await verdict({ ...options, ...strict }, signed(payload(claims), { algorithm }))).toBe(expected);
    }
  });
});

test("a token expires while the verifier lives", async () => {
  const verifier = verifierOf({ secret: SECRET, clockTolerance: 0 });
  const made = token({ exp: NOW + 10 });
  expect(await verdict(verifier, made)).toBe("accepted");
  clock.current?.move(10);
  expect(await verdict(verifier, made)).toBe("expired");
});

test("the first rule that is broken is the one that is told", async () => {
  const everything = { secret: SECRET, tokenType: "at+jwt", issuer: "a", audience: "b", requiredScopes: ["c"] };
  const made = (claims: object, typ = "at+jwt"): string => token({ exp: NOW + 9, ...claims }, { header: { typ } });
  expect(await verdict(everything, made({ exp: 0 }, "JWT"))).toBe("token_type");
  expect(await verdict(everything, made({ exp: 0 }))).toBe("expired");
  expect(await verdict(everything, made({}))).toBe("issuer");
  expect(await verdict(everything, made({ iss: "a" }))).toBe("audience");
  expect(await verdict(everything, made({ iss: "a", aud: "b" }))).toBe("scope");
  expect(await verdict(everything, made({ iss: "a", aud: "b", scope: "c", sub: 1 }))).toBe("subject");
  expect(await verdict(everything, made({ iss: "a", aud: "b", scope: "c" }))).toBe("accepted");
});

describe("options of claims that can't be right are refused when made", () => {
  test.each<[AnyOptions, string]>([
    [{ issuer: "" }, "issuer"],
    [{ issuer: [] }, "issuer"],
    [{ issuer: ["a", ""] }, "issuer[1]"],
    [{ issuer: null }, "issuer"],
    [{ issuer: /idp/ }, "issuer"],
    [{ audience: "" }, "audience"],
    [{ audience: [] }, "audience"],
    [{ audience: [null] }, "audience[0]"],
    [{ audience: 1 }, "audience"],
    [{ subjectClaim: "" }, "subjectClaim"],
    [{ subjectClaim: [] }, "subjectClaim"],
    [{ subjectClaim: ["user", 0] }, "subjectClaim[1]"],
    [{ subjectClaim: 1 }, "subjectClaim"],
    [{ requireExpiry: "no" }, "requireExpiry"],
    [{ clockTolerance: -1 }, "clockTolerance"],
    [{ clockTolerance: 601 }, "clockTolerance"],
    [{ clockTolerance: Infinity }, "clockTolerance"],
    [{ clockTolerance: NaN }, "clockTolerance"],
    [{ clockTolerance: "60" }, "clockTolerance"],
    [{ maxTokenLength: 0 }, "maxTokenLength"],
    [{ maxTokenLength: 1.5 }, "maxTokenLength"],
    [{ maxTokenLength: Infinity }, "maxTokenLength"],
    [{ maxTokenAge: -1 }, "maxTokenAge"],
    [{ maxTokenAge: "1d" }, "maxTokenAge"],
    [{ maxTokenLifetime: 0 }, "maxTokenLifetime"],
    [{ maxTokenLifetime: "1d" }, "maxTokenLifetime"],
    [{ allowSenderConstrained: "yes" }, "allowSenderConstrained"],
    [{ tokenType: "logout+jwt" }, "tokenType"],
    [{ tokenType: "application/DPoP+jwt" }, "tokenType"],
    [{ tokenType: "" }, "tokenType"],
    [{ tokenType: ["at+jwt"] }, "tokenType"],
    [{ requiredScopes: "matrix" }, "requiredScopes"],
    [{ requiredScopes: [] }, "requiredScopes"],
    [{ requiredScopes: ["openid matrix"] }, "requiredScopes[0]"],
    [{ requiredScopes: [""] }, "requiredScopes[0]"],
    [{ authorize: true }, "authorize"],
  ])("%p", (options, path) => {
    const error = errorOf(() => verifierOf({ secret: SECRET, ...options }));
    expect(error).toMatchObject({ name: "OptionsError", path });
    expect(error.message.startsWith(path)).toBe(true);
  });
});

test.each<[string, AnyOptions, Readonly<Record<string, unknown>>]>([
  ["expiry_missing", {}, { exp: undefined }],
  ["expired", {}, { exp: NOW - 600 }],
  ["not_yet_valid", {}, { nbf: NOW + 600 }],
  ["issued_in_future", {}, { iat: NOW + 600 }],
  ["too_old", { maxTokenAge: 60 }, {}],
  ["too_old", { maxTokenAge: 60 }, { iat: NOW - 600 }],
  ["invalid_time", {}, { exp: "soon" }],
  ["invalid_time", {}, { exp: (NOW + 300) * 1_000 }],
  ["expiry_too_far", { maxTokenLifetime: 60 }, {}],
  ["expiry_missing", { maxTokenLifetime: 60, requireExpiry: false }, { exp: undefined }],
  ["sender_constrained", {}, { cnf: { jkt: "x" } }],
  ["token_type", {}, { events: { [LOGOUT_EVENT]: {} } }],
  ["issuer", { issuer: "https://idp.example.org" }, {}],
  ["audience", {}, { aud: "web" }],
  ["audience", { audience: "matrix" }, { aud: "web" }],
  ["scope", { requiredScopes: ["matrix"] }, {}],
  ["token_type", { tokenType: "at+jwt" }, {}],
  ["subject", {}, { sub: 7 }],
])("the code of a refusal is %s with %j and %j", async (code, options, claims) => {
  expect(await verdict({ secret: SECRET, ...options }, token({ exp: NOW + 300, ...claims }))).toBe(code);
});
