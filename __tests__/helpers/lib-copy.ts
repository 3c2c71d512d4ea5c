import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { transformSync } from "@swc/core";

export interface LibCopy {
  readonly directory: string;
  readonly remove: () => void;
}

/**
 * lib/ as JavaScript in a directory of its own, for tests that need a process of their own: no build need be there.
 *
 * @param type - ES modules, or CommonJS
 */
export function copyOfLib(type: "module" | "commonjs" = "module"): LibCopy {
  const directory = mkdtempSync(join(tmpdir(), "matrix-jwt-login-"));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type }));
  symlinkSync(join(process.cwd(), "node_modules"), join(directory, "node_modules"));
  for (const file of readdirSync("lib", { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue;
    const target = join(directory, file.replace(/\.ts$/, ".js"));
    const { code } = transformSync(readFileSync(join("lib", file), "utf8"), {
      filename: file,
      swcrc: false,
      jsc: { parser: { syntax: "typescript" }, target: "es2023" },
      module: { type: type === "module" ? "es6" : type },
    });
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
  return {
    directory,
    remove: () => {
      rmSync(directory, { recursive: true });
    },
  };
}
