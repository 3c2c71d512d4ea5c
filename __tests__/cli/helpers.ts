import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";

import { main } from "../../lib/cli/main.js";

export interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Input {
  readonly stdin?: string;
  readonly isTTY?: boolean;
  readonly stdoutIsTTY?: boolean;
}

/** Runs the command in this process. */
export async function run(
  args: readonly string[],
  { stdin = "", isTTY = false, stdoutIsTTY = false }: Input = {},
): Promise<Run> {
  const out: string[] = [];
  const err: string[] = [];
  const exitCode = await main(args, {
    stdin: Object.assign(Readable.from([Buffer.from(stdin)]), { isTTY }),
    stdout: { write: (text) => out.push(text), isTTY: stdoutIsTTY },
    stderr: { write: (text) => err.push(text) },
  });
  return { exitCode, stdout: out.join(""), stderr: err.join("") };
}

export interface Folder {
  /** Writes a file and gives its path. */
  readonly file: (name: string, content: string | Uint8Array) => string;
  readonly remove: () => void;
}

export function temporaryFolder(): Folder {
  const folder = mkdtempSync(join(tmpdir(), "matrix-jwt-login-cli-"));
  return {
    file(name, content) {
      const path = join(folder, name);
      writeFileSync(path, content);
      return path;
    },
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
