import { EXIT } from "./command.js";
import { printable } from "./show.js";

interface Warning extends Error {
  readonly code?: string;
}

/** What prints warnings needs of its process. */
export type WarningProcess = Pick<
  NodeJS.Process,
  "listenerCount" | "removeAllListeners" | "on" | "once" | "exitCode"
> & {
  readonly stderr: Pick<NodeJS.Process["stderr"], "write">;
};

/** Prints what Node warns of in one line each, once a code, and not where one line says what is wrong. */
export function printWarningsLast(process: WarningProcess): void {
  const warnings = new Map<string, Warning>();
  // Node's own listener is not there if nobody wants to hear of them.
  if (process.listenerCount("warning") === 0) return;
  process.removeAllListeners("warning");
  process.on("warning", (warning: Warning) => {
    const { code = warning.message } = warning;
    if (!warnings.has(code)) warnings.set(code, warning);
  });
  process.once("exit", () => {
    if (process.exitCode === EXIT.wrongUse) return;
    for (const { name, code, message } of warnings.values()) {
      process.stderr.write(`${code === undefined ? "" : `[${code}] `}${name}: ${printable(message)}\n`);
    }
  });
}
