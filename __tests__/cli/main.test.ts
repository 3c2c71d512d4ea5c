import { readFileSync } from "node:fs";

import { afterEach, describe, expect, jest, test } from "@jest/globals";

import { until } from "../helpers/until.js";
import { run } from "./helpers.js";

const { version, bin } = JSON.parse(readFileSync("package.json", "utf8")) as {
  version: string;
  bin: Record<string, string>;
};

describe("the command", () => {
  test.each([
    [["--help"], "Usage: matrix-jwt-login COMMAND"],
    [["-h"], "Usage: matrix-jwt-login COMMAND"],
    [["explain", "--help"], "Usage: matrix-jwt-login explain"],
    [["explain", "--secret", "x", "-h"], "Usage: matrix-jwt-login explain"],
    [["mint", "--help"], "Usage: matrix-jwt-login mint"],
    [["help", "mint"], "Usage: matrix-jwt-login mint"],
    [["help"], "Usage: matrix-jwt-login COMMAND"],
    [["check", "--help"], "Usage: matrix-jwt-login check"],
    [["decode", "--help"], "Usage: matrix-jwt-login decode"],
  ])("%j says how to use it", async (args, usage) => {
    const { exitCode, stdout, stderr } = await run(args);
    expect(stdout.startsWith(usage)).toBe(true);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(110);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  });

  test.each([[["explain"]], [["mint"]]])("%j warns of secrets on the command line", async (args) => {
    expect((await run([...args, "--help"])).stdout).toMatch(/--secret SECRET .*\bbetter a file/);
  });

  test.each([[["--version"]], [["explain", "--version"]], [["mint", "--version"]]])(
    "%j is the package's",
    async (args) => {
      expect(await run(args)).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
    },
  );

  test.each([
    ["nothing", [], "", "the commands are explain, check, decode, mint; give one of them first"],
    ["another command", ["hunter2"], "", "the commands are explain, check, decode, mint; give one of them first"],
    ["an unknown flag", ["explain", "--secert=hunter2"], " explain", "Unknown option '--secert'"],
    ["a flag without its value", ["mint", "--secret"], " mint", "Option '--secret <value>' argument missing"],
    [
      "a value that looks like a flag",
      ["mint", "--secret", "-hunter2"],
      " mint",
      "Option '--secret' argument is ambiguous. Did you forget to specify the option argument for '--secret'? " +
        "To specify an option argument starting with a dash use '--secret=-XYZ'.",
    ],
    [
      "a value for a switch",
      ["explain", "--discover=hunter2"],
      " explain",
      "Option '--discover' does not take an argument",
    ],
  ])("refuses %s as wrong use, and quotes no value", async (_, args, command, problem) => {
    expect(await run(args)).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: `matrix-jwt-login${command}: ${problem}; see matrix-jwt-login${command} --help\n`,
    });
  });
});

describe("the package", () => {
  const { argv, exitCode } = process;
  const write = jest.spyOn(process.stdout, "write");

  afterEach(() => {
    process.argv = argv;
    process.exitCode = exitCode;
    write.mockRestore();
  });

  test("has it as a file that runs by itself", async () => {
    const printed: unknown[] = [];
    write.mockImplementation((text) => printed.push(text) > 0);
    process.argv = ["node", "bin.js", "--version"];
    process.exitCode = 2;

    await import("../../lib/cli/bin.js");
    await until(() => process.exitCode === 0);

    expect(printed).toEqual([`${version}\n`]);
    expect(readFileSync("lib/cli/bin.ts", "utf8").startsWith("#!/usr/bin/env node\n")).toBe(true);
    expect(bin).toEqual({ "matrix-jwt-login": "dist/esm/cli/bin.js" });
  });
});
