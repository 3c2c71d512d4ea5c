import { createPrivateKey, createSecretKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, importJWK, jwtVerify } from "jose";
import {
  createAccessTokens,
  createBearerAuth,
  MatrixError,
  type AccessTokenOptions,
  type AccessTokens,
  type Algorithm,
  type Jwk,
} from "matrix-jwt-login";

import { expectOptionsError } from "../helpers/bad-options.js";
import { movableClock } from "../helpers/clock.js";
import { ED25519, jwk, KEYS, P256, P384, pem, privatePem, RSA, SECRET } from "../helpers/keys.js";
import { thrownBy } from "../helpers/core.js";
import { PASTED } from "../helpers/pasted.js";

const ISSUER = "https://matrix.example.org";
const AUDIENCE = "matrix-client-api";
const ALICE = { userId: "@alice:example.org", deviceId: "PHONE" };

type Given = { readonly [Name in keyof AccessTokenOptions]?: unknown } & { readonly audiance?: string };

const tokensOf = (options: Given): AccessTokens =>
  createAccessTokens({ issuer: ISSUER, audience: AUDIENCE, ...options } as AccessTokenOptions);

const privateJwk = ({ privateKey }: { privateKey: KeyObject }, members: object = {}): Jwk => ({
  ...(privateKey.export({ format: "jwk" }) as Jwk),
  ...members,
});

/** Verified by jose, with what `jwks()` publishes. */
async function verifiedByJose(tokens: AccessTokens, token: string) {
  const { kid } = decodeProtectedHeader(token);
  const key = tokens.jwks().keys.find((each) => each.kid === kid);
  return jwtVerify(token, await importJWK(key as object), { issuer: ISSUER, audience: AUDIENCE, typ: "at+jwt" });
}

describe("an issued access token (RFC 9068)", () => {
  const everyKey: readonly (readonly [Algorithm, Given])[] = [
    ["RS256", { signingKey: privatePem(RSA) }],
    ["ES256", { signingKey: privatePem(P256) }],
    ["ES384", { signingKey: P384.privateKey }],
    ["ES512", { signingKey: KEYS.ES512.privateKey }],
    ["EdDSA", { signingKey: Buffer.from(privatePem(ED25519)) }],
    ["Ed25519", { signingKey: privatePem(ED25519), algorithm: "Ed25519" }],
    ["PS256", { signingKey: RSA.privateKey, algorithm: "PS256" }],
    ["RS512", { signingKey: privateJwk(RSA, { alg: "RS512" }) }],
    ["ES256", { signingKey: privateJwk(P256, { use: "sig", key_ops: ["sign"] }) }],
  ];

  test.each(everyKey)("is signed with %s", async (algorithm, options) => {
    const tokens = tokensOf(options);
    const { accessToken } = tokens.issue(ALICE);
    expect(decodeProtectedHeader(accessToken)).toEqual({ alg: algorithm, typ: "at+jwt", kid: expect.any(String) });
    const { payload } = await verifiedByJose(tokens, accessToken);
    expect(payload).toMatchObject({ sub: "@alice:example.org", device_id: "PHONE" });
  });

  test("is signed with a secret, and names no key", async () => {
    const { accessToken } = tokensOf({ secret: SECRET }).issue(ALICE);
    expect(decodeProtectedHeader(accessToken)).toEqual({ alg: "HS256", typ: "at+jwt" });
    const { payload } = await jwtVerify(accessToken, Buffer.from(SECRET));
    expect(payload["device_id"]).toBe("PHONE");
  });

  test("has the claims of RFC 9068 section 2.2 and the device, and no others", () => {
    const before = Math.floor(Date.now() / 1_000);
    const { accessToken } = tokensOf({ secret: SECRET }).issue(ALICE);
    const { iat, exp, ...claims } = decodeJwt(accessToken);
    expect(claims).toEqual({
      iss: ISSUER,
      sub: "@alice:example.org",
      aud: AUDIENCE,
      client_id: "matrix",
      jti: expect.stringMatching(/^[\da-f-]{36}$/),
      device_id: "PHONE",
    });
    expect(iat).toBeGreaterThanOrEqual(before);
    expect(Number(exp) - Number(iat)).toBe(300);
  });

  test("is another one each time", () => {
    const { issue } = tokensOf({ secret: SECRET });
    expect(issue(ALICE).accessToken).not.toBe(issue(ALICE).accessToken);
  });

  test.each(["constructor", "toString", "valueOf", "hasOwnProperty", "toJSON"])(
    "may have a claim %s, as every object has a member of that name",
    (name) => {
      const { accessToken } = tokensOf({ secret: SECRET }).issue(ALICE, { claims: { [name]: 5 } });
      expect(decodeJwt(accessToken)[name]).toBe(5);
    },
  );

  test("has further claims, which replace none of its own", () => {
    const own = { iss: "x", sub: "x", aud: "x", client_id: "x", exp: 1, iat: 1, jti: "x", device_id: "x" };
    const { issue } = tokensOf({ secret: SECRET });
    const claims = decodeJwt(issue(ALICE, { claims: { ...own, admin: true } }).accessToken);
    expect(claims["admin"]).toBe(true);
    for (const [name, value] of Object.entries(own)) expect(claims[name]).not.toBe(value);
  });

  test.each([{ secret: SECRET }, { signingKey: privatePem(P256) }, { signingKey: privatePem(ED25519) }])(
    "has them as JSON has them, whatever they do",
    (key) => {
      const { issue } = tokensOf(key);
      const toJSON = () => ({ sub: "@admin:example.org", iss: "x", admin: true });
      const given = JSON.parse('{"__proto__":{"sub":"x"},"nbf":1}') as Record<string, unknown>;
      for (const claims of [{ toJSON }, given]) {
        const made = decodeJwt(issue(ALICE, { claims }).accessToken);
        expect(made).toMatchObject({ sub: ALICE.userId });
        expect(Object.hasOwn(made, "__proto__")).toBe(false);
      }
    },
  );

  test("has nbf beside the others, if it is among them", () => {
    const { issue } = tokensOf({ secret: SECRET });
    expect(decodeJwt(issue(ALICE, { claims: { nbf: 1, admin: true } }).accessToken)).toMatchObject({
      nbf: 1,
      admin: true,
    });
  });

  const NOT_CLAIMS = "claims must be an object that JSON can hold";
  const NO_NBF = "the claim nbf must be a whole number of seconds since 1970";

  test.each<[object, string]>([
    [{ nbf: "soon" }, NO_NBF],
    [{ nbf: 1.5 }, NO_NBF],
    [{ toJSON: () => undefined }, NOT_CLAIMS],
    [{ toJSON: () => null }, NOT_CLAIMS],
    [{ toJSON: () => ["sub"] }, NOT_CLAIMS],
    [{ toJSON: () => "text" }, NOT_CLAIMS],
    [{ toJSON: () => 5 }, NOT_CLAIMS],
    [{ big: 1n }, "BigInt"],
  ])("is not made with claims that JSON has not: %#", (claims, message) => {
    const { issue } = tokensOf({ secret: SECRET });
    const error = thrownBy(() => issue(ALICE, { claims: claims as Record<string, unknown> }));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as TypeError).message).toContain(message);
  });

  test.each([
    [{}, {}, 300],
    [{ lifetime: 10 }, {}, 10],
    [{ lifetime: 604_800 }, {}, 604_800],
    [{ lifetime: 60 }, { lifetime: 86_400 }, 86_400],
    [{}, { lifetime: undefined, refreshToken: undefined, claims: undefined }, 300],
  ])("lives as long as the options say: %p, %p", (options, more, seconds) => {
    const issued = tokensOf({ secret: SECRET, ...options }).issue(ALICE, more);
    const { iat, exp } = decodeJwt(issued.accessToken);
    expect(Number(exp) - Number(iat)).toBe(seconds);
    expect(issued).toStrictEqual({ accessToken: expect.any(String), ...ALICE, expiresInMs: seconds * 1_000 });
  });

  test("comes with the refresh token that the host made", () => {
    const issued = tokensOf({ secret: SECRET }).issue(ALICE, { refreshToken: "of the host" });
    expect(issued.refreshToken).toBe("of the host");
  });

  test.each([
    ["alice"],
    ["@alice"],
    ["@alice:"],
    ["@:example.org"],
    [`@${"a".repeat(250)}:example.org`],
    ["@al ice:example.org"],
    [undefined],
  ])("is not made for the user %p", (userId) => {
    const { issue } = tokensOf({ secret: SECRET });
    expect(() => issue({ ...ALICE, userId } as typeof ALICE)).toThrow(
      new TypeError("userId must be a full user ID, e.g. @alice:example.org"),
    );
  });

  test("is not made without a device, which is the host's fault", () => {
    const error = thrownBy(() => tokensOf({ secret: SECRET }).issue({ userId: ALICE.userId } as typeof ALICE));
    expect(error).toEqual(new TypeError("deviceId is required: pass on that of the login"));
  });

  test.each([[""], ["x".repeat(513)], ["a\nb"], [null]])("is not made for the device %p", (deviceId) => {
    const error = thrownBy(() => tokensOf({ secret: SECRET }).issue({ ...ALICE, deviceId } as typeof ALICE));
    expect(error).toBeInstanceOf(MatrixError);
    expect(error).toMatchObject({
      errcode: "M_INVALID_PARAM",
      statusCode: 400,
      message: "device_id must be a string of 1 to 512 characters, without control characters",
    });
  });

  test.each([[9], [604_801], [Number.NaN], ["60"]])("is not made for a lifetime of %p", (seconds) => {
    const { issue } = tokensOf({ secret: SECRET });
    const error = thrownBy(() => issue(ALICE, { lifetime: seconds as number }));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: expect.stringMatching(/^lifetime /), cause: { path: "lifetime" } });
  });

  test.each([
    [{ expiresIn: 60 }, /^expiresIn is not an option/],
    [{ refresh_token: "a" }, /do you mean refreshToken\?$/],
    ["60", /^options must be an object, not a string$/],
  ])("is not made with what is no option: %j", (options, message) => {
    const { issue } = tokensOf({ secret: SECRET });
    const error = thrownBy(() => issue(ALICE, options as object));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ message: expect.stringMatching(message) });
  });

  test.each([undefined, null, "@alice:example.org"])("is made for nobody by %j", (subject) => {
    const { issue } = tokensOf({ secret: SECRET });
    expect(() => issue(subject as never)).toThrow(
      new TypeError("userId must be a full user ID, e.g. @alice:example.org"),
    );
  });

  test("is not made longer than what is accepted", () => {
    const { issue } = tokensOf({ secret: SECRET });
    expect(() => issue(ALICE, { claims: { x: "x".repeat(8_192) } })).toThrow(
      new RangeError("the access token would be longer than 8192 characters"),
    );
  });

  test("may be as long as what is accepted", async () => {
    const tokens = tokensOf({ secret: SECRET });
    const padded = (length: number) => tokens.issue(ALICE, { claims: { x: "x".repeat(length) } }).accessToken;
    const room = 8_192 - padded(0).length;
    const text = padded(Math.floor((room * 3) / 4));
    expect(text).toHaveLength(8_192);
    const { authenticate } = createBearerAuth({ serverName: "example.org", tokens: tokens.verification });
    expect(await authenticate(`Bearer ${text}`)).toMatchObject(ALICE);
  });
});

describe("the published keys", () => {
  test("are the public halves of all, the signing one first, named by their thumbprints (RFC 7638)", async () => {
    const { keys } = tokensOf({ signingKey: [privatePem(P256), privatePem(RSA), privatePem(ED25519)] }).jwks();
    expect(keys).toEqual(
      await Promise.all(
        [
          { ...jwk(P256), alg: "ES256" },
          { ...jwk(RSA), alg: "RS256" },
          { ...jwk(ED25519), alg: "EdDSA" },
        ].map(async (key) => ({ ...key, use: "sig", kid: await calculateJwkThumbprint(key) })),
      ),
    );
  });

  test("have the name that the key's JWK gives them", () => {
    const { jwks, issue } = tokensOf({ signingKey: privateJwk(P256, { kid: "mine" }) });
    expect(jwks().keys).toEqual([{ ...jwk(P256), kid: "mine", alg: "ES256", use: "sig" }]);
    expect(decodeProtectedHeader(issue(ALICE).accessToken).kid).toBe("mine");
  });

  test.each(["EdDSA", "Ed25519"] as const)(
    "have the one of two names of an algorithm that is asked for: %s",
    (algorithm) => {
      for (const alg of ["EdDSA", "Ed25519", undefined]) {
        const { jwks } = tokensOf({ signingKey: privateJwk(ED25519, alg === undefined ? {} : { alg }), algorithm });
        expect(jwks().keys).toMatchObject([{ alg: algorithm }]);
      }
      const named = tokensOf({ signingKey: privateJwk(ED25519, { alg: algorithm }) });
      expect(named.jwks().keys).toMatchObject([{ alg: algorithm }]);
    },
  );

  test("are none with a secret", () => {
    expect(() => tokensOf({ secret: SECRET }).jwks()).toThrow("secret");
  });
});

test.each(PASTED)("a signing key is read from PEM %s", async (_, paste) => {
  const tokens = tokensOf({ signingKey: paste(privatePem(P256)) });
  await verifiedByJose(tokens, tokens.issue(ALICE).accessToken);
});

describe("a key file", () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "access-tokens-"));
    file = join(directory, "key");
    writeFileSync(file, privatePem(P256));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const kidOf = ({ issue }: AccessTokens) => decodeProtectedHeader(issue(ALICE).accessToken).kid;

  test("is read again within 5 seconds", async () => {
    const clock = movableClock();
    const tokens = tokensOf({ signingKeyFile: file });
    const old = kidOf(tokens);
    writeFileSync(file, JSON.stringify(privateJwk(ED25519, { kid: "new" })));
    clock.move(5);
    expect(kidOf(tokens)).toBe("new");
    expect(tokens.jwks().keys.map(({ kid }) => kid)).toEqual(["new"]);
    await verifiedByJose(tokens, tokens.issue(ALICE).accessToken);
    expect(old).not.toBe("new");
    clock.restore();
  });

  test("may be one of several, and hold a JWK Set", () => {
    const next = join(directory, "next");
    const keys = [privateJwk(ED25519, { kid: "ed" }), privateJwk(RSA, { kid: "rsa" })];
    writeFileSync(next, JSON.stringify({ keys }));
    const tokens = tokensOf({ signingKeyFile: [next, file] });
    expect(tokens.jwks().keys.map(({ alg }) => alg)).toEqual(["EdDSA", "RS256", "ES256"]);
    expect(kidOf(tokens)).toBe("ed");
  });

  test.each([
    ["half-written", "-----BEGIN PRIVATE KEY-----\nMEE"],
    ["without a key", JSON.stringify({ keys: [] })],
    ["half-written JSON", '{"kty":"EC"'],
  ])("that is %s leaves the last good key in use", (_, content) => {
    const clock = movableClock();
    const tokens = tokensOf({ signingKeyFile: file });
    const kid = kidOf(tokens);
    writeFileSync(file, content);
    clock.move(5);
    expect(kidOf(tokens)).toBe(kid);
    writeFileSync(file, privatePem(P384));
    clock.move(5);
    expect(kidOf(tokens)).not.toBe(kid);
    clock.restore();
  });

  test.each([
    ["PEM", privatePem(P256)],
    ["PEM with its line ends written out", privatePem(P256).replaceAll("\n", "\\n")],
    ["a JWK", JSON.stringify(privateJwk(P256))],
    ["a JWK, indented", `  ${JSON.stringify(privateJwk(P256))}`],
  ])("that is the key itself is refused, and quoted nowhere: %s", (_, signingKeyFile) => {
    const error = thrownBy(() => tokensOf({ signingKeyFile }));
    expect(error).toMatchObject({ message: "signingKeyFile must be the path of a file, not a key" });
    expect(error).not.toHaveProperty("cause");
  });

  test.each([
    ["./none/of/it.pem", / \(ENOENT, \/.*\/none\/of\/it\.pem\)$/],
    ["/none/{of}/it.pem", / \(ENOENT, \/none\/\{of\}\/it\.pem\)$/],
    ["/run/secrets/none", / \(ENOENT, \/run\/secrets\/none\)$/],
    ["MC4CAQAwBQYDK2VwBCIEIA==", / names a file that can't be read$/],
  ])("that is not there is named, if it is plainly a path: %s", (signingKeyFile, message) => {
    expect((thrownBy(() => tokensOf({ signingKeyFile })) as Error).message).toMatch(message);
  });

  test("that can't be read, or holds no private key, is refused", () => {
    expectOptionsError(() => tokensOf({ signingKeyFile: join(directory, "none") }), "signingKeyFile", /read/);
    const keys: readonly (readonly [string, RegExp])[] = [
      [pem(P256), /private key/],
      [JSON.stringify(jwk(P256)), /private key/],
      [JSON.stringify({ keys: [null] }), /private key/],
      ["{", /neither PEM nor JSON/],
    ];
    for (const [content, problem] of keys) {
      writeFileSync(file, content);
      expectOptionsError(() => tokensOf({ signingKeyFile: [file, file] }), "signingKeyFile[0]", problem);
    }
  });
});

describe("options of access tokens", () => {
  const encrypted = P256.privateKey
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })
    .toString();
  const weak = generateKeyPairSync("rsa", {
    modulusLength: 1024,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  }).privateKey;
  const pss = generateKeyPairSync("rsa-pss", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  }).privateKey;

  const wrong: readonly (readonly [Given, string, RegExp])[] = [
    [{}, "", /signingKey, signingKeyFile, secret/],
    [{ signingKey: privatePem(P256), secret: SECRET }, "secret", /combined/],
    [{ secret: SECRET, issuer: undefined }, "issuer", /undefined/],
    [{ secret: undefined }, "secret", /undefined/],
    [{ secret: SECRET, audience: "" }, "audience", /empty/],
    [{ secret: SECRET, lifetime: 9 }, "lifetime", /10 to 604800/],
    [{ secret: SECRET, issuer: "https://matrix.example.org\n" }, "issuer", /no white space at its beginning or end/],
    [{ secret: SECRET, audience: " matrix" }, "audience", /no white space at its beginning or end/],
    [{ secret: SECRET, algorithm: "ES256" }, "algorithm", /does not fit/],
    [{ secret: SECRET, algorithm: "none" }, "algorithm", /one of/],
    [{ secret: "" }, "secret", /empty/],
    [{ secret: SECRET, audiance: "x" }, "audiance", /not an option/],
    [{ signingKey: [] }, "signingKey", /empty/],
    [{ signingKey: pem(P256) }, "signingKey", /private key/],
    [{ signingKey: P256.publicKey }, "signingKey", /not a public one/],
    [{ signingKey: createSecretKey(Buffer.from(SECRET)) }, "signingKey", /not a secret one/],
    [{ signingKey: [privatePem(P256), 5] }, "signingKey[1]", /PEM, JWK or KeyObject/],
    [{ signingKey: encrypted }, "signingKey", /passphrase/],
    [{ signingKey: weak }, "signingKey", /2048/],
    [{ signingKey: pss }, "signingKey", /rsa-pss/],
    [{ signingKey: privatePem(P256), algorithm: "ES384" }, "algorithm", /ES256 would/],
    [{ signingKey: [privatePem(P256), privatePem(RSA)], algorithm: "ES256" }, "algorithm", /does not fit/],
    [
      { signingKey: privatePem(RSA), algorithm: "ES256" },
      "algorithm",
      /RS256, RS384, RS512, PS256, PS384, PS512 would/,
    ],
    [{ signingKey: privateJwk(RSA, { alg: "PS256" }), algorithm: "RS256" }, "algorithm", /PS256 would/],
    [{ signingKey: privateJwk(P256, { alg: "RS256" }) }, "signingKey", /alg/],
    [{ signingKey: privateJwk(P256, { use: "enc" }) }, "signingKey", /not for signatures/],
    [
      { signingKey: privateJwk(P256, { key_ops: ["verify"] }) },
      "signingKey",
      /not for signatures: "sign" is not among/,
    ],
    [{ signingKey: privateJwk(P256, { key_ops: "sign" }) }, "signingKey", /not for signatures/],
  ];

  test.each(wrong)("that can't be right are refused: %#", (options, path, problem) => {
    expectOptionsError(() => tokensOf(options), path, problem);
  });

  test("warn of a short secret", () => {
    const warn = jest.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    tokensOf({ secret: "short" });
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(/^secret is shorter than the 32 bytes of/),
        { type: "SecurityWarning", code: "MATRIX_JWT_LOGIN_SHORT_SECRET" },
      ],
    ]);
    warn.mockRestore();
  });

  test("keep no key where one could see it", () => {
    const { verification } = tokensOf({ signingKey: createPrivateKey(privatePem(P256)) });
    expect(JSON.stringify(verification)).toBe(JSON.stringify({ issuer: ISSUER, audience: AUDIENCE }));
    expect(Object.isFrozen(verification)).toBe(true);
  });
});
