import { createSecretKey, sign } from "node:crypto";

import { afterAll, describe, expect, test } from "@jest/globals";

import { jwk, P256, pem, RSA, SECRET } from "../helpers/keys.js";
import { encode, inSeconds, signature, token } from "../helpers/tokens.js";
import { run, temporaryFolder, type Run } from "./helpers.js";

const folder = temporaryFolder();
afterAll(() => {
  folder.remove();
});

function optionsFile(options: unknown): string {
  return folder.file(`${String(Math.random())}.json`, JSON.stringify(options));
}

function explain(text: string, options: unknown, ...flags: readonly string[]): Promise<Run> {
  return run(["explain", "--options", optionsFile(options), ...flags, "-"], { stdin: text });
}

const secret = { secret: SECRET };

describe("explain reads what people paste as the token that is meant", () => {
  const good = token();
  const half = Math.floor(good.length / 2);

  test.each<readonly [string, string]>([
    ["Bearer", `Bearer ${good}`],
    ["bearer and a header's name", `authorization: bearer ${good}\r\n`],
    ["quotes", `"${good}"`],
    ["single quotes", ` '${good}'\n`],
    ["typographic quotes", `\u201c${good}\u201d`],
    ["quotes around Bearer", `"Bearer ${good}"`],
    ["line breaks within", `${good.slice(0, half)}\r\n  ${good.slice(half)}\n`],
    ["a byte order mark", `\ufeff${good}`],
    ["the answer of a token endpoint", JSON.stringify({ token_type: "Bearer", access_token: good }, undefined, 2)],
    ["an ID token's answer", JSON.stringify({ id_token: good })],
    ["a login request", JSON.stringify({ type: "org.matrix.login.jwt", token: good })],
    ["JSON in quotes", `'${JSON.stringify({ access_token: good })}'`],
    ["a command line", `curl https://a/login --data '${JSON.stringify({ type: "a", token: good })}'`],
    ["an answer whose first token is empty", JSON.stringify({ access_token: "", id_token: good })],
  ])("%s", async (_, pasted) => {
    expect(await explain(pasted, secret)).toMatchObject({ exitCode: 0 });
    expect(await run(["explain", "--secret", SECRET, pasted])).toMatchObject({ exitCode: 0 });
  });

  test.each(["", "{", '{"access_token":1}', '"', "Bearer", "{}", "null"])(
    "and reads %j as no token",
    async (pasted) => {
      const { exitCode, stdout } = await explain(pasted, secret);
      expect(exitCode).toBe(1);
      expect(stdout).toMatch(/^Refused \(malformed\)/);
    },
  );
});

describe("explain --json", () => {
  interface Report {
    readonly accepted: boolean;
    readonly code: string | null;
    readonly checks: readonly {
      readonly name: string;
      readonly result: string;
      readonly text: string;
      readonly advice?: string;
    }[];
    readonly header: unknown;
    readonly claims: unknown;
    readonly keys: unknown;
  }

  async function reportOf(text: string, options: unknown, ...flags: readonly string[]): Promise<Report> {
    const { stdout } = await explain(text, options, "--json", ...flags);
    return JSON.parse(stdout) as Report;
  }

  test("is one object about a token that is accepted", async () => {
    const exp = inSeconds(60);
    const report = await reportOf(token({ exp }), secret);
    expect(report).toMatchObject({
      accepted: true,
      code: null,
      header: { alg: "HS256", typ: "JWT" },
      claims: { sub: "alice", exp },
      keys: [{ type: "secret" }],
    });
    expect(report.checks).toContainEqual({ name: "signature", result: "pass", text: "good" });
    expect(report.checks).toContainEqual({ name: "iss", result: "skip", text: "not checked: issuer is not set" });
  });

  test("says what failed and what to change", async () => {
    const report = await reportOf(token({ exp: 1 }, { algorithm: "RS256" }), { publicKey: pem(RSA) });
    expect(report).toMatchObject({
      accepted: false,
      code: "expired",
      keys: [{ type: "public", kty: "rsa", bits: 2048 }],
    });
    const expiry = report.checks.find(({ name }) => name === "exp");
    expect(expiry).toMatchObject({ result: "fail", advice: expect.stringContaining("fresh token") });
    expect(expiry?.text).toMatch(/^token expired; 1970-/);
  });

  test("names the URL of keys that can't be had, and the cause once", async () => {
    const issuer = "http://127.0.0.1:1";
    const options = { discover: true, issuer, jwksOptions: { allowHttp: true } };
    const { code, checks } = await reportOf(token({ iss: issuer }, { algorithm: "RS256" }), options);
    expect(code).toBe("keys_unavailable");
    const { text = "" } = checks.find(({ name }) => name === "key") ?? {};
    expect(text).toMatch(/^keys could not be fetched: (?!keys could not be fetched)/);
    expect(text).toContain(`${issuer}/.well-known/openid-configuration: `);
  });

  test("names the curve of a key", async () => {
    const report = await reportOf(token({}, { algorithm: "ES256" }), { publicKey: pem(P256) });
    expect(report.keys).toEqual([{ type: "public", kty: "ec", curve: "prime256v1" }]);
  });

  test("has neither header nor claims of what is no token", async () => {
    expect(await reportOf("rubbish", secret)).toMatchObject({
      accepted: false,
      code: "malformed",
      header: null,
      claims: null,
      keys: [],
    });
  });

  test("has no signature, no secret, and nothing that a terminal acts on", async () => {
    const text = token({ sub: "\u001b[2J\u202e\u2028\u{e0001}\ud800", "\u009b": "\u007f" });
    const { stdout } = await explain(text, secret, "--json");
    expect(stdout).not.toContain(SECRET);
    expect(stdout).not.toContain(text.split(".")[2]);
    const codes = Array.from(stdout.replaceAll("\n", ""), (one) => Number(one.codePointAt(0)));
    expect(codes.filter((code) => code < 32 || code > 126)).toEqual([]);
    expect(JSON.parse(stdout)).toMatchObject({
      claims: { sub: "\u001b[2J\u202e\u2028\u{e0001}\ud800", "\u009b": "\u007f" },
    });
  });

  test("has the header of an encrypted token that it can't open", async () => {
    const outer = { alg: "RSA-OAEP-256", enc: "A256GCM" };
    const { stdout } = await explain(`${encode(outer)}.b.c.d.e`, secret, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ accepted: false, header: outer, claims: null });
  });
});

describe("explain --quiet", () => {
  test("shows failures and the verdict alone", async () => {
    const { stdout, exitCode } = await explain(token({ exp: 1 }), secret, "--quiet");
    expect(stdout).not.toMatch(/^pass/m);
    expect(stdout).toMatch(
      /^Refused \(expired\): token expired\n\nFAIL {2}exp .*\n .*\n +-> .*\n\nRefused \(expired\): token expired\n$/,
    );
    expect(exitCode).toBe(1);
  });

  test("shows the verdict of a good token", async () => {
    const { stdout } = await explain(token(), secret, "--quiet");
    expect(stdout).toBe("Accepted, if findUser knows the user.\n\nAccepted, if findUser knows the user.\n");
  });
});

describe("explain's colours", () => {
  const coloured = (args: readonly string[], environment = "") => {
    const before = process.env["NO_COLOR"];
    process.env["NO_COLOR"] = environment;
    return run(["explain", "--secret", SECRET, ...args, token({ exp: 1 })], { stdoutIsTTY: true }).finally(() => {
      if (before === undefined) delete process.env["NO_COLOR"];
      else process.env["NO_COLOR"] = before;
    });
  };

  test("are for terminals", async () => {
    const { stdout } = await coloured([]);
    expect(stdout).toContain("\u001b[32mpass\u001b[39m  length ");
    expect(stdout).toContain("\u001b[31mFAIL\u001b[39m  exp ");
    expect(stdout.startsWith("\u001b[31mRefused (expired): token expired\u001b[39m\n")).toBe(true);
  });

  test("are left out on request", async () => {
    expect((await coloured(["--no-color"])).stdout).not.toContain("\u001b");
    expect((await coloured([], "1")).stdout).not.toContain("\u001b");
    expect((await run(["explain", "--secret", SECRET, token()])).stdout).not.toContain("\u001b");
    expect((await coloured(["--json"])).stdout).not.toContain("\u001b");
  });
});

describe("explain judges a user as findUser would answer", () => {
  const registering = { ...secret, allowRegistration: true };
  const email = token({ sub: "alice@example.com" });

  test.each<readonly [string, string, object, readonly string[], RegExp, number]>([
    ["a new user whose name is possible", token(), registering, [], /^Accepted\.\n/, 0],
    ["a new user whose name is not possible", email, registering, [], /^Refused \(user_id\): User names can only/, 1],
    ["a name in capitals", token({ sub: "Alice" }), registering, [], /^Refused \(user_id\)/, 1],
    ["a name to escape", token({ sub: "auth0|1" }), { ...registering, localpart: "escape" }, [], /^Accepted\.\n/, 0],
    ["a user who exists", email, registering, ["--user", "known"], /^Accepted, if findUser knows the user\.\n/, 0],
    ["a user without registration", email, secret, [], /^Accepted, if findUser knows the user\.\n/, 0],
    ["nobody", token(), secret, ["--user", "unknown"], /^Refused \(unknown_user\): User does not exist\n/, 1],
  ])("%s", async (_, text, options, flags, verdict, exitCode) => {
    for (const server of [[], ["--server-name", "example.org"]]) {
      const explained = await explain(text, options, ...flags, ...server);
      expect(explained.stdout).toMatch(verdict);
      expect(explained.exitCode).toBe(exitCode);
    }
  });

  test("and takes no other answer", async () => {
    const { exitCode, stderr } = await explain(token(), secret, "--user", "maybe");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--user must be known or unknown");
  });
});

describe("explain and a list of issuers", () => {
  const list = [
    { ...secret, issuer: "https://a", audience: "a" },
    { publicKey: pem(RSA), issuer: "https://b", jwksOptions: undefined },
  ];

  test("takes the entry of the token's issuer", async () => {
    const { stdout, exitCode } = await explain(token({ iss: "https://a", aud: "a" }), list);
    expect(stdout).toContain(
      'pass  issuer     the token\'s own iss selects the rules, of "https://a" or "https://b"\n',
    );
    expect(exitCode).toBe(0);
    const other = await explain(token({ iss: "https://b" }, { algorithm: "RS256" }), list);
    expect(other.stdout).toContain("1 for RS256 in publicKey");
    expect(other.exitCode).toBe(0);
  });

  test.each([token({ iss: "https://c" }), token(), "rubbish"])("refuses %s without an entry", async (text) => {
    const { stdout, exitCode } = await explain(text, list);
    expect(stdout).toMatch(/^Refused \((issuer|malformed)\).*\n\nFAIL {2}issuer /);
    expect(exitCode).toBe(1);
  });

  test("can't be put under flags of one login type", async () => {
    const { stderr, exitCode } = await explain(token(), list, "--audience", "a");
    expect(stderr).toContain("--options has a list of issuers");
    expect(exitCode).toBe(2);
  });

  test("shows what is in a token without an entry, as JSON too", async () => {
    const { stdout } = await explain(token({ iss: "https://c" }), list, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ header: { alg: "HS256" }, claims: { iss: "https://c" }, keys: [] });
    const { stdout: rubbish } = await explain("rubbish", list, "--json");
    expect(JSON.parse(rubbish)).toMatchObject({ header: null, claims: null, keys: [] });
  });

  test("shows what is in a token without an entry, as JSON too", async () => {
    const { stdout } = await explain(token({ iss: "https://c" }), list, "--json");
    expect(JSON.parse(stdout)).toMatchObject({ header: { alg: "HS256" }, claims: { iss: "https://c" }, keys: [] });
    const { stdout: rubbish } = await explain("rubbish", list, "--json");
    expect(JSON.parse(rubbish)).toMatchObject({ header: null, claims: null, keys: [] });
  });
});

describe("explain advises", () => {
  const HS_INPUT = `${encode({ alg: "HS256" })}.${encode({ sub: "alice", exp: inSeconds(60) })}`;
  const hsToken = (key: Buffer) =>
    `${HS_INPUT}.${signature(HS_INPUT, "HS256", createSecretKey(key)).toString("base64url")}`;
  const esInput = `${encode({ alg: "ES256" })}.${encode({ sub: "alice", exp: inSeconds(60) })}`;
  const der = sign("sha256", Buffer.from(esInput), P256.privateKey).toString("base64url");
  const bytes = Buffer.alloc(40, 0xfb);
  const rs256 = { algorithm: "RS256" } as const;
  const algorithm = (alg: string) => token({}, { header: { alg } });

  test.each<readonly [string, string, object, string]>([
    [
      "the option for base64",
      hsToken(bytes),
      { secret: bytes.toString("base64") },
      'Set secret: Buffer.from(..., "base64")',
    ],
    [
      "the option for base64 in several lines",
      hsToken(bytes),
      { secret: `${bytes.toString("base64").slice(0, 30)}\n${bytes.toString("base64").slice(30)}` },
      'Set secret: Buffer.from(..., "base64")',
    ],
    [
      "the option for base64url",
      hsToken(bytes),
      { secret: bytes.toString("base64url") },
      'Set secret: Buffer.from(..., "base64url")',
    ],
    ["the option for hex", hsToken(bytes), { secret: bytes.toString("hex") }, 'Set secret: Buffer.from(..., "hex")'],
    [
      "the option for quotes and a line end",
      token(),
      { secret: `'${SECRET}'\r\n` },
      "Set secret: (...).trim().slice(1, -1)",
    ],
    ["the option for quotes", token(), { secret: `"${SECRET}"` }, "Set secret: (...).slice(1, -1)"],
    [
      "the option for a byte order mark",
      token(),
      { secret: `\ufeff${SECRET}` },
      'Set secret: (...).replace(/^\\uFEFF/, "")',
    ],
    ["the option for a line end", token(), { secret: `${SECRET}\r\n` }, "Set secret: (...).trim()"],
    [
      "signatures of RFC 7518 in place of DER",
      `${esInput}.${der}`,
      { publicKey: pem(P256) },
      "Have the issuer write r and s side by side",
    ],
    [
      "a kid among many keys",
      `${token({}, rs256).slice(0, -4)}AAAA`,
      { jwks: { keys: Array.from({ length: 8 }, (_, i) => jwk(RSA, { kid: String(i) })) } },
      "Have the issuer set kid",
    ],
    [
      "the keys on both sides, if a signature is not DER either",
      `${esInput}.${"A".repeat(86)}`,
      { publicKey: pem(P256) },
      "Compare the keys on both sides",
    ],
    ["an algorithm that fits", token(), { ...secret, algorithms: ["HS512"] }, 'add "HS256" to algorithms'],
    ["a public key", token({}, rs256), secret, "The issuer's public key is needed"],
    ["a secret", token(), { publicKey: pem(RSA) }, "A shared secret is needed"],
    ["no unsigned token", algorithm("none"), secret, "can be used here: HS256, HS384, HS512"],
    ["no algorithm that throws", algorithm("ES256K"), { jwks: { keys: [jwk(RSA)] } }, "can be used here: RS256, RS384"],
    ["no algorithm of no kind", algorithm("\u001b[2J"), secret, "can be used here"],
  ])("%s", async (_, text, options, advice) => {
    const { stdout, exitCode } = await explain(text, options);
    expect(stdout).toContain(advice);
    expect(exitCode).toBe(1);
  });
});
