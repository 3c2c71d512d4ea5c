import { describe, expect, jest, test } from "@jest/globals";
import { createAccessTokens, createBearerAuth, KeysUnavailableError, matrixBearerAuth } from "matrix-jwt-login";

import { expectOptionsError } from "../helpers/bad-options.js";
import { serveJwks, text } from "../helpers/jwks-server.js";
import { SECRET } from "../helpers/keys.js";
import { QUICK } from "../helpers/remote-login.js";
import { scripted } from "../limits/helpers.js";

const TOKENS = { secret: SECRET, tokenType: "at+jwt" };
const OWN = createAccessTokens({ issuer: "https://matrix.example.org", audience: "x", secret: SECRET });
const ISSUER = "https://id.example.org";

const make = (options: object) =>
  matrixBearerAuth({ serverName: "example.org", tokens: TOKENS, logger: false, ...options } as never);

const wrong: readonly (readonly [object, string, RegExp])[] = [
  [{ serverName: undefined }, "serverName", /undefined/],
  [{ serverName: "https://example.org" }, "serverName", /server name/],
  [{ tokens: undefined }, "tokens", /undefined/],
  [{ tokens: { tokenType: "at+jwt" } }, "tokens", /key source/],
  [{ tokens: { secret: SECRET } }, "tokens", /tokenType, requiredScopes, authorize, introspection/],
  [{ tokens: { ...TOKENS, audience: undefined } }, "tokens.audience", /undefined/],
  [{ tokens: { ...TOKENS, singleUse: true } }, "tokens.singleUse", /not an option/],
  [{ tokens: { ...TOKENS, identifier: "match" } }, "tokens.identifier", /not an option/],
  [{ tokens: { ...TOKENS, allowRegistration: true } }, "tokens.allowRegistration", /not an option/],
  [{ tokens: { ...TOKENS, displayNameClaim: "name" } }, "tokens.displayNameClaim", /not an option/],
  [{ tokens: { ...TOKENS, deviceClaim: "" } }, "tokens.deviceClaim", /empty/],
  [{ tokens: { ...TOKENS, deviceClaim: 5 } }, "tokens.deviceClaim", /list/],
  [{ tokens: 5 }, "tokens", /object/],
  [{ tokens: null }, "tokens", /object/],
  [{ tokens: [] }, "tokens", /empty/],
  [
    { tokens: [{ issuer: ISSUER, audience: null, introspection: { endpoint: `${ISSUER}/introspect` } }] },
    "tokens[0].introspection",
    /introspection alone/,
  ],
  [{ tokens: [TOKENS] }, "tokens[0].issuer", /required/],
  [
    {
      tokens: [
        { ...TOKENS, issuer: ISSUER },
        { secret: SECRET, issuer: "x" },
      ],
    },
    "tokens[1]",
    /tokenType/,
  ],
  [
    {
      tokens: [
        { ...TOKENS, issuer: ISSUER },
        { ...TOKENS, issuer: ["x", ISSUER] },
      ],
    },
    "tokens[1].issuer",
    /another entry/,
  ],
  [{ externalIds: {} }, "externalIds.find", /required/],
  [{ externalIds: { find: "x" } }, "externalIds.find", /function/],
  [{ externalIds: { find: () => null, link: () => true } }, "externalIds.link", /not an option/],
  [{ findUser: 5 }, "findUser", /function/],
  [{ otherTokens: "pass" }, "otherTokens", /"reject", "next"/],
  [{ cache: true }, "cache", /object/],
  [{ cache: { maxEntries: 0 } }, "cache.maxEntries", /1 to 1000000/],
  [{ cache: { maxEntries: 1_000_001 } }, "cache.maxEntries", /1 to 1000000/],
  [{ cache: { maxAge: 0 } }, "cache.maxAge", /more than 0/],
  [{ cache: { maxAge: undefined } }, "cache.maxAge", /undefined/],
  [{ cache: { ttl: 5 } }, "cache.ttl", /not an option/],
  [{ rateLimits: { address: scripted() } }, "rateLimits.address", /failures/],
  [{ rateLimits: { failures: {} } }, "rateLimits.failures", /limiter/],
  [{ cors: "x" }, "cors", /true or false/],
  [{ logger: {} }, "logger.debug", /function/],
  [{ onReject: 5 }, "onReject", /function/],
  [{ onKeysError: 5 }, "onKeysError", /function/],
  [{ loginTypes: {} }, "loginTypes", /not an option/],
  [{ tokens: OWN }, "tokens", /must be the member `verification` of what createAccessTokens returned/],
  [{ requiredScopes: ["matrix"] }, "requiredScopes", /not an option .*; it belongs in tokens$/],
  [{ deviceClaim: "device" }, "deviceClaim", /not an option .*; it belongs in tokens$/],
];

const NAMES = [
  "findUser",
  "externalIds",
  "otherTokens",
  "cache",
  "rateLimits",
  "cors",
  "logger",
  "onReject",
  "keyCache",
];

test.each(NAMES)("%s that is undefined is refused, and not left out", (name) => {
  expectOptionsError(() => make({ [name]: undefined }), name, /is undefined/);
});

test("serverName and tokens are required", () => {
  expectOptionsError(() => matrixBearerAuth({ tokens: TOKENS } as never), "serverName", /is required/);
  expectOptionsError(() => createBearerAuth({ serverName: "example.org" } as never), "tokens", /is required/);
  expectOptionsError(
    () => createBearerAuth({ serverName: "example.org", tokens: TOKENS, findUser: undefined } as never),
    "findUser",
    /is undefined/,
  );
});

test.each(wrong)("options that can't be right are refused when it is made: %#", (options, path, problem) => {
  expectOptionsError(() => make(options), path, problem);
});

describe("options that are right", () => {
  test.each([
    [{ tokens: { secret: SECRET, requiredScopes: ["matrix"] } }],
    [{ tokens: { secret: SECRET, authorize: () => true } }],
    [{ cache: { maxEntries: 1, maxAge: 0.5 } }],
    [{ cache: {} }],
    [{ rateLimits: {} }],
    [{ externalIds: false }],
  ])("are taken: %#", (options) => {
    expect(make(options)).toBeInstanceOf(Function);
  });

  test("are those of the core, but for what concerns HTTP", () => {
    for (const name of ["cors", "otherTokens"]) {
      const options = { serverName: "example.org", tokens: TOKENS, [name]: true };
      expectOptionsError(() => createBearerAuth(options as never), name, /not an option/);
    }
  });
});

test.each([
  [
    [
      { ...TOKENS, issuer: "a" },
      { ...TOKENS, issuer: "b" },
    ],
    {},
    1,
  ],
  [
    [
      { ...TOKENS, issuer: "a" },
      { ...TOKENS, issuer: "b" },
    ],
    { externalIds: false },
    0,
  ],
  [
    [
      { ...TOKENS, issuer: "a" },
      { ...TOKENS, issuer: "b" },
    ],
    { externalIds: { find: () => null } },
    0,
  ],
  [[{ ...TOKENS, issuer: "a" }, OWN.verification], {}, 0],
])("warn of several issuers whose users of one name would be one: %#", (tokens, options, times) => {
  const warn = jest.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  make({ tokens, ...options });
  expect(warn).toHaveBeenCalledTimes(times);
  warn.mockRestore();
});

test("the warning of several issuers says what to set, and can be told from others", () => {
  const warn = jest.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  make({ tokens: ["a", "b"].map((issuer) => ({ ...TOKENS, issuer })) });
  expect(warn.mock.calls).toEqual([
    [
      expect.stringMatching(/^tokens has several issuers.*externalIds: false/),
      { type: "SecurityWarning", code: "MATRIX_JWT_LOGIN_SHARED_NAMES" },
    ],
  ]);
  warn.mockRestore();
});

test("a request instead of options is told how to mount matrixBearerAuth", () => {
  const req = { pipe: () => undefined, headers: {} };
  expectOptionsError(() => matrixBearerAuth(req as never), "", /app\.use\(matrixBearerAuth\(/);
});

test("ready resolves once there are keys", async () => {
  await expect(make({}).ready()).resolves.toBeUndefined();
  await expect(make({ tokens: OWN.verification }).ready()).resolves.toBeUndefined();
  await expect(createBearerAuth({ serverName: "example.org", tokens: TOKENS }).ready()).resolves.toBeUndefined();
});

test("ready resolves once there are the keys of every entry of a list", async () => {
  const tokens = [OWN.verification, { ...TOKENS, issuer: ISSUER }];
  await expect(createBearerAuth({ serverName: "example.org", tokens }).ready()).resolves.toBeUndefined();
});

test("ready rejects if the keys of one entry of a list can't be had", async () => {
  const server = await serveJwks();
  server.answer(text("", 500));
  const unavailable = { issuer: ISSUER, jwksUri: server.url, tokenType: "at+jwt", jwksOptions: QUICK };
  const tokens = [OWN.verification, unavailable];
  const check = createBearerAuth({ serverName: "example.org", tokens, logger: false });
  await expect(check.ready()).rejects.toBeInstanceOf(KeysUnavailableError);
  await server.close();
});
