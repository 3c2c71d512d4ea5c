import { OptionsError } from "../support/options-error.js";
import { EXIT, UsageError, type Command, type Io } from "./command.js";
import { explain } from "./explain/explain.js";
import { mint } from "./mint.js";
import { reasons } from "./show.js";
import { VERSION } from "./version.js";

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ["explain", explain],
  ["mint", mint],
]);

const HELP = `Usage: matrix-jwt-login COMMAND [options]

  explain   says, rule by rule, why a token would be accepted or refused
  mint      makes a token to try a login with

matrix-jwt-login COMMAND --help says more. --version prints the version.
`;

/**
 * The package's command.
 *
 * @returns the exit code: 0, 1 where a token would be refused, 2 where it was called the wrong way
 */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const [name = "", ...rest] = args;
  const command = COMMANDS.get(name);
  if (args.includes("--version")) return say(`${VERSION}\n`, io);
  if (args.includes("--help") || args.includes("-h")) return say(command?.help ?? HELP, io);
  try {
    if (command === undefined) throw new UsageError("there are two commands, explain and mint; give one of them first");
    return await command.run(rest, io);
  } catch (error) {
    if (!isWrongUse(error)) throw error;
    const which = command === undefined ? "" : ` ${name}`;
    io.stderr.write(`matrix-jwt-login${which}: ${problemOf(error)}\nSee: matrix-jwt-login${which} --help\n`);
    return EXIT.wrongUse;
  }
}

function problemOf(error: unknown): string {
  // What parseArgs says of unknown options goes on to what hardly anybody meant.
  return reasons(error).replace(/\. To specify a positional argument.*/, "");
}

function say(text: string, { stdout }: Io): number {
  stdout.write(text);
  return EXIT.ok;
}

function isWrongUse(error: unknown): boolean {
  if (error instanceof UsageError || error instanceof OptionsError) return true;
  return String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS_");
}
