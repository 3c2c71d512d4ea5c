import { describe, expect, test } from "@jest/globals";

import { SECRET } from "../helpers/keys.js";
import { inSeconds, signed, token } from "../helpers/tokens.js";
import { run } from "./helpers.js";

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const TOKEN = token({ sub: "alice", exp: 4_102_444_800, aud: "matrix" });

describe("decode", () => {
  test("prints header, claims and times, and says that nothing is verified", async () => {
    const { exitCode, stdout, stderr } = await run(["decode", TOKEN]);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^NOT VERIFIED/);
    expect(stdout).toContain('"alg": "HS256"');
    expect(stdout).toContain('"sub": "alice"');
    expect(stdout).toMatch(/exp +2100-01-01T00:00:00\.000Z, in \d+ d/);
  });

  test("prints claims that are nested deeper than a stack reaches", async () => {
    const claims = `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)},"sub":"alice"}`;
    const deep = `${part({ alg: "HS256" })}.${Buffer.from(claims).toString("base64url")}.x`;
    const text = await run(["decode", "-"], { stdin: deep });
    expect(text).toMatchObject({ exitCode: 0, stderr: "" });
    expect(text.stdout).toContain("[…]");
    const objects = `{"a":${'{"b":'.repeat(100)}1${"}".repeat(100)}}`;
    const { stdout: nested } = await run(["decode", "-"], {
      stdin: `${part({ alg: "HS256" })}.${Buffer.from(objects).toString("base64url")}.x`,
    });
    expect(nested).toContain("{…}");
    expect(text.stdout.length).toBeLessThan(100_000);
    const { exitCode, stdout } = await run(["decode", "--json", "-"], { stdin: deep });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ claims: { sub: "alice" } });
    const made = signed(`{"a":${"[".repeat(5_000)}${"]".repeat(5_000)},"sub":"alice","exp":${String(inSeconds(60))}}`);
    const flags = ["--json", "--secret", SECRET, "--max-token-length", "20000", "-"];
    const explained = await run(["explain", ...flags], { stdin: made });
    expect(explained.exitCode).toBe(0);
    expect(JSON.parse(explained.stdout)).toMatchObject({ accepted: true, claims: { sub: "alice" } });
  });

  test("reads a megabyte of quotes and commas at once", async () => {
    const startedAt = performance.now();
    for (const [first, mark] of ["x,", 'x"', '",', "';"]) {
      await run(["decode", "-"], { stdin: `${String(first)}${String(mark).repeat(1_000_000)}x` });
    }
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  test("prints one JSON object on request", async () => {
    const { exitCode, stdout } = await run(["decode", "--json", TOKEN]);

    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      verified: false,
      encrypted: false,
      header: { alg: "HS256" },
      claims: { sub: "alice", aud: "matrix" },
    });
  });

  test.each([
    ["text", []],
    ["JSON", ["--json"]],
  ])("prints neither signature nor secret, as %s", async (_, flags) => {
    const { stdout } = await run(["decode", ...flags, TOKEN]);

    expect(stdout).not.toContain(TOKEN.split(".")[2]);
    expect(stdout).not.toContain(SECRET);
  });

  test.each([
    ["a line end", `${TOKEN}\n`],
    ["a byte order mark and spaces", `\ufeff  ${TOKEN}  `],
    ["Bearer", `Bearer ${TOKEN}`],
    ["a whole header", `Authorization: bearer ${TOKEN}`],
    ["quotes", `"${TOKEN}"`],
    ["a quote and a comma", `'${TOKEN}',`],
    ["line breaks within", TOKEN.replace(/.{40}/g, "$&\n  ")],
    [
      "a token endpoint's answer that a terminal has wrapped",
      JSON.stringify({ access_token: TOKEN, token_type: "Bearer" }, undefined, 2).replace(
        TOKEN,
        `${TOKEN.slice(0, 9)}\r\n  ${TOKEN.slice(9)}`,
      ),
    ],
    ["a token endpoint's answer", JSON.stringify({ token_type: "Bearer", access_token: TOKEN })],
    ["an ID token in JSON", JSON.stringify({ id_token: TOKEN })],
    ["a login's JSON", JSON.stringify({ type: "org.matrix.login.jwt", token: TOKEN }, undefined, 2)],
  ])("reads a token with %s around it", async (_, stdin) => {
    const { exitCode, stdout } = await run(["decode", "--json"], { stdin });

    expect([exitCode, JSON.parse(stdout)]).toMatchObject([0, { claims: { sub: "alice" } }]);
  });

  test.each([
    ["nothing", [], "", "it is empty"],
    ["JSON without a token", [], '{"error":"invalid_grant"}', "no token in it"],
    ["the name of a file", ["package.json"], "", "the name of a file"],
    ["Bearer and a token", [`Bearer ${TOKEN}`], "", "a login takes the token alone", 0],
  ])("says of %s what it is, beside the answer", async (_, args, stdin, hint, code = 1) => {
    const { exitCode, stderr } = await run(["decode", ...args], { stdin });

    expect(exitCode).toBe(code);
    expect(stderr).toContain(hint);
  });

  test.each([
    [{ id_token: TOKEN, access_token: "opaque" }, 1, "this is access_token, not id_token"],
    [{ token: TOKEN, access_token: TOKEN, id_token: TOKEN }, 0, "this is access_token, not id_token or token"],
    [{ type: "org.matrix.login.jwt", token: TOKEN }, 0, ""],
    [
      { refresh_token: "opaque", access_token: TOKEN },
      0,
      "The access_token was taken from the JSON: a login takes the token alone.",
    ],
  ])("says which token of several in JSON it reads: %#", async (answer, code, hint) => {
    const { exitCode, stderr } = await run(["decode"], { stdin: JSON.stringify(answer) });

    expect([exitCode, stderr === "", stderr.includes(hint)]).toEqual([code, hint === "", true]);
  });

  test.each([["Bearer"], ["bearer"]])("reads a token after %s, without quotes around both", async (word) => {
    expect(await run(["decode", word, TOKEN])).toMatchObject({ exitCode: 0 });
    expect(await run(["decode", word, TOKEN, TOKEN])).toMatchObject({ exitCode: 2 });
    expect(await run(["decode", TOKEN, TOKEN])).toMatchObject({ exitCode: 2 });
  });

  test.each([
    ["nothing", ""],
    ["an opaque token", "2YotnFZFEjr1zCsicMWpAA"],
    ["two parts", TOKEN.split(".").slice(0, 2).join(".")],
    ["four parts", `${TOKEN}.x`],
    ["a header that is no JSON", `x.${part({})}.x`],
    ["a header that is a list", `${part([])}.${part({})}.x`],
    ["claims that are null", `${part({ alg: "HS256" })}.${part(null)}.x`],
    ["five parts whose header has no enc", `${part({ alg: "dir" })}.a.b.c.d`],
    ["JSON without a token", '{"error":"invalid_grant"}'],
    ["broken JSON", '{"access_token":'],
  ])("says that %s is no JWT, and exits with 1", async (_, stdin) => {
    expect(await run(["decode", "-"], { stdin })).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("no JWT"),
    });
    const { exitCode, stdout } = await run(["decode", "--json", "-"], { stdin });
    expect([exitCode, JSON.parse(stdout)]).toEqual([1, { verified: false, jwt: false }]);
  });

  test("shows the header of an encrypted token, and says that it is one", async () => {
    const { exitCode, stdout } = await run(["decode", `${part({ alg: "RSA-OAEP", enc: "A256GCM" })}.a.b.c.d`]);

    expect(exitCode).toBe(0);
    expect(stdout).toContain('"enc": "A256GCM"');
    expect(stdout).toContain("Encrypted");
  });

  test.each([["text"], ["--json"]])("prints nothing that a terminal acts on, as %s", async (how) => {
    const hostile = "\u001b[2J\u009b31m\u202e\u2028\u0007";
    const sent = `${part({ alg: "HS256", kid: hostile })}.${part({ [hostile]: hostile })}.x`;

    const { stdout } = await run(["decode", ...(how === "--json" ? [how] : []), sent]);

    expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    if (how === "--json") expect(JSON.parse(stdout)).toMatchObject({ header: { kid: hostile } });
  });

  test("leaves out times that are no numbers", async () => {
    const { stdout } = await run(["decode", `${part({ alg: "none" })}.${part({ exp: "tomorrow" })}.`]);
    expect(stdout).not.toContain("Times");
  });

  test("takes one token", async () => {
    expect(await run(["decode", TOKEN, TOKEN])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("one token"),
    });
  });

  test("asks for the token on a terminal", async () => {
    const { stderr } = await run(["decode"], { stdin: TOKEN, isTTY: true });
    expect(stderr).toContain("Paste the token");
  });
});
