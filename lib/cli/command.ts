/** Where a command reads and writes: `process` has it all. */
export interface Io {
  readonly stdin: AsyncIterable<unknown> & { readonly isTTY?: boolean; readonly fd?: number };
  readonly stdout: Output;
  readonly stderr: Output;
}

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface Command {
  readonly help: string;
  /**
   * @returns the exit code
   * @throws UsageError, OptionsError, or an error of `parseArgs`, where it was called the wrong way
   */
  readonly run: (args: string[], io: Io) => number | Promise<number>;
}

export const EXIT = { ok: 0, refused: 1, wrongUse: 2 } as const;

/** A command line that can't be right. The message quotes no value of it that could be a secret in the wrong place. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
