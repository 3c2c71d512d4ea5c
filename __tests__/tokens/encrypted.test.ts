import {
  constants,
  createCipheriv,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  type KeyObject,
} from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { deflateRawSync } from "node:zlib";

import { afterAll, describe, expect, test } from "@jest/globals";
import { CompactEncrypt, FlattenedEncrypt } from "jose";
import { createJwtLogin, createTokenVerifier, type LoginTypeOptions } from "matrix-jwt-login";

import { movableClock } from "../helpers/clock.js";
import { expectOptionsError } from "../helpers/bad-options.js";
import { jwk, P256, P384, pem, privatePem, RSA, SECRET } from "../helpers/keys.js";
import { LOGIN_TYPE, optionsWith } from "../helpers/login.js";
import { PASTED } from "../helpers/pasted.js";
import { remoteLogins } from "../helpers/remote-login.js";
import { encode, token } from "../helpers/tokens.js";
import { verdict, verifierOf } from "../helpers/verdict.js";

const X25519 = generateKeyPairSync("x25519");
const STRANGER = generateKeyPairSync("rsa", { modulusLength: 2048 });
const folder = mkdtempSync(join(tmpdir(), "decryption-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

type Header = Readonly<Record<string, unknown>>;

const RSA_HEADER = { alg: "RSA-OAEP-256", enc: "A256GCM", cty: "JWT" };
const ECDH_HEADER = { alg: "ECDH-ES+A256KW", enc: "A256GCM", cty: "JWT" };

function encrypted(
  content: string | Uint8Array,
  key: KeyObject = RSA.publicKey,
  header: Header = RSA_HEADER,
): Promise<string> {
  return new CompactEncrypt(Buffer.from(content)).setProtectedHeader(header as typeof RSA_HEADER).encrypt(key);
}

function options(decryption: object = { key: RSA.privateKey }, more: object = {}): LoginTypeOptions {
  return { secret: SECRET, decryption, ...more };
}

/** Encrypts by RSA-OAEP-256, or RSA1_5, and A256GCM under whatever header: all but the header is right (RFC 7516, 5.1). */
function encryptedUnder(
  header: object,
  content: string | Uint8Array = token(),
  padding = constants.RSA_PKCS1_OAEP_PADDING,
): string {
  const protectedHeader = encode(header);
  const contentKey = randomBytes(32);
  const iv = randomBytes(12);
  const key = publicEncrypt({ key: RSA.publicKey, padding, oaepHash: "sha256" }, contentKey);
  const cipher = createCipheriv("aes-256-gcm", contentKey, iv).setAAD(Buffer.from(protectedHeader));
  const ciphertext = Buffer.concat([cipher.update(content), cipher.final()]);
  return [protectedHeader, ...[key, iv, ciphertext, cipher.getAuthTag()].map((part) => encode(part))].join(".");
}

/** The token with another header: what was encrypted no longer fits it, and that must be seen before. */
const withHeader = (jwe: string, header: unknown): string =>
  [encode(header as object), ...jwe.split(".").slice(1)].join(".");

describe("an encrypted token", () => {
  test.each(["RSA-OAEP", "RSA-OAEP-256"])("is taken if it is encrypted by %s", async (alg) => {
    expect(await verdict(options(), await encrypted(token(), RSA.publicKey, { ...RSA_HEADER, alg }))).toBe("accepted");
  });

  test.each(["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"])(
    "is taken if its content is by %s",
    async (enc) => {
      expect(await verdict(options(), await encrypted(token(), RSA.publicKey, { ...RSA_HEADER, enc }))).toBe(
        "accepted",
      );
    },
  );

  test.each<[string, { publicKey: KeyObject; privateKey: KeyObject }]>([
    ["P-256", P256],
    ["P-384", P384],
    ["X25519", X25519],
  ])("is taken if it is encrypted to a key on %s", async (_, { publicKey, privateKey }) => {
    for (const alg of ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"]) {
      const jwe = await encrypted(token(), publicKey, { ...ECDH_HEADER, alg });
      expect(await verdict(options({ key: privateKey }), jwe)).toBe("accepted");
    }
  });

  test.each<[string, Header]>([
    ["no cty", { cty: undefined }],
    ["cty in lower case", { cty: "jwt" }],
    ["cty in full", { cty: "application/JWT" }],
    ["a kid that nobody knows", { kid: "other" }],
    ["typ", { typ: "JWT" }],
  ])("is taken with %s", async (_, more) => {
    const header = JSON.parse(JSON.stringify({ ...RSA_HEADER, ...more })) as Header;
    expect(await verdict(options(), await encrypted(token(), RSA.publicKey, header))).toBe("accepted");
  });

  test.each(["logout+jwt", "application/SecEvent+JWT", "dpop+jwt"])(
    "is refused if its own header says that it is made for something else: %s",
    async (typ) => {
      const jwe = await encrypted(token(), RSA.publicKey, { ...RSA_HEADER, typ });
      expect(await verdict(options(), jwe)).toBe("decryption");
    },
  );

  test("passes every rule of what is in it", async () => {
    expect(await verdict(options(), await encrypted(token({ exp: 1 })))).toBe("expired");
    expect(await verdict(options(), await encrypted(token({}, { algorithm: "RS256" })))).toBe("algorithm");
    expect(
      await verdict(options({ key: RSA.privateKey }, { audience: "b" }), await encrypted(token({ aud: "a" }))),
    ).toBe("audience");
  });

  test("is taken once, by what is in it", async () => {
    const { attempt } = remoteLogins({ [LOGIN_TYPE]: options(undefined, { singleUse: true }) });
    const inner = token();
    expect(await attempt(await encrypted(inner))).toBe("200");
    expect(await attempt(await encrypted(inner))).toBe("403 used");
  });

  test("may be longer than others by default", async () => {
    const jwe = await encrypted(token({ more: "x".repeat(5_000) }));
    expect(jwe.length).toBeGreaterThan(8_192);
    expect(await verdict(options(), jwe)).toBe("accepted");
    expect(await verdict(options(), await encrypted(token({ more: "x".repeat(10_000) })))).toBe("too_long");
    expect(await verdict(options(undefined, { maxTokenLength: 100 }), jwe)).toBe("too_long");
  });

  test("is told from a broken one without decryption", async () => {
    const { attempt } = remoteLogins({ [LOGIN_TYPE]: { secret: SECRET } });
    expect(await attempt(await encrypted(token()))).toBe("403 malformed");
    const verifier = createTokenVerifier({ secret: SECRET });
    await expect(verifier.verify("a.b.c.d.e")).rejects.toThrow(
      /it is encrypted, and the option `decryption` is not set/,
    );
  });
});

describe("a token of which all but the header is right", () => {
  test("is taken if the header is right too", async () => {
    expect(await verdict(options(), encryptedUnder(RSA_HEADER))).toBe("accepted");
  });

  test.each<[string, string]>([
    ["zip", encryptedUnder({ ...RSA_HEADER, zip: "DEF" }, deflateRawSync(token()))],
    [
      "zip that says nothing",
      encryptedUnder({ ...RSA_HEADER, zip: undefined, ...(JSON.parse('{"zip":null}') as Header) }),
    ],
    ["crit", encryptedUnder({ ...RSA_HEADER, crit: ["exp"], exp: 1 })],
    ["an empty crit", encryptedUnder({ ...RSA_HEADER, crit: [] })],
    ["RSA1_5", encryptedUnder({ ...RSA_HEADER, alg: "RSA1_5" }, token(), constants.RSA_PKCS1_PADDING)],
    ["alg in a list", encryptedUnder({ ...RSA_HEADER, alg: ["RSA-OAEP-256"] })],
    ["alg in another case", encryptedUnder({ ...RSA_HEADER, alg: "rsa-oaep-256" })],
    ["enc in another case", encryptedUnder({ ...RSA_HEADER, enc: "a256gcm" })],
    ["a cty that ends in JWT", encryptedUnder({ ...RSA_HEADER, cty: "text/jwt" })],
    ["a cty that begins with JWT", encryptedUnder({ ...RSA_HEADER, cty: "JWTs" })],
    ["a cty in a list", encryptedUnder({ ...RSA_HEADER, cty: ["JWT"] })],
    ["a cty that is null", encryptedUnder({ ...RSA_HEADER, cty: null })],
    ["a kid that is no text", encryptedUnder({ ...RSA_HEADER, kid: 1 })],
    ["a kid that is null", encryptedUnder({ ...RSA_HEADER, kid: null })],
  ])("is refused with %s", async (_, text) => {
    expect(await verdict(options(), text)).toBe("decryption");
  });

  test("is refused if its algorithms are not among those allowed", async () => {
    const allowed = { key: RSA.privateKey, algorithms: ["RSA-OAEP"] };
    expect(await verdict(options(allowed), encryptedUnder(RSA_HEADER))).toBe("decryption");
    const contents = { key: RSA.privateKey, contentEncryption: ["A128GCM"] };
    expect(await verdict(options(contents), encryptedUnder(RSA_HEADER))).toBe("decryption");
  });
});

describe("a token that is not encrypted", () => {
  test("is refused unless it may be", async () => {
    expect(await verdict(options(), token())).toBe("malformed");
    expect(await verdict(options({ key: RSA.privateKey, allowUnencrypted: true }), token())).toBe("accepted");
    expect(await verdict(options({ key: RSA.privateKey, allowUnencrypted: true }), "a.b")).toBe("malformed");
    expect(await verdict(options({ key: RSA.privateKey, allowUnencrypted: true }), await encrypted(token()))).toBe(
      "accepted",
    );
  });
});

describe("what can't be decrypted is refused with one code and one text", () => {
  const pbes2 = (p2c: number) =>
    withHeader("a.b.c.d.e", { alg: "PBES2-HS512+A256KW", enc: "A256GCM", p2s: "AAAA", p2c });
  const cases: readonly (readonly [string, () => string | Promise<string>])[] = [
    ...[0, 1, 2, 3, 4].map(
      (part) => [`part ${String(part)} cut`, async () => cut(await encrypted(token()), part)] as const,
    ),
    ...[0, 1, 2, 3, 4].map(
      (part) => [`part ${String(part)} empty`, async () => replaced(await encrypted(token()), part, "")] as const,
    ),
    ...[1, 2, 3, 4].map(
      (part) => [`part ${String(part)} altered`, async () => altered(await encrypted(token()), part)] as const,
    ),
    ["padding", async () => `${await encrypted(token())}=`],
    ["standard base64", async () => (await encrypted(token())).replace(/[-_]/, "+")],
    ["empty parts", () => "...."],
    ["a header that is no JSON", async () => replaced(await encrypted(token()), 0, encode("{"))],
    ["a header that is no object", async () => withHeader(await encrypted(token()), [])],
    ["a header that is null", async () => replaced(await encrypted(token()), 0, encode("null"))],
    [
      "a header that is no UTF-8",
      async () => replaced(await encrypted(token()), 0, encode(Buffer.from([0x7b, 0xff, 0x7d]))),
    ],
    ["no alg", async () => withHeader(await encrypted(token()), { enc: "A256GCM" })],
    ["no enc", async () => withHeader(await encrypted(token()), { alg: "RSA-OAEP-256" })],
    ["alg in another case", async () => withHeader(await encrypted(token()), { ...RSA_HEADER, alg: "rsa-oaep-256" })],
    ["RSA1_5", async () => withHeader(await encrypted(token()), { ...RSA_HEADER, alg: "RSA1_5" })],
    ["RSA-OAEP-512", () => encrypted(token(), RSA.publicKey, { ...RSA_HEADER, alg: "RSA-OAEP-512" })],
    ["dir", async () => withHeader(await encrypted(token()), { ...RSA_HEADER, alg: "dir" })],
    ["A256KW", async () => withHeader(await encrypted(token()), { ...RSA_HEADER, alg: "A256KW" })],
    ["A256GCMKW", async () => withHeader(await encrypted(token()), { ...RSA_HEADER, alg: "A256GCMKW" })],
    ["none", async () => withHeader(await encrypted(token()), { ...RSA_HEADER, alg: "none" })],
    ["PBES2 with a large p2c", () => pbes2(2_000_000_000)],
    ["PBES2 with a small p2c", () => pbes2(1_000)],
    ["ECDH to an RSA key", () => encrypted(token(), P256.publicKey, ECDH_HEADER)],
    ["A192GCM", () => encrypted(token(), RSA.publicKey, { ...RSA_HEADER, enc: "A192GCM" })],
    ["zip", async () => withHeader(await encrypted(token()), { ...RSA_HEADER, zip: "DEF" })],
    ["crit", async () => withHeader(await encrypted(token()), { ...RSA_HEADER, crit: ["exp"], exp: 1 })],
    ["another cty", () => encrypted(token(), RSA.publicKey, { ...RSA_HEADER, cty: "text/plain" })],
    ["a cty that is no text", async () => withHeader(await encrypted(token()), { ...RSA_HEADER, cty: 1 })],
    ["a kid that is no text", async () => withHeader(await encrypted(token()), { ...RSA_HEADER, kid: 1 })],
    ["another recipient", () => encrypted(token(), STRANGER.publicKey)],
    ["a token that is encrypted twice", async () => encrypted(await encrypted(token()))],
    ["bare claims", () => encrypted(JSON.stringify({ sub: "alice" }))],
    ["an unsigned token", () => encrypted(`${encode({ alg: "none" })}.${encode({ sub: "alice" })}.`)],
    ["nothing", () => encrypted("")],
    ["bytes", () => encrypted(Buffer.from([0xff, 0x2e, 0xfe, 0x2e, 0xfd]))],
    [
      "a token in JSON serialization",
      () => encrypted(JSON.stringify({ payload: "a", protected: "b", signature: "c", dots: ".." })),
    ],
    [
      "JSON serialization with four dots",
      async () => {
        const flat = await new FlattenedEncrypt(Buffer.from(token()))
          .setProtectedHeader(RSA_HEADER)
          .encrypt(RSA.publicKey);
        return JSON.stringify({ ...flat, dots: "...." });
      },
    ],
  ];

  test.each(cases)("%s", async (_, make) => {
    const text = await make();
    const login = createJwtLogin({ ...optionsWith(), loginTypes: { [LOGIN_TYPE]: options() }, logger: false });
    await expect(login.login({ type: LOGIN_TYPE, token: text })).rejects.toMatchObject({
      statusCode: 403,
      errcode: "M_FORBIDDEN",
      message: "JWT validation failed: token can't be decrypted, or holds no signed token",
    });
    expect(await verdict(options(), text)).toBe("decryption");
  });

  test.each<[string, Header]>([
    ["a point off the curve", { epk: { ...jwk(P256), y: jwk(P384)["x"] } }],
    ["a point of another curve", { epk: jwk(P384) }],
    [
      "a point at nothing",
      { epk: { ...jwk(P256), x: Buffer.alloc(32).toString("base64url"), y: Buffer.alloc(32).toString("base64url") } },
    ],
    ["a private point", { epk: P256.privateKey.export({ format: "jwk" }) }],
    ["no point", { epk: undefined }],
    ["a point that is no object", { epk: "a" }],
    ["a point that is null", { epk: null }],
    ["parties that are no text", { epk: jwk(P256), apu: 1, apv: {} }],
  ])("ECDH with %s", async (_, more) => {
    const jwe = await encrypted(token(), P256.publicKey, ECDH_HEADER);
    const own = JSON.parse(Buffer.from(jwe.split(".")[0] ?? "", "base64url").toString()) as Header;
    expect(await verdict(options({ key: P256.privateKey }), withHeader(jwe, { ...own, ...more }))).toBe("decryption");
  });

  test("blocks the event loop no longer than others do", async () => {
    const texts = await Promise.all(cases.map(async ([, make]) => make()));
    const verifier = createTokenVerifier(options());
    await verdict(verifier, texts[0] ?? "");
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await Promise.all([...texts, ...texts, ...texts].map((text) => verdict(verifier, text)));
    delay.disable();
    // PBES2 with that p2c would take minutes, and a busy machine takes its time for everything.
    expect(delay.max / 1e6).toBeLessThan(1_000);
  });
});

describe("keys for decryption", () => {
  test.each<[string, object]>([
    ["PEM", { key: privatePem(RSA) }],
    ["PEM as bytes", { key: Buffer.from(privatePem(RSA)) }],
    ["a JWK", { key: RSA.privateKey.export({ format: "jwk" }) }],
    ["a JWK for encryption", { key: { ...RSA.privateKey.export({ format: "jwk" }), use: "enc", alg: "RSA-OAEP-256" } }],
    ["a list", { key: [STRANGER.privateKey, RSA.privateKey] }],
    ["a list of files", { keyFile: [fileWith("a.pem", STRANGER), fileWith("b.pem", RSA)] }],
  ])("may be %s", async (_, decryption) => {
    expect(await verdict(options(decryption), await encrypted(token()))).toBe("accepted");
  });

  test.each(PASTED)("are read from PEM %s", async (_, paste) => {
    const text = paste(privatePem(RSA));
    const keyFile = join(folder, "pasted.pem");
    writeFileSync(keyFile, text);
    const jwe = await encrypted(token());
    expect(await verdict(options({ key: text }), jwe)).toBe("accepted");
    expect(await verdict(options({ keyFile }), jwe)).toBe("accepted");
  });

  test("are read from a JWK with a byte order mark, and from PEM of the older formats", async () => {
    const jwe = await encrypted(token());
    const keyFile = join(folder, "marked.json");
    writeFileSync(keyFile, `\ufeff${JSON.stringify(RSA.privateKey.export({ format: "jwk" }))}`);
    expect(await verdict(options({ keyFile }), jwe)).toBe("accepted");
    const key = RSA.privateKey.export({ type: "pkcs1", format: "pem" }).toString().replaceAll("\n", "\\n");
    expect(await verdict(options({ key }), jwe)).toBe("accepted");
  });

  test("are chosen by kid", async () => {
    const key = [
      { ...STRANGER.privateKey.export({ format: "jwk" }), kid: "a" },
      { ...RSA.privateKey.export({ format: "jwk" }), kid: "b" },
    ];
    const to = (kid: string) => encrypted(token(), RSA.publicKey, { ...RSA_HEADER, kid });
    expect(await verdict(options({ key }), await to("b"))).toBe("accepted");
    expect(await verdict(options({ key }), await to("a"))).toBe("decryption");
    expect(await verdict(options({ key }), await to("c"))).toBe("accepted");
    // Also if the one that it names can't be meant.
    const others = [{ ...P256.privateKey.export({ format: "jwk" }), kid: "a" }, ...key.slice(1)];
    expect(await verdict(options({ key: others }), await to("a"))).toBe("decryption");
  });

  test("serve only the algorithm that they name, and those that are allowed", async () => {
    const key = { ...RSA.privateKey.export({ format: "jwk" }), alg: "RSA-OAEP" };
    expect(await verdict(options({ key }), await encrypted(token()))).toBe("decryption");
    expect(await verdict(options({ key: RSA.privateKey, algorithms: ["RSA-OAEP"] }), await encrypted(token()))).toBe(
      "decryption",
    );
    expect(
      await verdict(options({ key: RSA.privateKey, contentEncryption: ["A128GCM"] }), await encrypted(token())),
    ).toBe("decryption");
  });

  test("are read again from a file, of which the last good content counts", async () => {
    const clock = movableClock();
    const file = fileWith("rotated.pem", STRANGER);
    const { attempt, errors, logger } = remoteLogins({ [LOGIN_TYPE]: options({ keyFile: file }) });
    const jwe = await encrypted(token());
    expect(await attempt(jwe)).toBe("403 decryption");
    writeFileSync(file, privatePem(RSA));
    clock.move(5);
    expect(await attempt(jwe)).toBe("200");
    writeFileSync(file, "half");
    clock.move(5);
    expect(await attempt(jwe)).toBe("200");
    expect(errors).toMatchObject([{ source: "keys" }]);
    writeFileSync(file, privatePem(RSA));
    clock.move(5);
    expect(await attempt(jwe)).toBe("200");
    expect(logger.info).toHaveBeenCalledTimes(1);
    clock.restore();
  });

  test("are published by their public halves", () => {
    const key = { ...P256.privateKey.export({ format: "jwk" }), kid: "mine", alg: "ECDH-ES" };
    const login = createJwtLogin({
      ...optionsWith(),
      loginTypes: {
        a: options({ key: [RSA.privateKey, key] }),
        b: options({ keyFile: fileWith("c.pem", RSA) }),
        c: { secret: SECRET },
      },
    });
    const { keys } = login.encryptionKeys();
    expect(keys).toEqual([
      { ...jwk(RSA), use: "enc", kid: expect.stringMatching(/^[\w-]{43}$/) },
      { ...jwk(P256), use: "enc", kid: "mine", alg: "ECDH-ES" },
    ]);
    expect(JSON.stringify(keys)).not.toMatch(/"(?:d|p|q|dp|dq|qi)"/);
  });

  test("are published as the file has them now, and each by itself if two have one name", () => {
    const clock = movableClock();
    const keyFile = fileWith("published.pem", STRANGER);
    const named = (pair: { readonly privateKey: KeyObject }) => ({
      ...pair.privateKey.export({ format: "jwk" }),
      kid: "same",
    });
    const loginTypes = { a: options({ keyFile }), b: options({ key: [named(RSA), named(P256)] }) };
    const login = createJwtLogin({ ...optionsWith(), loginTypes });
    writeFileSync(keyFile, privatePem(P384));
    clock.move(5);
    const [first, ...others] = login.encryptionKeys().keys;
    expect(first).toMatchObject({ crv: "P-384" });
    expect(others).toMatchObject([
      { kid: "same", kty: "RSA" },
      { kid: "same", crv: "P-256" },
    ]);
    clock.restore();
  });

  test("are ready at once", async () => {
    await expect(createTokenVerifier(options()).ready()).resolves.toBeUndefined();
  });

  test.each([["decrypt"], ["unwrapKey", "sign"], ["deriveKey"], ["deriveBits"]])("may say by key_ops: %s", (...ops) => {
    const key = { ...RSA.privateKey.export({ format: "jwk" }), key_ops: ops };
    expect(() => createTokenVerifier(options({ key }))).not.toThrow();
  });

  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
  const k1 = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey;
  test.each<[string, object, string, RegExp]>([
    ["no key", {}, "decryption.keyFile", /is required, or key/],
    ["both", { key: RSA.privateKey, keyFile: "/a" }, "decryption.keyFile", /exactly one/],
    ["a public key", { key: pem(RSA) }, "decryption.key", /can't be read as a private key: it is a public one$/],
    ["a public JWK", { key: jwk(P256) }, "decryption.key", /can't be read as a private key: it is a public one$/],
    ["a secret JWK", { key: { kty: "oct", k: "AAAA" } }, "decryption.key", /private key without a passphrase/],
    ["no key", { key: "x" }, "decryption.key", /can't be read as a private key without a passphrase/],
    [
      "two private keys in one text",
      { key: privatePem(RSA) + privatePem(P256) },
      "decryption.key",
      /holds more than one private key; give each its own place in a list/,
    ],
    ["a public KeyObject", { key: RSA.publicKey }, "decryption.key", /must be a private key/],
    ["a public JWK", { key: jwk(RSA) }, "decryption.key", /private/],
    [
      "a JWK for signatures",
      { key: { ...RSA.privateKey.export({ format: "jwk" }), use: "sig" } },
      "decryption.key",
      /is not for decryption: its "use" is not "enc"$/,
    ],
    ...["sign", "encrypt", ["verify", "wrapKey"], []].map((operations): [string, object, string, RegExp] => [
      `a JWK with the key_ops ${JSON.stringify(operations)}`,
      { key: { ...RSA.privateKey.export({ format: "jwk" }), key_ops: operations } },
      "decryption.key",
      /is not for decryption: .* is not among its "key_ops"$/,
    ]),
    [
      "a JWK for RSA1_5",
      { key: { ...RSA.privateKey.export({ format: "jwk" }), alg: "RSA1_5" } },
      "decryption.key",
      /\(alg\)/,
    ],
    ["1024 bits", { key: weak }, "decryption.key", /at least 2048 bits/],
    ["another curve", { key: [k1] }, "decryption.key[0]", /P-256/],
    ["a file that is not there", { keyFile: join(folder, "none") }, "decryption.keyFile", /can't be read/],
    ["RSA1_5", { key: RSA.privateKey, algorithms: ["RSA1_5"] }, "decryption.algorithms[0]", /must be one of/],
    [
      "an algorithm of other keys",
      { key: RSA.privateKey, algorithms: ["ECDH-ES"] },
      "decryption.algorithms[0]",
      /does not fit the key/,
    ],
    [
      "unknown content encryption",
      { key: RSA.privateKey, contentEncryption: ["A192GCM"] },
      "decryption.contentEncryption[0]",
      /one of/,
    ],
  ])("are an options error if there is %s", (_, decryption, path, problem) => {
    expectOptionsError(() => verifierOf(options(decryption)), path, problem);
  });

  test("need a key source beside them", () => {
    expectOptionsError(
      () =>
        verifierOf({
          audience: null,
          introspection: { endpoint: "https://a.org/i" },
          decryption: { key: RSA.privateKey },
        }),
      "decryption",
      /needs a key source/,
    );
  });
});

function fileWith(name: string, { privateKey }: { privateKey: KeyObject }): string {
  const file = join(folder, name);
  writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }));
  return file;
}

function replaced(jwe: string, part: number, by: string): string {
  return jwe
    .split(".")
    .map((each, index) => (index === part ? by : each))
    .join(".");
}

function cut(jwe: string, part: number): string {
  return replaced(jwe, part, (jwe.split(".")[part] ?? "").slice(0, -4));
}

function altered(jwe: string, part: number): string {
  const text = jwe.split(".")[part] ?? "";
  return replaced(jwe, part, `${text.startsWith("A") ? "B" : "A"}${text.slice(1)}`);
}
