import { check } from "./check.js";
import { type Command, EXIT, type Io, UsageError } from "./command.js";
import { decode } from "./decode.js";
import { explain } from "./explain/explain.js";
import { mint } from "./mint.js";
import { reasons } from "./show.js";
import { VERSION } from "./version.js";

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ["explain", explain],
  ["check", check],
  ["decode", decode],
  ["mint", mint],
]);

const HELP = `Usage: matrix-jwt-login COMMAND [options]

  explain   says, rule by rule, why a token would be accepted or refused
  check     asks an identity provider what it offers, and prints the options for it
  decode    prints what is in a token, verified or not
  mint      makes a token to try a login with

matrix-jwt-login COMMAND --help says more. --version prints the version.
`;

type ProcessOutput = Io["stdout"] & {
  write(text: string, written?: () => void): unknown;
  on(event: "error", listener: () => void): unknown;
};

/** What the command needs of its process. */
export interface CommandProcess extends Io {
  readonly argv: readonly string[];
  readonly stdout: ProcessOutput;
  readonly stderr: ProcessOutput;
  exitCode?: number | string | null | undefined;
  /** Ends it, whatever it still waits for. */
  readonly exit?: () => void;
  once?(event: "exit", listener: () => void): unknown;
  on?(event: "uncaughtException", listener: (error: unknown) => void): unknown;
}

/** Runs the command in a process, whose exit code it sets. */
export async function runIn(process: CommandProcess): Promise<void> {
  const output = { isCut: false, hasFailed: false };
  process.stdout.on("error", () => {
    // Whoever read the output is gone: what was said is not what was meant to be said.
    if (!output.isCut) complain("matrix-jwt-login: standard output can't be written\n", process);
    output.isCut = true;
    process.exitCode = EXIT.wrongUse;
  });
  process.stderr.on("error", () => undefined);
  let isJudged = false;
  // Options may wait for what never comes, or end the process themselves.
  process.once?.("exit", () => {
    if (isJudged) return;
    complain(
      "matrix-jwt-login: ended before there was a verdict: do the options end the process, or never load?\n",
      process,
    );
    process.exitCode = EXIT.wrongUse;
  });
  // What options come from may throw, or reject, when nobody waits for it: then there is no verdict.
  process.on?.("uncaughtException", (error) => {
    isJudged = true;
    output.hasFailed = true;
    complain(`matrix-jwt-login: ${problemOf(error)}\n`, process);
    process.exitCode = EXIT.wrongUse;
    process.exit?.();
  });
  process.exitCode = EXIT.wrongUse;
  const exitCode = await main(process.argv.slice(2), process);
  isJudged = true;
  process.exitCode = output.isCut || output.hasFailed ? EXIT.wrongUse : exitCode;
  // What options come from may have begun to listen.
  if (process.exit !== undefined && process.argv.some((argument) => argument.startsWith("--options"))) {
    await written(process);
    process.exit();
  }
}

/**
 * The package's command.
 *
 * @returns the exit code: 0, 1 if a token would be refused, 2 for wrong use and whatever else went wrong
 */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const [name = "", ...rest] = args[0] === "help" ? [...args.slice(1), "--help"] : args;
  const command = COMMANDS.get(name);
  if (args.includes("--version")) return say(`${VERSION}\n`, io);
  if ([name, ...rest].some((one) => one === "--help" || one === "-h")) return say(command?.help ?? HELP, io);
  try {
    if (command === undefined)
      throw new UsageError(`the commands are ${[...COMMANDS.keys()].join(", ")}; give one of them first`);
    return await command.run(rest, io);
  } catch (error) {
    const which = command === undefined ? "" : ` ${name}`;
    complain(`matrix-jwt-login${which}: ${problemOf(error)}; see matrix-jwt-login${which} --help\n`, io);
    return EXIT.wrongUse;
  }
}

/** Resolves once all is written, and what went wrong with it has been told. */
function written({ stdout, stderr }: CommandProcess): Promise<void> {
  return new Promise((resolve) => {
    stdout.write("", () => {
      stderr.write("", () => {
        setImmediate(resolve);
      });
    });
  });
}

function problemOf(error: unknown): string {
  // What parseArgs says of unknown options goes on to what hardly anybody meant.
  return reasons(error).replace(/\. To specify a positional argument.*/, "");
}

function complain(text: string, { stderr }: Io): void {
  try {
    stderr.write(text);
  } catch {
    // There is nowhere left to say it.
  }
}

function say(text: string, { stdout }: Io): number {
  stdout.write(text);
  return EXIT.ok;
}
