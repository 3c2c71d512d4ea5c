import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

import { UsageError } from "./command.js";
import { reasons } from "./show.js";

/** A secret as it is in a file, bytes and all, but for one line end at its end: `echo` and editors put one there. */
export function secretIn(file: string): Buffer {
  return Buffer.from(withoutLineEnd(textOf(file, "--secret-file")), "latin1");
}

export function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, "");
}

/** A file byte for character. */
export function textOf(file: string, flag: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch (cause) {
    throw new UsageError(`${flag} can't be read`, { cause });
  }
}

/** What a JSON file holds, or a module exports by default. */
export async function optionsIn(file: string): Promise<object> {
  const loaded: unknown = await load(resolve(file));
  if (typeof loaded === "object" && loaded !== null) return loaded;
  throw new UsageError("--options must be of a login type: an object, as JSON or as a module's default export");
}

function load(path: string): unknown {
  try {
    // Takes ES modules too, in every version of Node that this package supports.
    const loaded = createRequire(path)(path) as { default?: unknown } | null;
    return loaded?.default ?? loaded;
  } catch (error) {
    // A parser quotes what it can't parse, and there may be a secret.
    const why = (error as Error).name === "SyntaxError" ? "it is neither JSON (.json) nor a module" : reasons(error);
    throw new UsageError(`--options can't be loaded: ${why}`);
  }
}
