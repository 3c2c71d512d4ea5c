import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "@jest/globals";
import ts from "typescript";

const root = join(import.meta.dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const examples = Array.from(readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm), ([, code = ""]) => code);

/** What the examples take as given: a host with a database. */
const GIVEN = `
import type { Express, RequestHandler } from "express";
import type expressModule from "express";
import type { IssuedToken, MatrixJwtLoginOptions, matrixJwtLogin as factory } from "matrix-jwt-login";
declare global {
  interface Account { readonly id: string; readonly deactivated: boolean }
  const db: {
    users: { find(userId: string): Promise<Account | undefined> };
    sessions: { create(user: Account, deviceId: string, deviceName?: string): Promise<IssuedToken> };
  };
  const app: Express;
  const express: typeof expressModule;
  const matrixJwtLogin: typeof factory;
  const options: MatrixJwtLoginOptions<Account>;
  const passwordLogin: RequestHandler;
}
`;

/** Type-checks files that are not on the disk, as the package's own code is checked. */
function problemsOf(files: Readonly<Record<string, string>>): readonly string[] {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path)).config,
    ts.sys,
    root,
  );
  const given = new Map(Object.entries(files).map(([name, text]) => [join(import.meta.dirname, name), text]));
  const host = ts.createCompilerHost(options);
  host.fileExists = (path) => given.has(path) || ts.sys.fileExists(path);
  host.readFile = (path) => given.get(path) ?? ts.sys.readFile(path);
  const program = ts.createProgram({
    rootNames: [...given.keys()],
    options: { ...options, paths: { "matrix-jwt-login": [join(root, "lib/index.ts")] } },
    host,
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText, file }) => `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`);
}

describe("the README", () => {
  test("has examples that compile as they stand", () => {
    const files = Object.fromEntries(examples.map((code, i) => [`example-${String(i)}.ts`, `${code}\nexport {};\n`]));

    expect(examples.length).toBeGreaterThan(0);
    expect(problemsOf({ "given.ts": GIVEN, ...files })).toEqual([]);
  }, 60_000);

  test("is checked by a compiler that sees what is wrong", () => {
    const wrong = (examples[0] ?? "").replace("serverName:", "serverNaam:");

    expect(problemsOf({ "given.ts": GIVEN, "wrong.ts": wrong })).toContainEqual(expect.stringContaining("serverNaam"));
  }, 60_000);

  test("mounts the middleware in under twenty lines", () => {
    expect(examples[0]).toContain("app.use(");
    expect((examples[0] ?? "").trimEnd().split("\n").length).toBeLessThan(20);
  });
});
