import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, test } from "@jest/globals";
import type { Algorithm } from "matrix-jwt-login";

import { certificate } from "../../helpers/certificates.js";
import { EXPRESS_VERSIONS, type RunningServer } from "../../helpers/hosts.js";
import { ED25519, jwk, KEYS, P256, P384, pem, privatePem, RSA, SECRET, type KeyPair } from "../../helpers/keys.js";
import { host, loginWith, optionsWith } from "../../helpers/login.js";
import { PASTED } from "../../helpers/pasted.js";
import { token } from "../../helpers/tokens.js";
import { errorOf, verdict, verifierOf } from "../../helpers/verdict.js";

const RSA_1024 = generateKeyPairSync("rsa", { modulusLength: 1024 });
const RSA_2040 = generateKeyPairSync("rsa", { modulusLength: 2040 });
const SECP256K1 = generateKeyPairSync("ec", { namedCurve: "secp256k1" });
const OTHER_RSA = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ATTACKER = generateKeyPairSync("rsa", { modulusLength: 2048 });
const LAPSED = certificate(RSA, new Date("2002-01-01T00:00:00Z"));
const base64Lines = (text: string): string => text.replaceAll(/-----[^-]+-----|\s/g, "");

const PKCS1 = RSA.publicKey.export({ type: "pkcs1", format: "pem" }).toString();

describe.each(EXPRESS_VERSIONS)("a login by a public key on %s", (_, express) => {
  const servers: RunningServer[] = [];
  afterAll(async () => {
    for (const { close } of servers) await close();
  });

  test.each<[string, unknown]>([
    ["PEM", pem(RSA)],
    ["an X.509 certificate", certificate(RSA)],
    ["a list, whatever the kid", [pem(ED25519), pem(OTHER_RSA), pem(RSA)]],
  ])("given as %s", async (_, publicKey) => {
    const server = await host(optionsWith({ secret: undefined, publicKey }), express);
    servers.push(server);
    const made = token({}, { algorithm: "RS256", header: { kid: "any" } });
    expect((await loginWith(server.url, made)).status).toBe(200);
    const forged = token({}, { algorithm: "RS256", key: ATTACKER.privateKey });
    expect(await loginWith(server.url, forged)).toMatchObject({
      status: 403,
      body: { errcode: "M_FORBIDDEN", error: "JWT validation failed: token signature invalid" },
    });
  });
});

test.each<[string, unknown]>([
  ["PEM of PKCS #1", PKCS1],
  ["PEM with Windows line ends", pem(RSA).replaceAll("\n", "\r\n")],
  ["PEM with text around it", `Public key of the IdP\n${pem(RSA)}\nend\n`],
  ["PEM with a byte order mark", `\ufeff${pem(RSA)}`],
  ["PEM without its last line feed", pem(RSA).trimEnd()],
  ["a certificate as bytes", Buffer.from(certificate(RSA))],
  ["a certificate that has lapsed", LAPSED],
  ["a chain of certificates, the first of which is meant", certificate(RSA) + certificate(P256)],
  ["a KeyObject of a certificate's key", RSA.publicKey],
])("takes %s", async (_, publicKey) => {
  expect(await verdict({ publicKey }, token({}, { algorithm: "RS256" }))).toBe("accepted");
});

test("of a chain, the keys of those who signed are not the token's", async () => {
  const verifier = verifierOf({ publicKey: certificate(RSA) + certificate(P256) });
  expect(await verdict(verifier, token({}, { algorithm: "ES256" }))).toBe("algorithm");
});

test("of a list, only the keys that fit are asked", async () => {
  const verifier = verifierOf({
    publicKey: [pem(OTHER_RSA), P256.publicKey, Buffer.from(pem(RSA)), certificate(ED25519)],
  });
  for (const algorithm of ["RS256", "PS512", "ES256", "EdDSA"] as const) {
    expect(await verdict(verifier, token({}, { algorithm }))).toBe("accepted");
  }
  expect(await verdict(verifier, token({}, { algorithm: "ES384" }))).toBe("algorithm");
  expect(await verdict(verifier, token({}, { algorithm: "ES256", key: P384.privateKey }))).toBe("signature");
});

const WEAK = /2048 bits.*P-256.*Ed25519/;
const PRIVATE = /private key.*-pubout/;

test.each<[string, unknown, RegExp, string?]>([
  ["an RSA key of 1024 bits", pem(RSA_1024), WEAK],
  ["an RSA key of 2040 bits", pem(RSA_2040), WEAK],
  ["a certificate of an RSA key of 1024 bits", certificate(RSA_1024), WEAK],
  ["an RSA key of 1024 bits as a KeyObject", RSA_1024.publicKey, WEAK],
  ["secp256k1", pem(SECP256K1), WEAK],
  ["X25519", generateKeyPairSync("x25519").publicKey, WEAK],
  ["Ed448", generateKeyPairSync("ed448").publicKey, WEAK],
  ["DSA", generateKeyPairSync("dsa", { modulusLength: 2048, divisorLength: 256 }).publicKey, WEAK],
  ["a private key's PEM", privatePem(RSA), PRIVATE],
  ["a private key of PKCS #1", RSA.privateKey.export({ type: "pkcs1", format: "pem" }), PRIVATE],
  ["a private key of SEC 1", P256.privateKey.export({ type: "sec1", format: "pem" }), PRIVATE],
  [
    "an encrypted private key",
    RSA.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" }),
    PRIVATE,
  ],
  ["a private key behind its certificate", certificate(RSA) + privatePem(RSA), PRIVATE],
  ["a private KeyObject", RSA.privateKey, /not a private one/],
  ["a secret KeyObject", KEYS.HS256.publicKey, /not a secret one/],
  ["a list with a private key", [pem(RSA), privatePem(P256)], PRIVATE, "publicKey[1]"],
  ["two public keys in one text", pem(RSA) + pem(P256), /more than one/],
  ["two of PKCS #1 in one text", PKCS1 + PKCS1, /more than one/],
  ["another PEM block", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----", /CERTIFICATE/],
  ["PEM that is cut", pem(RSA).slice(0, 200), /damaged/],
  ["PEM with a character missing", pem(RSA).replace(/\n(.)/, "\n"), /damaged/],
  ["PEM with nothing in it", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", /damaged/],
  ["PEM with rubbish in it", "-----BEGIN PUBLIC KEY-----\nAAAAAAAA\n-----END PUBLIC KEY-----\n", /damaged/],
  ["a certificate with rubbish in it", "-----BEGIN CERTIFICATE-----\nAAAAAAAA\n-----END CERTIFICATE-----\n", /damaged/],
  ["PEM's base64 alone", base64Lines(pem(RSA)), /must hold a PEM.*add -----BEGIN PUBLIC KEY-----/],
  ["an Ed25519 key's base64", base64Lines(pem(ED25519)), /add -----BEGIN PUBLIC KEY-----/],
  [
    "PEM's base64 with line breaks written out",
    pem(RSA)
      .replaceAll(/-----.*-----\n/g, "")
      .replaceAll("\n", "\\n"),
    /add -----BEGIN PUBLIC/,
  ],
  [
    "PEM's base64 in quotes, indented",
    `"${pem(RSA)
      .replaceAll(/-----.*-----\n/g, "")
      .replaceAll(/^/gm, "  ")}"`,
    /add -----BEGIN PUBLIC/,
  ],
  ["a PKCS #1 key's base64", base64Lines(PKCS1), /add -----BEGIN RSA PUBLIC KEY-----/],
  ["a certificate's base64", base64Lines(certificate(RSA)), /add -----BEGIN CERTIFICATE-----/],
  ["a private key's base64", base64Lines(privatePem(RSA)), PRIVATE],
  ["DER", RSA.publicKey.export({ type: "spki", format: "der" }), /PEM/],
  ["a shared secret", SECRET, /PEM/],
  ["JSON", JSON.stringify(jwk(RSA)), /PEM/],
  ["an SSH key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl", /PEM/],
  ["a path", "./public.pem", /PEM.*not the path of a file: that goes into keyFile$/],
  ["a path of Windows", "C:\\keys\\public.crt", /that goes into keyFile$/],
  ["a name without an ending", "public", /must hold a PEM public key/],
  ["a JWK", jwk(RSA), /KeyObject/],
  ["null", null, /KeyObject/],
  ["a number", 5, /KeyObject/],
  ["an empty string", "", /PEM/],
  ["an empty list", [], /empty/],
])("an options error: %s", (_, publicKey, message, path = "publicKey") => {
  const error = errorOf(() => verifierOf({ publicKey }));
  expect(error).toMatchObject({ name: "OptionsError", path });
  expect(error.message).toMatch(message);
});

test("the error of a damaged key says what OpenSSL said of it", () => {
  const error = errorOf(() => verifierOf({ publicKey: pem(RSA).slice(0, 200) }));
  expect(error).toHaveProperty("cause.code", expect.stringMatching(/^ERR_/));
});

const PEMS: readonly (readonly [string, string, KeyPair, Algorithm])[] = [
  ["an RSA key", pem(RSA), RSA, "RS256"],
  ["an Ed25519 key", pem(ED25519), ED25519, "EdDSA"],
  ["a PKCS #1 key", PKCS1, RSA, "RS256"],
  ["a certificate", certificate(P256), P256, "ES256"],
];

describe.each(PEMS)("%s is read as it was pasted:", (_, text, pair, algorithm) => {
  test.each(PASTED)("%s", async (how, paste) => {
    const made = token({}, { algorithm, key: pair.privateKey });
    expect(await verdict({ publicKey: paste(text) }, made)).toBe("accepted");
    const directory = mkdtempSync(join(tmpdir(), "matrix-jwt-login-"));
    const keyFile = join(directory, "key.pem");
    writeFileSync(keyFile, paste(text));
    expect(await verdict({ keyFile }, made)).toBe("accepted");
    rmSync(directory, { recursive: true });
  });

  test("is damaged if a character of it is gone", () => {
    for (const [how, paste] of PASTED) {
      if (how.includes("UTF-16")) continue;
      const cut = String(paste(text)).replace(/M(?=[^-]*-----END)/, "");
      expect(errorOf(() => verifierOf({ publicKey: cut })).message).toMatch(/damaged/);
    }
  });
});
