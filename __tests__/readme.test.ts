import { readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "@jest/globals";

import { problemsOf } from "./helpers/examples.js";

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

describe("the README", () => {
  test("has examples that compile as they stand", () => {
    const files = Object.fromEntries(examples.map((code, i) => [`example-${String(i)}`, `${code}\nexport {};\n`]));

    expect(examples.length).toBeGreaterThan(0);
    expect(problemsOf({ given: GIVEN, ...files })).toEqual([]);
  }, 60_000);

  test("is checked by a compiler that sees what is wrong", () => {
    const wrong = (examples[0] ?? "").replace("serverName:", "serverNaam:");

    expect(problemsOf({ given: GIVEN, wrong })).toContainEqual(expect.stringContaining("serverNaam"));
  }, 60_000);

  test("mounts the middleware in under twenty lines", () => {
    expect(examples[0]).toContain("app.use(");
    expect((examples[0] ?? "").trimEnd().split("\n").length).toBeLessThan(20);
  });
});
