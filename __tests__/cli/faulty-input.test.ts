import { spawn, type ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";

import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";

import { main, runIn, type CommandProcess } from "../../lib/cli/main.js";
import { SECRET } from "../helpers/keys.js";
import { copyOfLib, type LibCopy } from "../helpers/lib-copy.js";
import { token } from "../helpers/tokens.js";
import { run, temporaryFolder } from "./helpers.js";

const folder = temporaryFolder();
afterAll(() => {
  folder.remove();
});

const ONE_LINE = /^matrix-jwt-login[^\n]*\n$/;

/** The whole options of a middleware, as code. */
function middleware(ofLoginType: string, further: string): string {
  const loginTypes = `{ "org.matrix.login.jwt": { secret: "${SECRET}", ${ofLoginType} } }`;
  return `{ serverName: "example.org", loginTypes: ${loginTypes}, findUser() {}, issueToken() {}, ${further} }`;
}

describe("an options file", () => {
  let files = 0;

  test.each([
    ["throws an error", "throw new Error('line one\\nline two')", "line one line two"],
    ["throws null", "throw null", "null"],
    ["throws an object without a message", "throw {}", "an error without a message"],
    ["throws an error that is its own cause", "const e = new Error('loop'); e.cause = e; throw e", "loop: loop"],
    ["throws an error that can't be read", "throw { get message() { throw 1 } }", "an error that can't be read"],
    ["has a getter that throws", "module.exports = { get secret() { throw new Error('in a getter') } }", "in a getter"],
    [
      "looks like one of Node's own",
      "throw Object.assign(new Error('async'), { code: 'ERR_REQUIRE_ASYNC_MODULE' })",
      "async",
    ],
    ["exports a function", "module.exports = () => ({})", "exports a function: export what it returns"],
    ["exports a number", "module.exports = 7", "must hold an object"],
    ["has two exports", "exports.__esModule = true; exports.a = {}; exports.b = {}", "exports a, b"],
    [
      "fails as a parser does, somewhere below",
      "try { JSON.parse('hush-hush') } catch (cause) { throw new Error('conf', { cause }) }",
      "conf: something can't be parsed",
    ],
    ["is for matrixBearerAuth", "module.exports = { serverName: 'a', tokens: {} }", "options of matrixBearerAuth"],
    [
      "is of a middleware that needs a callback",
      `module.exports = ${middleware("allowRegistration: true", "")}`,
      "needs the callback registerUser",
    ],
    [
      "is of a middleware with an option that there is not",
      `module.exports = ${middleware("", "registerUsers: 1")}`,
      "do you mean registerUser",
    ],
    [
      "is of a middleware with a wrong value",
      `module.exports = ${middleware("", "unknownLoginType: 'rejct'")}`,
      "unknownLoginType must be",
    ],
    ["has no login type", "module.exports = { serverName: 'example.org', loginTypes: {} }", "has no login type"],
    [
      "has a server name that is none",
      "module.exports = { serverName: 7, loginTypes: { 'm.a': {} } }",
      "serverName of",
    ],
    ["has two login types", "module.exports = { 'm.a': {}, 'm.b': {} }", "export one of m.a, m.b"],
    ["has a login type that is no object", "module.exports = { 'm.a': null }", "no key source"],
    ["is no JavaScript", "{ nonsense", "neither JSON (.json) nor a module (.mjs, .cjs); run node "],
  ])("that %s is wrong use, in one line", async (_, code, problem) => {
    const options = folder.file(`faulty-${String((files += 1))}.cjs`, code);

    const { exitCode, stdout, stderr } = await run(["explain", "--options", options, token()]);

    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(ONE_LINE);
    expect(stderr).toContain(problem);
  });

  test("in TypeScript is taken if Node runs it, and else is wrong use, and says why", async () => {
    const options = folder.file("options.cts", `const secret: string = "${SECRET}"; exports.default = { secret };`);
    const { exitCode, stderr } = await run(["explain", "--options", options, token()]);
    const nodeRunsIt = Boolean((process.features as { typescript?: unknown }).typescript);
    expect([exitCode, stderr]).toEqual(nodeRunsIt ? [0, ""] : [2, expect.stringContaining("is TypeScript")]);
  });

  test("that holds the middleware's options gives the server's name too", async () => {
    const code = `module.exports = { serverName: "matrix.test", loginTypes: { jwt: { secret: "${SECRET}" } } }`;
    const options = folder.file("server-name.cjs", code);
    expect((await run(["explain", "--options", options, token()])).stdout).toContain("@alice:matrix.test");
    const other = ["--server-name", "other.test"];
    expect((await run(["explain", "--options", options, ...other, token()])).stdout).toContain("@alice:other.test");
  });

  test.each([
    ["a default export of CommonJS", "default.cjs", `exports.default = { secret: "${SECRET}" }`],
    ["a single named export", "named.cjs", `exports.__esModule = true; exports.keycloak = { secret: "${SECRET}" }`],
    ["one login type by its name", "type.cjs", `module.exports = { "org.matrix.login.jwt": { secret: "${SECRET}" } }`],
    [
      "the middleware's options with one login type",
      "middleware.cjs",
      `module.exports = { serverName: "example.org", loginTypes: { jwt: { secret: "${SECRET}" } } }`,
    ],
    ["options as CommonJS exports them", "plain.cjs", `module.exports = { secret: "${SECRET}" }`],
  ])("may have %s", async (_, name, code) => {
    const { exitCode } = await run(["explain", "--options", folder.file(name, code), token()]);
    expect(exitCode).toBe(0);
  });
});

describe("input", () => {
  test("that is longer than a token can be is wrong use, and is not read to its end", async () => {
    let read = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) {
          read += 1;
          yield Buffer.alloc(65_536, "a");
        }
      })(),
    );
    const err: string[] = [];
    const io = { stdin: endless, stdout: { write: () => true }, stderr: { write: (line: string) => err.push(line) } };

    expect(await main(["explain", "--secret", SECRET], io)).toBe(2);
    expect(err.join("")).toMatch(ONE_LINE);
    expect(read).toBeLessThan(100);
  });

  test("that can't be read is wrong use", async () => {
    const broken = new Readable({
      read() {
        this.destroy(new Error("input/output error"));
      },
    });
    const err: string[] = [];
    const io = { stdin: broken, stdout: { write: () => true }, stderr: { write: (line: string) => err.push(line) } };

    expect(await main(["decode"], io)).toBe(2);
    expect(err.join("")).toContain("standard input can't be read");
  });

  test.each([
    ["a folder", ""],
    ["a file that is not there", "none"],
  ])("from %s is wrong use", async (_, name) => {
    mkdirSync(join(folder.file("x", ""), "..", "folder"), { recursive: true });
    const path = join(folder.file("x", ""), "..", name === "" ? "folder" : name);
    expect(await run(["mint", "--secret-file", path])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(ONE_LINE),
    });
  });

  test("from a file that is too large is wrong use", async () => {
    const large = folder.file("large", Buffer.alloc(17_000_000, "a"));
    expect(await run(["mint", "--secret-file", large])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("more than 16777216 bytes"),
    });
  });
});

describe("output", () => {
  let lib: LibCopy;
  beforeAll(() => {
    lib = copyOfLib();
    writeFileSync(join(lib.directory, "secret"), SECRET);
    writeFileSync(join(lib.directory, "options.json"), JSON.stringify({ secret: SECRET }));
  });
  afterAll(() => {
    lib.remove();
  });

  test.each([
    ["explain", "--secret-file", "secret", "-"],
    ["explain", "--options", "options.json", "-"],
    ["explain", "--options=options.json", "--json", "-"],
  ])(
    "that nobody reads any more ends with 2, in one line: %s %s %s",
    async (...args) => {
      const child = spawn(process.execPath, [join("cli", "bin.js"), ...args], {
        cwd: lib.directory,
      });
      child.stdout.destroy();
      child.stdin.end(token());
      const [said, code] = await Promise.all([text(child.stderr), exitOf(child)]);

      expect([code, said]).toEqual([2, "matrix-jwt-login: standard output can't be written\n"]);
    },
    20_000,
  );

  test.each([
    ["keycloak.mjs", `export const keycloak = { secret: "${SECRET}" };`],
    ["awaits.mjs", `const secret = await "${SECRET}"; export default { secret };`],
  ])(
    "is made with the options of an ES module, %s",
    async (name, code) => {
      writeFileSync(join(lib.directory, name), code);
      const child = spawn(process.execPath, [join("cli", "bin.js"), "explain", "--options", name, "-"], {
        cwd: lib.directory,
      });
      child.stdin.end(token());
      const [printed, exitCode] = await Promise.all([text(child.stdout), exitOf(child)]);

      expect([exitCode, printed]).toEqual([0, expect.stringContaining("Accepted")]);
    },
    20_000,
  );

  test("that is cut off is told once, and sets the exit code whatever comes of the command", async () => {
    const stdout = Object.assign(new EventEmitter(), { write: () => true });
    const said: string[] = [];
    const stderr = Object.assign(new EventEmitter(), { write: (line: string) => said.push(line) });
    const fake: CommandProcess = { argv: ["node", "bin.js", "--version"], stdin: process.stdin, stdout, stderr };

    const running = runIn(fake);
    stdout.emit("error", new Error("EPIPE"));
    stdout.emit("error", new Error("EPIPE"));
    stderr.emit("error", new Error("EPIPE"));
    await running;

    expect([fake.exitCode, said]).toEqual([2, ["matrix-jwt-login: standard output can't be written\n"]]);
  });

  test("says that the process ends without a verdict, and nothing once there is one", async () => {
    const said: string[] = [];
    const ends: (() => void)[] = [];
    const output = (write: (line: string) => unknown) => Object.assign(new EventEmitter(), { write });
    const fake: CommandProcess = {
      argv: ["node", "bin.js", "--version"],
      stdin: process.stdin,
      stdout: output(() => true),
      stderr: output((line) => said.push(line)),
      once: (_event, listener) => ends.push(listener),
    };
    const running = runIn(fake);
    fake.exitCode = 0;
    ends[0]?.();
    expect([fake.exitCode, said]).toEqual([2, [expect.stringMatching(/^matrix-jwt-login: ended before .*\n$/)]]);
    await running;
    ends[0]?.();
    expect([fake.exitCode, said.length]).toEqual([0, 1]);
  });

  test.each([
    ["options", `exports.__esModule = true; exports.app = 1; exports.options = ${middleware("", "")}`],
    [
      "loginTypes",
      `exports.__esModule = true; exports.app = 1; exports.loginTypes = { "m.a": { secret: "${SECRET}" } }`,
    ],
  ])("is made with the export that is named %s, of several", async (name, code) => {
    const options = folder.file(`named-${name}.cjs`, code);
    const { exitCode, stdout } = await run(["explain", "--options", options, token()]);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("Accepted")]);
  });

  test("is of a middleware, with what flags say over it", async () => {
    const whole = middleware("", "").replace(`secret: "${SECRET}",`, 'jwksUri: "http://idp.invalid/jwks",');
    const options = folder.file(
      "under-flags.cjs",
      `module.exports = ${whole.replace('serverName: "example.org",', "")}`,
    );
    const args = ["explain", "--options", options, "--allow-http", "--server-name", "example.org", token()];
    expect((await run(args)).exitCode).toBe(1);
    expect((await run(["explain", "--options", options, token()])).exitCode).toBe(2);
  });

  test("of an ES module that is not there is wrong use", async () => {
    const { exitCode, stderr } = await run(["explain", "--options", "/nowhere/options.mjs", "x"]);
    expect([exitCode, stderr]).toEqual([2, expect.stringMatching(ONE_LINE)]);
  });

  test("of YAML says what to give instead", async () => {
    const { exitCode, stderr } = await run([
      "explain",
      "--options",
      folder.file("homeserver.yaml", "jwt_config:"),
      "x",
    ]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("fromSynapseJwtConfig")]);
  });

  test("says in one line what options threw when nobody waited for it", async () => {
    const said: string[] = [];
    const thrown: ((error: unknown) => void)[] = [];
    const output = (write: (line: string) => unknown) =>
      Object.assign(new EventEmitter(), {
        write: (line: string, written?: () => void) => {
          if (line !== "") write(line);
          written?.();
        },
      });
    const exit = jest.fn();
    const fake: CommandProcess = {
      argv: ["node", "bin.js", "--version"],
      stdin: process.stdin,
      stdout: output(() => true),
      stderr: output((line) => said.push(line)),
      exit,
      on: (_event, listener) => thrown.push(listener),
    };
    await runIn(fake);
    thrown[0]?.(new Error("db\ndown"));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect([fake.exitCode, said]).toEqual([2, ["matrix-jwt-login: db down\n"]]);
    expect(exit).toHaveBeenCalledTimes(1);
  });

  test("is no token's if the input is a folder", async () => {
    const fd = openSync(lib.directory, "r");
    const said: string[] = [];
    const io = {
      stdin: Object.assign(Readable.from([]), { fd }),
      stdout: { write: () => true },
      stderr: { write: (line: string) => said.push(line) },
    };
    expect(await main(["decode", "-"], io)).toBe(2);
    expect(said).toEqual([expect.stringContaining("standard input can't be read: it is a folder")]);
    closeSync(fd);
  });

  test("ends once all is written, if options may have begun what would keep it alive", async () => {
    const events: string[] = [];
    const output = (name: string) =>
      Object.assign(new EventEmitter(), {
        write: (_line: string, written?: () => void) => {
          events.push(name);
          written?.();
        },
      });
    const fake: CommandProcess = {
      argv: ["node", "bin.js", "explain", "--options", "/none.json", "x"],
      stdin: process.stdin,
      stdout: output("stdout"),
      stderr: output("stderr"),
      exit: () => {
        events.push("exit");
      },
    };

    await runIn(fake);

    expect([fake.exitCode, events]).toEqual([2, ["stderr", "stdout", "stderr", "exit"]]);
  });

  test("that fails at once ends with 2 too", async () => {
    const broken = () => {
      throw new Error("disk full");
    };
    const io = { stdin: process.stdin, stdout: { write: broken }, stderr: { write: broken } };
    expect(await main(["mint", "--secret", "x".repeat(64)], io)).toBe(2);
  });
});

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.on("exit", resolve);
  });
}
