import { existsSync } from "node:fs";
import { join } from "node:path";

/** The server has the package's own command explain tokens: without a build there is none. */
export const explains = existsSync(join(import.meta.dirname, "../../../dist/esm/cli/bin.js"));
