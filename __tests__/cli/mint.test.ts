import { generateKeyPairSync, verify } from "node:crypto";

import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";

import { ALGORITHMS } from "../../lib/tokens/algorithms.js";
import { ED25519, KEYS, P256, P384, pem, privatePem, RSA, SECRET } from "../helpers/keys.js";
import { inSeconds } from "../helpers/tokens.js";
import { run, temporaryFolder } from "./helpers.js";

const folder = temporaryFolder();
const SECRET_FILE = folder.file("secret", `${SECRET}\n`);
const RSA_FILE = folder.file("rsa.pem", privatePem(RSA));
const ED25519_FILE = folder.file("ed25519.pem", privatePem(ED25519));
const PSS = generateKeyPairSync("rsa-pss", {
  modulusLength: 2048,
  hashAlgorithm: "sha384",
  mgf1HashAlgorithm: "sha384",
});

afterAll(() => {
  folder.remove();
});

async function minted(...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await run(["mint", ...args]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const [header, claims] = stdout
    .split(".", 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>);
  return { token: stdout.trim(), header, claims };
}

describe("mint", () => {
  test.each(ALGORITHMS)("makes %s tokens that explain accepts", async (algorithm) => {
    const { privateKey, publicKey } = KEYS[algorithm];
    const isSecret = privateKey.type === "secret";
    const signing = isSecret
      ? ["--secret-file", SECRET_FILE]
      : ["--key-file", folder.file("private.pem", privatePem({ privateKey, publicKey }))];
    const verifying = isSecret ? signing : ["--key-file", folder.file("public.pem", pem({ privateKey, publicKey }))];

    const { token, header } = await minted(...signing, "--algorithm", algorithm, "--sub", "alice");
    const explained = await run(["explain", ...verifying, "--algorithm", algorithm, "-"], { stdin: `${token}\n` });

    expect(header).toEqual({ alg: algorithm, typ: "JWT" });
    expect(explained.stdout).toContain("\nAccepted");
    expect(explained.exitCode).toBe(0);
  });

  test.each([
    ["a secret", ["--secret-file", SECRET_FILE], "HS256"],
    ["an RSA key", ["--key-file", RSA_FILE], "RS256"],
    ["an RSA-PSS key", ["--key-file", folder.file("pss.pem", privatePem(PSS))], "PS384"],
    ["a P-256 key", ["--key-file", folder.file("p256.pem", privatePem(P256))], "ES256"],
    ["a P-384 key", ["--key-file", folder.file("p384.pem", privatePem(P384))], "ES384"],
    ["an Ed25519 key", ["--key-file", ED25519_FILE], "EdDSA"],
    [
      "a key as PKCS#1",
      ["--key-file", folder.file("pkcs1.pem", RSA.privateKey.export({ type: "pkcs1", format: "pem" }))],
      "RS256",
    ],
  ])("chooses the algorithm by %s", async (_, args, algorithm) => {
    expect((await minted(...args)).header).toMatchObject({ alg: algorithm });
  });

  test("signs what it prints", async () => {
    const { token } = await minted("--key-file", ED25519_FILE);
    const [header, claims, signature = ""] = token.split(".");
    const input = Buffer.from(`${String(header)}.${String(claims)}`);
    expect(verify(null, input, ED25519.publicKey, Buffer.from(signature, "base64url"))).toBe(true);
  });

  test("lets a token live for five minutes, and names nobody", async () => {
    const before = inSeconds(0);
    const { claims } = await minted("--secret", SECRET);
    const iat = Number(claims?.["iat"]);
    expect(claims).toEqual({ iat, exp: iat + 300 });
    expect(iat - before).toBeLessThan(5);
    expect(iat).toBeGreaterThanOrEqual(before);
  });

  test("takes header and claims from its flags", async () => {
    const { header, claims } = await minted(
      ...["--secret-file", SECRET_FILE, "--kid", "k1", "--type", "at+jwt", "--sub", "alice", "--expires=-60"],
      ...["--issuer", "https://idp.example.org", "--audience", "matrix", "--audience", "other"],
      ...["--claim", "admin=true", "--claim", 'roles=["a",1]', "--claim", "name=Alice = A", "--claim", "iat=1"],
      ...["--claim", "__proto__=1", "--claim", "empty="],
    );
    expect(header).toEqual({ alg: "HS256", typ: "at+jwt", kid: "k1" });
    const { exp, ...rest } = { ...claims };
    expect(Number(exp)).toBeLessThan(inSeconds(-55));
    expect(JSON.stringify(rest)).toBe(
      '{"iss":"https://idp.example.org","sub":"alice","aud":["matrix","other"],"iat":1,"admin":true,"roles":["a",1],' +
        '"name":"Alice = A","__proto__":1,"empty":""}',
    );
  });

  test("writes one audience as text, and leaves out exp that is never", async () => {
    const { claims } = await minted("--secret", SECRET, "--audience", "matrix", "--expires", "never");
    expect(claims).toEqual({ aud: "matrix", iat: expect.any(Number) });
  });

  test.each([
    ["no key", [], "needs one of --secret-file, --secret and --key-file"],
    ["two keys", ["--secret", "a", "--key-file", RSA_FILE], "needs one of --secret-file, --secret and --key-file"],
    ["an empty secret", ["--secret", ""], "--secret must not be empty"],
    ["a file of an empty line", ["--secret-file", folder.file("empty", "\r\n")], "--secret-file must not be empty"],
    ["a PEM as the secret", ["--secret-file", RSA_FILE], "--secret-file is a PEM key or certificate"],
    ["a file that is not there", ["--secret-file", "/none/of/it"], "--secret-file can't be read: ENOENT"],
    ["a key that is not there", ["--key-file", "/none/of/it"], "--key-file can't be read: ENOENT"],
    ["a public key", ["--key-file", folder.file("pub.pem", pem(RSA))], "--key-file must hold a private key as PEM"],
    [
      "a weak key",
      ["--key-file", folder.file("weak.pem", privatePem(generateKeyPairSync("rsa", { modulusLength: 1024 })))],
      "--key-file must hold an RSA key of at least 2048 bits",
    ],
    ["another key's algorithm", ["--key-file", ED25519_FILE, "--algorithm", "HS256"], "one that fits the key: EdDSA"],
    ["no number", ["--secret", SECRET, "--expires", "1h"], '--expires must be a whole number of seconds, or "never"'],
    ["a claim without a value", ["--secret", SECRET, "--claim", "admin"], "--claim must be NAME=VALUE"],
    ["a claim without a name", ["--secret", SECRET, "--claim", "=1"], "--claim must be NAME=VALUE"],
    ["something else", ["--secret", "correct", "horse"], "takes options alone"],
  ])("refuses %s as wrong use", async (_, args, problem) => {
    const { exitCode, stdout, stderr } = await run(["mint", ...args]);
    expect(stderr).toContain(`matrix-jwt-login mint: `);
    expect(stderr).toContain(problem);
    expect(stderr).toContain("see matrix-jwt-login mint --help\n");
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).not.toMatch(/horse|BEGIN|MII/);
  });

  describe("with a secret that is short", () => {
    const warn = jest.spyOn(process, "emitWarning");
    beforeAll(() => {
      warn.mockImplementation(() => undefined);
    });
    afterAll(() => {
      warn.mockRestore();
    });

    test("warns as the library does", async () => {
      await minted("--secret", "x".repeat(31));
      expect(warn).toHaveBeenCalledTimes(1);
      expect(warn.mock.calls[0]?.[0]).toMatch(/^the secret is shorter than the 32 bytes/);
    });
  });
});
