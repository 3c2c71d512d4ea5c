import { createSecretKey } from "node:crypto";

import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";

import { certificate } from "../../helpers/certificates.js";
import { EXPRESS_VERSIONS } from "../../helpers/hosts.js";
import { ED25519, jwk, pem, privatePem, RSA, SECRET } from "../../helpers/keys.js";
import { host, loginWith, optionsWith } from "../../helpers/login.js";
import { token } from "../../helpers/tokens.js";
import { errorOf, verdict, verifierOf } from "../../helpers/verdict.js";

const NEW_SECRET = "the newer secret, as long as the hash of SHA-512 is: 64 bytes ok";
const by = (secret: string | Buffer): string => token({}, { key: createSecretKey(Buffer.from(secret as string)) });

let emitWarning: jest.SpiedFunction<typeof process.emitWarning>;

beforeEach(() => {
  emitWarning = jest.spyOn(process, "emitWarning").mockReturnValue();
});

afterEach(() => {
  emitWarning.mockRestore();
});

describe.each(EXPRESS_VERSIONS)("a login by a secret on %s", (_, express) => {
  test("while it is rotated takes tokens of the new one and the old one, and of no third", async () => {
    const server = await host(optionsWith({ secret: [NEW_SECRET, SECRET] }), express);
    expect((await loginWith(server.url, by(NEW_SECRET))).status).toBe(200);
    expect((await loginWith(server.url, by(SECRET))).status).toBe(200);
    const refused = await loginWith(server.url, by("a third secret"));
    await server.close();
    expect(refused).toMatchObject({
      status: 403,
      body: { errcode: "M_FORBIDDEN", error: "JWT validation failed: token signature invalid" },
    });
  });
});

test("once the rotation is over the old secret is refused", async () => {
  expect(await verdict({ secret: [NEW_SECRET] }, by(SECRET))).toBe("signature");
});

test("a list may mix text, bytes and KeyObjects", async () => {
  const verifier = verifierOf({
    secret: [SECRET, Buffer.alloc(64, 1), new Uint8Array(64).fill(2), createSecretKey(Buffer.alloc(64, 3))],
  });
  for (const secret of [SECRET, Buffer.alloc(64, 1), Buffer.alloc(64, 2), Buffer.alloc(64, 3)]) {
    expect(await verdict(verifier, by(secret))).toBe("accepted");
  }
});

test("text is taken as UTF-8, and as nothing else", async () => {
  const secret = "pa\u00dfwort \u{1f511} of more than thirty-two bytes";
  const verifier = verifierOf({ secret });
  expect(await verdict(verifier, by(Buffer.from(secret, "utf8")))).toBe("accepted");
  expect(await verdict(verifier, by(Buffer.from(secret, "latin1")))).toBe("signature");
  const base64 = Buffer.alloc(48, 7).toString("base64");
  expect(await verdict({ secret: base64 }, by(base64))).toBe("accepted");
  expect(await verdict({ secret: base64 }, by(Buffer.alloc(48, 7)))).toBe("signature");
});

test("its keys are ready at once", async () => {
  const ready = verifierOf({ secret: SECRET }).ready();
  expect(ready).toBeInstanceOf(Promise);
  await ready;
});

test("a kid is not looked at", async () => {
  expect(await verdict({ secret: SECRET }, token({}, { header: { kid: "any" } }))).toBe("accepted");
});

test("bytes that change after the verifier was made change nothing", async () => {
  const secret = Buffer.from(SECRET);
  const verifier = verifierOf({ secret });
  secret.fill(0);
  expect(await verdict(verifier, by(SECRET))).toBe("accepted");
});

describe("can't be", () => {
  test.each<[string, unknown, string, RegExp]>([
    ["empty", "", "secret", /empty/],
    ["empty bytes", Buffer.alloc(0), "secret", /empty/],
    ["an empty KeyObject", createSecretKey(Buffer.alloc(0)), "secret", /empty/],
    ["an empty list", [], "secret", /empty/],
    ["a list with an empty one", [SECRET, ""], "secret[1]", /empty/],
    ["null", null, "secret", /string/],
    ["a number", 12345678, "secret", /string/],
    ["an object", { key: SECRET }, "secret", /string/],
    ["a JWK", { kty: "oct", k: "AAAA" }, "secret", /string/],
    ["a list in a list", [[SECRET]], "secret[0]", /string/],
    ["a public KeyObject", RSA.publicKey, "secret", /publicKey/],
    ["a private KeyObject", RSA.privateKey, "secret", /private/],
    ["a public key's PEM", pem(RSA), "secret", /publicKey or keyFile/],
    ["a public key's PEM as bytes", Buffer.from(pem(RSA)), "secret", /publicKey or keyFile/],
    ["a public key's PEM with text around it", `key:\n${pem(ED25519)}\n`, "secret", /publicKey or keyFile/],
    ["a private key's PEM", privatePem(RSA), "secret", /PEM/],
    ["a certificate", certificate(RSA), "secret", /PEM/],
    ["a list with a public key", [SECRET, pem(RSA)], "secret[1]", /PEM/],
  ])("%s", (_, secret, path, message) => {
    const error = errorOf(() => verifierOf({ secret }));
    expect(error).toMatchObject({ name: "OptionsError", path });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain(SECRET);
  });
});

/** What people make of a PEM when they paste it. */
const PASTED: readonly (readonly [string, (text: string) => string | Buffer])[] = [
  ["as it is", (text) => text],
  ["with line breaks written out", (text) => text.replaceAll("\n", "\\n")],
  ["with line breaks written out twice", (text) => text.replaceAll("\n", "\\\\n")],
  ["with CRLF", (text) => text.replaceAll("\n", "\r\n")],
  ["in one line", (text) => text.replaceAll("\n", "")],
  ["in one line, with spaces", (text) => text.replaceAll("\n", " ")],
  ["indented", (text) => text.replaceAll(/^/gm, "    ")],
  ["in quotes", (text) => JSON.stringify(text)],
  ["in single quotes, with a space before", (text) => ` '${text}'`],
  ["in UTF-16", (text) => Buffer.from(`\ufeff${text}`, "utf16le")],
  ["in UTF-16 without a mark", (text) => Buffer.from(text, "utf16le")],
  ["in UTF-16, the other way round", (text) => Buffer.from(`\ufeff${text}`, "utf16le").swap16()],
  ["in base64", (text) => Buffer.from(text).toString("base64")],
  ["in base64 behind a label", (text) => `base64:${Buffer.from(text).toString("base64")}`],
  ["in a data URL", (text) => `data:application/x-pem-file;base64,${Buffer.from(text).toString("base64")}`],
  ["in percent-encoding", encodeURIComponent],
];
const SPKI = RSA.publicKey.export({ type: "spki", format: "der" });
const PKCS1 = RSA.publicKey.export({ type: "pkcs1", format: "der" });
const CERTIFICATE = Buffer.from(certificate(RSA).replace(/-----.*-----/g, ""), "base64");
const JSON_FORMS: readonly (readonly [string, unknown])[] = [
  ["a JWK", jwk(RSA)],
  ["a JWK of Ed25519", jwk(ED25519)],
  ["a private JWK", RSA.privateKey.export({ format: "jwk" })],
  ["a JWK Set", { keys: [{ kty: "oct", k: "AAAA" }, jwk(RSA)] }],
  ["a list of JWKs", [jwk(RSA)]],
  ["a JWK in something", { jwks: { keys: [jwk(RSA)] } }],
];
const { n = "", e = "" } = RSA.publicKey.export({ format: "jwk" });
/** RFC 4253 section 6.6. */
const SSH_RSA = `ssh-rsa ${Buffer.concat(
  [Buffer.from("ssh-rsa"), Buffer.from(e, "base64url"), Buffer.from(`AA${n}`, "base64url")].flatMap((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return [length, part];
  }),
).toString("base64")}`;
const DER_FORMS: readonly (readonly [string, Buffer])[] = [
  ["SPKI", SPKI],
  ["PKCS #1", PKCS1],
  ["a certificate", CERTIFICATE],
  ["SPKI of Ed25519", ED25519.publicKey.export({ type: "spki", format: "der" })],
  ["a private key", RSA.privateKey.export({ type: "pkcs8", format: "der" })],
];
const TEXT_OF_DER: readonly (readonly [string, (der: Buffer) => string | Buffer])[] = [
  ["bytes", (der) => der],
  ["base64", (der) => der.toString("base64")],
  ["base64 in lines, indented", (der) => der.toString("base64").replace(/.{64}/g, "$&\n   ")],
  ["base64 in lines that are written out", (der) => der.toString("base64").replace(/.{64}/g, "$&\\n")],
  ["base64url", (der) => der.toString("base64url")],
  ["base64 in quotes", (der) => `"${der.toString("base64")}"`],
  ["base64 of base64", (der) => Buffer.from(der.toString("base64")).toString("base64")],
  ["hexadecimal", (der) => der.toString("hex")],
  ["text of Latin-1", (der) => der.toString("latin1")],
  ["base64 behind a label", (der) => `base64:${der.toString("base64")}`],
  ["base64 between others", (der) => `kid=a, key=${der.toString("base64")}, use=sig`],
  ["base64 in percent-encoding", (der) => encodeURIComponent(der.toString("base64"))],
  ["hexadecimal with colons", (der) => der.toString("hex").replace(/..(?!$)/g, "$&:")],
];

test.each<[string, string | Buffer]>([
  ...[pem(RSA), certificate(RSA), privatePem(RSA)].flatMap((text, index) =>
    PASTED.map(([how, paste]): [string, string | Buffer] => [`PEM ${String(index)} ${how}`, paste(text)]),
  ),
  ...JSON_FORMS.flatMap(([what, value]) =>
    PASTED.filter(([how]) => how !== "in one line, with spaces").map(([how, paste]): [string, string | Buffer] => [
      `${what} ${how}`,
      paste(JSON.stringify(value)),
    ]),
  ),
  ["a JWK over several lines", JSON.stringify(jwk(RSA), undefined, 2)],
  ["a JWK in single quotes", JSON.stringify(jwk(RSA)).replaceAll('"', "'")],
  ["a JWK as YAML", "kty: RSA\nn: AQAB\ne: AQAB"],
  ["a JWK in a query", new URLSearchParams(jwk(ED25519) as Record<string, string>).toString()],
  ...DER_FORMS.flatMap(([what, der]) =>
    TEXT_OF_DER.map(([how, write]): [string, string | Buffer] => [`${what} in DER, as ${how}`, write(der)]),
  ),
  ["an SSH key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@here"],
  ["an SSH key's base64", "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"],
  ["an SSH key of a host", `example.org ${SSH_RSA}`],
  ["an SSH key with options", `restrict,command="ls" ${SSH_RSA} me@here`],
  ["an SSH2 key", `---- BEGIN SSH2 PUBLIC KEY ----\n${SSH_RSA.slice(8)}\n---- END SSH2 PUBLIC KEY ----`],
  ["PEM in small letters", pem(RSA).toLowerCase()],
  ["PEM with four dashes", pem(RSA).replaceAll("-----", "----")],
  ["hexadecimal with its prefix", `0x${SPKI.toString("hex")}`],
  ["DER behind a line break", Buffer.concat([Buffer.from("\n"), SPKI])],
  ["a JWK with an escape", JSON.stringify(jwk(RSA)).replace("kty", "\\u006bty")],
  ["an RSA key in XML", "<RSAKeyValue><Modulus>AQAB</Modulus><Exponent>AQAB</Exponent></RSAKeyValue>"],
])("what everybody may know is no secret: %s", (_, secret) => {
  const error = errorOf(() => verifierOf({ secret }));
  expect(error).toMatchObject({ name: "OptionsError", path: "secret" });
  expect(error.message).toMatch(/not a shared secret; use publicKey or keyFile/);
  const key = createSecretKey(Buffer.from(secret as string));
  expect(errorOf(() => verifierOf({ secret: key })).message).toMatch(/not a shared secret/);
});

test.each(["\\", "%", "A", "-", "{", "ky", "0"])(
  "a secret of a hundred thousand %j is looked at in a moment",
  (character) => {
    const startedAt = performance.now();
    verifierOf({ secret: character.repeat(100_000) });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  },
);

test("what only looks like a key is a secret like any other", async () => {
  const secrets = [
    "-----BEGIN to end----- of a secret that is long",
    JSON.stringify({ kty: "oct", k: "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldA" }),
    '{"a":1,"b":[null,"a secret that is written as JSON"]}',
    `0${"a".repeat(63)}`,
    Buffer.alloc(64, 0x30),
    Buffer.alloc(48, 0x30).toString("base64"),
    `AAAA${"b".repeat(60)}`,
    `100%${"d".repeat(60)}`,
    "a passphrase with a party: RSA is no word of it",
    `ssh-${"c".repeat(60)}`,
    "f".repeat(64),
    // Wrapped too often to be an oversight.
    [1, 2, 3, 4].reduce((inner) => Buffer.from(inner).toString("base64"), "a secret of more than thirty-two bytes"),
    SPKI.subarray(0, 100).toString("base64"),
  ];
  for (const secret of secrets) {
    expect(await verdict({ secret }, by(secret))).toBe("accepted");
  }
});

describe("a short secret", () => {
  const short = "s".repeat(31);

  test.each<[string, unknown, readonly string[] | undefined, RegExp | undefined]>([
    ["of 31 bytes warns", short, undefined, /32 bytes/],
    ["of 32 bytes is long enough for HS256", `${short}s`, undefined, undefined],
    ["of 32 bytes warns where HS512 alone is allowed", `${short}s`, ["HS512"], /64 bytes/],
    ["of 47 bytes warns where HS384 is the shortest", "s".repeat(47), ["HS512", "HS384"], /48 bytes/],
    ["of 48 bytes is long enough where HS384 is the shortest", "s".repeat(48), ["HS512", "HS384"], undefined],
    ["as bytes warns", Buffer.alloc(31, 1), undefined, /32 bytes/],
    ["as a KeyObject warns", createSecretKey(Buffer.alloc(31, 1)), undefined, /32 bytes/],
    ["in a list warns", [SECRET, short], undefined, /32 bytes/],
    ["is counted in bytes, not characters", "\u00e9".repeat(16), undefined, undefined],
  ])("%s", async (_, secret, algorithms, warning) => {
    const options = { secret, ...(algorithms && { algorithms }) };
    const verifier = verifierOf(options);
    if (warning === undefined) expect(emitWarning).not.toHaveBeenCalled();
    else {
      expect(emitWarning).toHaveBeenCalledTimes(1);
      expect(emitWarning).toHaveBeenCalledWith(expect.stringMatching(warning), expect.anything());
    }
    emitWarning.mockClear();
    await verdict(verifier, token());
    await verdict(verifier, token());
    expect(emitWarning).not.toHaveBeenCalled();
  });

  test("warns once, however many are short, and works", async () => {
    const verifier = verifierOf({ secret: [short, "t"] });
    expect(emitWarning).toHaveBeenCalledTimes(1);
    expect(String(emitWarning.mock.calls[0]?.[0])).not.toContain(short);
    expect(await verdict(verifier, by(short))).toBe("accepted");
    expect(await verdict(verifier, by("t"))).toBe("accepted");
  });

  test("is no word if there is none", () => {
    verifierOf({ publicKey: pem(RSA) });
    expect(emitWarning).not.toHaveBeenCalled();
  });
});
