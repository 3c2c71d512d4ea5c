import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import ts from "typescript";

/** In the project, so that its packages are found. */
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(process.cwd(), "node_modules", ".fetch-types-"));
  symlinkSync(join(process.cwd(), "lib"), join(directory, "lib"));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

const GLOBAL = "export const ofNode: Fetch = fetch;";
const UNDICI = `import { fetch as ofUndici } from "undici-types"; export const own: Fetch = ofUndici;`;
const WRAPPED = `import type { RequestInit } from "undici-types"; import { fetch as inner } from "undici-types";
export const proxied: Fetch = (url, init) => inner(url, { ...init } satisfies RequestInit);`;

test.each<[string, readonly string[], readonly string[]]>([
  ["the global fetch, without lib DOM", ["lib.es2024.d.ts"], [GLOBAL]],
  [
    "the global fetch, with TypeScript's default lib",
    ["lib.es2024.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    [GLOBAL],
  ],
  ["undici's, without lib DOM", ["lib.es2024.d.ts"], [UNDICI, WRAPPED]],
  ["undici's, with lib DOM", ["lib.es2024.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"], [UNDICI, WRAPPED]],
])(
  "`jwksOptions.fetch` takes %s",
  (_, lib, lines) => {
    const file = join(directory, "use.ts");
    writeFileSync(file, [`import type { Fetch } from "./lib/remote/request.js";`, ...lines].join("\n"));
    const program = ts.createProgram([file], {
      lib: [...lib],
      types: ["node"],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      target: ts.ScriptTarget.ES2023,
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      preserveSymlinks: true,
    });
    const errors = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
    expect(errors).toEqual([]);
  },
  60_000,
);
