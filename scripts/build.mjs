// Builds dist/esm and dist/cjs, each with its own types, by two passes of tsc.
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

import { prune } from "./prune.mjs";

const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");

rmSync("dist", { recursive: true, force: true });
for (const format of ["esm", "cjs"]) {
  const { status } = spawnSync(process.execPath, [tsc, "--project", `tsconfig.${format}.json`], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
prune("dist/esm", ["dist/esm/index.js", "dist/esm/index.d.ts", "dist/esm/cli/bin.js"]);
prune("dist/cjs", ["dist/cjs/index.js", "dist/cjs/index.d.ts"]);
// The package is "type": "module"; the CommonJS half says otherwise for itself.
writeFileSync("dist/cjs/package.json", `${JSON.stringify({ type: "commonjs" })}\n`);
