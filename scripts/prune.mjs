// Deletes what a build leaves behind that nobody can reach from an entry point: declarations of private modules, and modules
// that hold types alone.
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** `from "./x.js"`, `import "./x.js"`, `import("./x.js")` and `require("./x.js")`, of types too. */
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\(\s*)["'](\.\.?\/[^"']+)["']/g;

/** @returns the files below `folder` that none of the entry points reaches */
export function unreachable(folder, entries) {
  const reached = new Set(entries.map(normalize));
  for (const file of reached) {
    const isDeclaration = file.endsWith(".d.ts");
    for (const [, target] of readFileSync(file, "utf8").matchAll(IMPORT)) {
      const path = join(dirname(file), isDeclaration ? target.replace(/\.js$/, ".d.ts") : target);
      if (existsSync(path)) reached.add(path);
    }
  }
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => /\.(?:js|d\.ts)$/.test(path) && !reached.has(path));
}

export function prune(folder, entries) {
  for (const path of unreachable(folder, entries)) {
    rmSync(path);
    for (let above = dirname(path); readdirSync(above).length === 0; above = dirname(above)) rmdirSync(above);
  }
}
