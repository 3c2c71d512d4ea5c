import { spawn } from "node:child_process";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";

import { afterAll, beforeAll, expect, test } from "@jest/globals";

import { ED25519, pem, privatePem } from "../helpers/keys.js";
import { copyOfLib, type LibCopy } from "../helpers/lib-copy.js";
import { token } from "../helpers/tokens.js";
import type { Run } from "./helpers.js";

let lib: LibCopy;

beforeAll(() => {
  lib = copyOfLib();
  writeFileSync(join(lib.directory, "private.pem"), privatePem(ED25519));
  writeFileSync(join(lib.directory, "public.pem"), pem(ED25519));
  writeFileSync(
    join(lib.directory, "options.js"),
    `export default { keyFile: "public.pem", subjectClaim: ({ name }) => name };`,
  );
});
afterAll(() => {
  lib.remove();
});

/** Runs the command as a shell would. */
async function command(args: readonly string[], stdin = ""): Promise<Run> {
  const child = spawn(process.execPath, [join("cli", "bin.js"), ...args], { cwd: lib.directory, timeout: 20_000 });
  child.stdin.end(stdin);
  const exit = new Promise<number>((resolve) => {
    child.on("close", (code) => {
      resolve(code ?? -1);
    });
  });
  const [exitCode, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  return { exitCode, stdout, stderr };
}

test("a token that was minted is explained, with the options of an ES module", async () => {
  const minted = await command(["mint", "--key-file", "private.pem", "--claim", "name=alice"]);
  expect(minted).toMatchObject({ exitCode: 0, stderr: "" });

  const explained = await command(
    ["explain", "--options", "options.js", "--server-name", "example.org"],
    minted.stdout,
  );
  expect(explained).toMatchObject({ exitCode: 0, stderr: "" });
  expect(explained.stdout).toContain('\npass  user ID    "@alice:example.org"\n');
}, 30_000);

test.each([
  ["never settle", "await new Promise(() => undefined);\nexport default {};"],
  ["end the process", "process.exit(0);\nexport default {};"],
])("options that %s accept nothing, and one line says so", async (_, module) => {
  writeFileSync(join(lib.directory, "ending.js"), module);
  const { exitCode, stdout, stderr } = await command(["explain", "--options", "ending.js", "-"], token());
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toMatch(/^matrix-jwt-login: ended before there was a verdict: .*\n$/);
});

test.each([
  ["rejects.mjs", 'Promise.reject(new Error("db down")); export default { secret: "x".repeat(32) };', "db down"],
  ["rejects.cjs", 'Promise.reject(new Error("db down")); module.exports = { secret: "x".repeat(32) };', "db down"],
  ["throws-later.mjs", 'process.nextTick(() => { throw "late"; }); export default { secret: "x".repeat(32) };', "late"],
  ["throws-null.mjs", "throw null;", "null"],
  ["throws-text.mjs", 'throw "text";', "text"],
])("a module of options that fails on its own is wrong use, in one line: %s", async (name, code, says) => {
  writeFileSync(join(lib.directory, name), code);
  const { exitCode, stderr } = await command(["explain", "--options", name, "-"], token());
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(new RegExp(`^matrix-jwt-login[^\n]*${says}[^\n]*\n$`));
});

test("a folder is no standard input", async () => {
  const stdin = openSync(lib.directory, "r");
  for (const args of [
    ["decode", "-"],
    ["explain", "--key-file", "public.pem"],
  ]) {
    const child = spawn(process.execPath, [join("cli", "bin.js"), ...args], {
      cwd: lib.directory,
      stdio: [stdin, "pipe", "pipe"],
    });
    const exit = new Promise((resolve) => child.on("close", resolve));
    const [exitCode, stderr] = await Promise.all([exit, text(Readable.from(child.stderr ?? []))]);
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringMatching(/: standard input can't be read: it is a folder; .*\n$/),
    ]);
  }
  closeSync(stdin);
}, 30_000);

test("options that listen are no reason to stay", async () => {
  writeFileSync(
    join(lib.directory, "listens.js"),
    'import { createServer } from "node:http"; createServer().listen(0, "127.0.0.1"); export const a = 1, b = 2;',
  );
  const { exitCode, stderr } = await command(["explain", "--options", "listens.js", "-"], token());
  expect(exitCode).toBe(2);
  expect(stderr).toContain("--options exports a, b");
}, 30_000);

test("what options write to the console is no part of the answer", async () => {
  writeFileSync(
    join(lib.directory, "talks.js"),
    'console.log("loaded"); console.info("loaded"); export default { publicKey: "x", secret: "y" };',
  );
  const { exitCode, stdout, stderr } = await command(["explain", "--json", "--options", "talks.js", "-"], token());
  expect([exitCode, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^loaded\nloaded\nmatrix-jwt-login explain: /);
}, 30_000);

test("wrong use and refused tokens have exit codes of their own", async () => {
  const [refused, wrongUse] = await Promise.all([
    command(["explain", "--key-file", "public.pem", "-"], token()),
    command(["explain", "--bogus"]),
  ]);
  expect(refused).toMatchObject({ exitCode: 1, stderr: "" });
  expect(wrongUse).toMatchObject({ exitCode: 2, stdout: "" });
  expect(wrongUse.stderr).toContain("Unknown option '--bogus'");
}, 30_000);

test("the process stays until there is a verdict, though none of the library's timers holds it", async () => {
  writeFileSync(
    join(lib.directory, "hanging.js"),
    // Nor does what it waits for.
    `export default {
      jwksUri: "https://idp.example.org/jwks",
      jwksOptions: { timeout: 1.5, fetch: () => new Promise(() => undefined) },
    };`,
  );
  const rs256 = token({}, { algorithm: "RS256" });
  const { exitCode, stdout, stderr } = await command(["explain", "--options", "hanging.js", rs256]);
  expect(stdout).toContain("Refused (keys_unavailable): keys could not be fetched: no complete answer within 1.5 s");
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "Waiting for the keys...\n" });
}, 30_000);
