import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import { expect, test } from "@jest/globals";

const root = join(import.meta.dirname, "..");
const FOLDERS = ["lib", "__tests__", "example-server/src", "example-server/public", "bench", "hosts", "scripts"];
/** Imports, also of types and in JSDoc. */
const IMPORT = /(?:\bfrom\s+|\bimport\s*\(?\s*)"(\.{1,2}\/[^"]+)"/g;

test("no file imports itself by way of others", () => {
  const imports = new Map(FOLDERS.flatMap(filesIn).map((file) => [file, importsOf(file)]));
  expect(imports.size).toBeGreaterThan(500);
  expect([...imports.keys()].filter((file) => reaches(file, imports))).toEqual([]);
});

function filesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(?:node_modules|dist|out|data)$/.test(entry.name) ? [] : filesIn(path);
    return /\.(?:ts|tsx|js|mjs)$/.test(entry.name) ? [path] : [];
  });
}

function importsOf(file: string): readonly string[] {
  const source = readFileSync(join(root, file), "utf8");
  return Array.from(source.matchAll(IMPORT), ([, target = ""]) => join(root, dirname(file), target)).flatMap((target) =>
    [target, target.replace(/\.js$/, ".ts"), `${target}.ts`]
      .filter((path) => /\.\w+$/.test(path) && existsSync(path))
      .slice(0, 1)
      .map((path) => relative(root, path)),
  );
}

function reaches(start: string, imports: ReadonlyMap<string, readonly string[]>): boolean {
  const seen = new Set<string>();
  const left = [...(imports.get(start) ?? [])];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (file === start) return true;
    if (seen.has(file)) continue;
    seen.add(file);
    left.push(...(imports.get(file) ?? []));
  }
  return false;
}
