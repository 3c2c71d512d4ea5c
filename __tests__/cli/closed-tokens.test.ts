import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import { ED25519, jwk, P256, pem, privatePem, RSA, SECRET } from "../helpers/keys.js";
import { token } from "../helpers/tokens.js";
import { run, temporaryFolder } from "./helpers.js";

const folder = temporaryFolder();
const SECRET_FILE = folder.file("secret", SECRET);
const RSA_FILE = folder.file("rsa.pem", privatePem(RSA));
const MINT = ["mint", "--secret-file", SECRET_FILE, "--sub", "alice", "--encrypt-for"];

let server: Server;
let url: string;
let answer: object;
let asked = 0;

beforeAll(async () => {
  server = createServer((_, res) => {
    asked += 1;
    res.writeHead(200).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  folder.remove();
});

let files = 0;

function explain(text: string, options: object, ...flags: readonly string[]) {
  // Node keeps what it has loaded of a file.
  const file = folder.file(`options-${String(files++)}.json`, JSON.stringify(options));
  return run(["explain", "--options", file, ...flags, "-"], { stdin: `${text}\n` });
}

describe("mint --encrypt-for and explain", () => {
  test.each<[string, string, string]>([
    ["an RSA key as PEM", pem(RSA), "rsa.pem"],
    ["an RSA key as JWK", JSON.stringify(jwk(RSA, { kid: "enc" })), "rsa.pem"],
    ["a JWK Set", JSON.stringify({ keys: [jwk(RSA)] }), "rsa.pem"],
    ["a JWK Set whose first key signs", JSON.stringify({ keys: [jwk(P256, { use: "sig" }), jwk(RSA)] }), "rsa.pem"],
    ["a JWK Set of several algorithms", JSON.stringify({ keys: [jwk(P256, { alg: "ES256" }), jwk(RSA)] }), "rsa.pem"],
    ["a JWK that names its algorithm", JSON.stringify(jwk(RSA, { alg: "RSA-OAEP" })), "rsa.pem"],
    ["an EC key", pem(P256), "ec.pem"],
  ])("agree on a token that is encrypted for %s", async (_, key, privateKey) => {
    const { exitCode, stdout } = await run([...MINT, folder.file("public", key)]);
    expect(exitCode).toBe(0);
    expect(stdout.trim().split(".")).toHaveLength(5);

    const keyFile = folder.file(privateKey, privatePem(privateKey === "ec.pem" ? P256 : RSA));
    const options = { secret: SECRET, decryption: { keyFile } };
    const explained = await explain(stdout.trim(), options, "--server-name", "example.org");
    expect(explained.stdout).toMatch(
      /pass {2}decryption 5 parts; a signed token is in it, .*; alg "[\w+-]+", enc "A256GCM", kid (?:none|"enc")\n/,
    );
    if (key.includes('"RSA-OAEP"')) expect(explained.stdout).toContain('; alg "RSA-OAEP", enc');
    expect(explained.stdout).toContain("pass  shape      3 parts in base64url");
    expect(explained.stdout).toContain("\nAccepted");
    expect(explained.exitCode).toBe(0);
  });

  test("say what can't be decrypted, and with one text", async () => {
    const { stdout } = await run([...MINT, folder.file("other", pem(P256))]);
    const options = { secret: SECRET, decryption: { keyFile: RSA_FILE } };
    for (const text of [stdout.trim(), "a.b.c.d.e"]) {
      const explained = await explain(text, options);
      expect(explained.stdout).toContain("FAIL  decryption token can't be decrypted, or holds no signed token");
      expect(explained.stdout).toContain("-> Compare the key that the issuer encrypts to");
      expect(explained.stdout.includes('alg "ECDH-ES+A256KW", enc "A256GCM", kid none')).toBe(text !== "a.b.c.d.e");
      expect(explained.exitCode).toBe(1);
    }
    expect((await explain(token(), options)).stdout).toContain("an encrypted token has five parts");
  });

  test.each<[string, string]>([
    ["no key", "nothing"],
    ["broken JSON", "{"],
    ["a key that can't be encrypted to", pem(ED25519)],
    ["a key that signs", JSON.stringify(jwk(RSA, { alg: "RS256" }))],
    ["keys that sign", JSON.stringify({ keys: [jwk(RSA, { use: "sig" }), jwk(P256, { alg: "ES256" })] })],
  ])("is wrong use with %s", async (_, content) => {
    const { exitCode, stderr } = await run([...MINT, folder.file("wrong", content)]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--encrypt-for must hold");
  });
});

describe("explain", () => {
  const alone = () => ({
    audience: null,
    introspection: { endpoint: `${url}/introspect`, clientId: "a", clientSecret: "b" },
  });

  test("asks about an opaque token, as a login does", async () => {
    answer = { active: true, sub: "alice" };
    const { stdout, exitCode } = await explain("opaque", alone(), "--server-name", "example.org");
    expect(stdout).toContain("pass  characters those of a bearer token");
    expect(stdout).toContain("pass  introspection");
    expect(stdout).toContain('pass  subject    "alice"');
    expect(stdout).not.toContain("Not judged");
    expect(exitCode).toBe(0);
  });

  test("asks nobody about a token that is too long, as a login does not", async () => {
    const before = asked;
    const { stdout, exitCode } = await explain("a".repeat(9_000), alone());
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^Refused \(too_long\)/);
    expect(asked).toBe(before);
  });

  test("says that a token is not active, or can't be checked", async () => {
    answer = { active: false };
    const inactive = await explain("opaque", alone());
    expect(inactive.stdout).toContain("Refused (inactive): token is not active");
    expect(inactive.exitCode).toBe(1);
    answer = {};
    const unavailable = await explain("opaque", alone());
    expect(unavailable.stdout).toContain("introspection_unavailable");
  });

  test("says what a token that is no access token says of itself", async () => {
    answer = { active: true, sub: "alice", typ: "Refresh" };
    const { stdout, exitCode } = await explain(token({ typ: "Refresh" }), alone());
    expect(stdout).toMatch(/FAIL {2}introspection token is not an access token\n +typ "Refresh" among the claims\n/);
    expect(stdout).toContain("-> Use an access token");
    expect(exitCode).toBe(1);
  });

  test("asks about a signed token after its own rules", async () => {
    answer = { active: true };
    const beside = { secret: SECRET, introspection: { endpoint: `${url}/introspect` } };
    expect((await explain(token(), beside)).stdout).toContain("pass  introspection");
    answer = { active: true, sub: "bob" };
    expect((await explain(token(), beside)).stdout).toContain("Refused (inactive)");
  });
});
