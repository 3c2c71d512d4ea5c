import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import { certificate } from "../../helpers/certificates.js";
import { keySet, serveJwks, type JwksServer } from "../../helpers/jwks-server.js";
import { jwk, pem, RSA, SECRET } from "../../helpers/keys.js";
import { token } from "../../helpers/tokens.js";
import { verdict, type AnyOptions } from "../../helpers/verdict.js";

const NO_STRINGS = [1, 0, 1.5, null, true, false, [], ["rsa"], {}, { kid: "rsa" }];

let directory: string;
let server: JwksServer;

function fileOf(content: string): string {
  const file = join(mkdtempSync(join(directory, "key-")), "key");
  writeFileSync(file, content);
  return file;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "matrix-jwt-login-"));
  server = await serveJwks();
  server.answer(keySet([jwk(RSA)]));
});

afterAll(async () => {
  rmSync(directory, { recursive: true });
  await server.close();
});

describe("a `kid` that is no string", () => {
  test.each<[string, () => AnyOptions]>([
    ["a secret", () => ({ secret: SECRET })],
    ["secrets", () => ({ secret: ["another secret that is long enough!", SECRET] })],
    ["a public key", () => ({ publicKey: pem(RSA) })],
    ["a certificate", () => ({ publicKey: certificate(RSA) })],
    ["a PEM file", () => ({ keyFile: fileOf(pem(RSA)) })],
    ["PEM files", () => ({ keyFile: [fileOf(certificate(RSA)), fileOf(pem(RSA))] })],
  ])("is ignored with %s", async (_, options) => {
    const algorithm = "secret" in options() ? "HS256" : "RS256";
    for (const kid of NO_STRINGS) {
      expect([kid, await verdict(options(), token({}, { algorithm, header: { kid } }))]).toEqual([kid, "accepted"]);
    }
  });

  test.each<[string, () => AnyOptions]>([
    ["a JWK Set", () => ({ jwks: { keys: [jwk(RSA)] } })],
    ["a JWK Set in a file", () => ({ keyFile: fileOf(JSON.stringify({ keys: [jwk(RSA)] })) })],
    ["a JWK in a file", () => ({ keyFile: fileOf(JSON.stringify(jwk(RSA))) })],
    [
      "a JWK Set beside a PEM file",
      () => ({ keyFile: [fileOf(pem(RSA)), fileOf(JSON.stringify({ keys: [jwk(RSA)] }))] }),
    ],
    ["a JWKS endpoint", () => ({ jwksUri: server.url })],
  ])("is malformed with %s", async (_, options) => {
    for (const kid of NO_STRINGS) {
      expect([kid, await verdict(options(), token({}, { algorithm: "RS256", header: { kid } }))]).toEqual([
        kid,
        "malformed",
      ]);
    }
  });

  test("follows a key file that changes from PEM to a JWK Set", async () => {
    const keyFile = fileOf(pem(RSA));
    expect(await verdict({ keyFile }, token({}, { algorithm: "RS256", header: { kid: 1 } }))).toBe("accepted");
    writeFileSync(keyFile, JSON.stringify({ keys: [jwk(RSA)] }));
    expect(await verdict({ keyFile }, token({}, { algorithm: "RS256", header: { kid: 1 } }))).toBe("malformed");
  });
});
