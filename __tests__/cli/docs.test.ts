import { readFileSync } from "node:fs";

import { afterAll, expect, test } from "@jest/globals";

import { SECRET } from "../helpers/keys.js";
import { run, temporaryFolder } from "./helpers.js";

const docs = readFileSync("docs/cli.md", "utf8");
const folder = temporaryFolder();

afterAll(() => {
  folder.remove();
});

/** The command after the `$` of an example, and what it printed. */
function example(start: string): { args: string[]; printed: string } {
  const [, block = ""] = docs.split(`$ npx matrix-jwt-login ${start} `);
  const [line = "", ...printed] = (block.split("```")[0] ?? "").split("\n");
  const secretFile = folder.file("jwt.secret", `${SECRET}\n`);
  const args = line.replace(" < token", "").replace("jwt.secret", secretFile).split(" ");
  return { args: [start, ...args], printed: printed.join("\n") };
}

function withoutTimes(text: string): string {
  return text.replace(/\d{4}-\S+Z, \d+ (?:s|h) ago/g, "TIME");
}

test("docs/cli.md shows what explain prints", async () => {
  const { args, printed } = example("explain");
  const minted = await run([
    "mint",
    "--secret",
    SECRET,
    "--sub",
    "@alice:example.org",
    "--audience",
    "account",
    "--expires=-7500",
  ]);
  const { exitCode, stdout } = await run(args, { stdin: minted.stdout });
  expect(withoutTimes(stdout)).toBe(withoutTimes(printed));
  expect(exitCode).toBe(1);
});

test("docs/cli.md shows what mint prints", async () => {
  const { args, printed } = example("mint");
  const { stdout } = await run(args);
  const header = (token: string) => token.split(".")[0];
  expect(header(printed)).toBe(header(stdout));
  expect(printed.length).toBe(stdout.length);
});
