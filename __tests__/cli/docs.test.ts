import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

import { afterAll, describe, expect, test } from "@jest/globals";

import { blocksOf } from "../docs/helpers/pages.js";
import { serveIdentityProvider } from "../helpers/identity-provider.js";
import { keySet } from "../helpers/jwks-server.js";
import { jwk, pem, privatePem, RSA, SECRET } from "../helpers/keys.js";
import { copyOfLib } from "../helpers/lib-copy.js";
import { token } from "../helpers/tokens.js";
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

describe("docs/cli.md has lines that work as printed", () => {
  const lib = copyOfLib();
  afterAll(() => {
    lib.remove();
  });

  const lines = blocksOf("docs/cli.md")
    .flatMap(({ language, code }) => (language === "sh" ? [code.trimEnd()] : [/^\$ (.*)\n$/.exec(code)?.[1] ?? ""]))
    .filter(Boolean);

  test.each(lines)(
    "%s",
    async (line) => {
      const provider = await serveIdentityProvider("/realms/example");
      provider.answer("/jwks", keySet([jwk(RSA, { kid: "one", alg: "RS256" })]));
      const file = {
        token: `${token()}\n`,
        "login-type.mjs": `export default { secret: ${JSON.stringify(SECRET)} };\n`,
        "private.pem": privatePem(RSA),
        "public.pem": pem(RSA),
      };
      const [cwd = ""] = Object.entries(file).map(([name, content]) => dirname(folder.file(name, content)));
      const npx = `npx() { shift; '${process.execPath}' '${lib.directory}/cli/bin.js' "$@"; }`;
      const script = line.replace("https://id.example.org", provider.url);

      const { stdout, stderr } = await promisify(execFile)("bash", ["-ec", `set -o pipefail\n${npx}\n${script}`], {
        cwd,
        encoding: "utf8",
      });
      await provider.close();

      expect(stderr).toBe("");
      expect(stdout).toMatch(/^(?:NOT VERIFIED|Usable|Accepted)|^Accepted/m);
    },
    30_000,
  );
});
