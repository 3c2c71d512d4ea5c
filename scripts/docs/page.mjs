import { readFileSync, writeFileSync } from "node:fs";

import * as prettier from "prettier";

/** Writes a generated page, well formatted; with `--check` looks whether it is what would be written, and says so if not. */
export async function writeOrCheck(path, text, command) {
  const page = await prettier.format(text, { ...(await prettier.resolveConfig(path)), parser: "markdown" });
  if (!process.argv.includes("--check")) {
    writeFileSync(path, page);
  } else if (readFileSync(path, "utf8") !== page) {
    console.error(`${path} is stale: run ${command}, and look at what changed`);
    process.exitCode = 1;
  }
}
