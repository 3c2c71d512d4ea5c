import { isServerName } from "../../matrix/identifiers.js";
import { type Command, EXIT, type Io, UsageError } from "../command.js";
import { pastedToken } from "../pasted-token.js";
import { coloured, plain } from "./colours.js";
import type { LinkedAccounts } from "./examine-identity.js";
import type { UserIs } from "./examine-login.js";
import { jsonReport } from "./json-report.js";
import { judge, type Judgement } from "./judge.js";
import { type CommandLine, loginOptionsFor, parseCommandLine } from "./options.js";
import { report } from "./report.js";

const HELP = `Usage: matrix-jwt-login explain [options] [TOKEN | -]

Says, rule by rule and in the order of a login, what a token was checked for, what passed, what
failed and what to change. Without TOKEN, or with -, it is read from standard input: better so, as
whoever can list this machine's processes sees the command line. "Bearer", quotes, line breaks, and a
JSON answer with access_token, id_token or token around it may stay. Keys and secrets are never
printed, nor is the token's signature.

Keys, one of:
  --secret-file FILE    shared secret; one line end at the end of the file is not part of it
  --secret SECRET       the same, on the command line: better a file
  --key-file FILE       public key or X.509 certificate as PEM, JWK or JWK Set
  --jwks-uri URL        JWKS endpoint
  --discover            the JWKS endpoint that the one --issuer names
  --options FILE        a login type's options: JSON (.json), or the default or only export of a
                        module. What flags say goes over it
  --login-type NAME     which one, if FILE has the options of several

Rules, as the options of a login type:
  --algorithm NAME          --max-token-length CHARACTERS
  --issuer ISSUER           --max-token-age SECONDS
  --audience AUDIENCE       --clock-tolerance SECONDS
  --any-audience            --optional-expiry
  --token-type TYPE         --subject-claim NAME     twice or more: the way down to it
  --scope SCOPE             --subject-format FORMAT  localpart, userId or either
  --allow-http              --localpart RULE         as-is, lowercase or escape
  --server-name NAME        work out the user ID too
  --user known|unknown      what findUser would answer. Unless given: known, or with
                            allowRegistration unknown
  --linked yes|no           whether externalIds.find would give a user. Unless given: yes

Output:
  --json                    one JSON object
  --quiet                   failures and the verdict only
  --no-color                no colours (NO_COLOR in the environment does the same)

Secrets, files, algorithms, issuers, audiences and scopes may be given more than once.

Exit code: 0 the token would be accepted, 1 it would be refused or the keys can't be had, 2 wrong use.
`;

/** How often one is told that the keys are still waited for, in milliseconds. */
const PATIENCE = 1_000;

export const explain: Command = {
  help: HELP,
  async run(args, io) {
    const line = parseCommandLine(args);
    const user = userOf(line);
    const { options, serverName, externalIds } = await loginOptionsFor(line);
    const login = {
      serverName: serverNameOf(line) ?? assertServerName(serverName, "serverName of --options"),
      user,
      accounts: accountsOf(line, externalIds),
    };
    const token = await pastedToken(line.positionals, io);
    const judgement = await waitingFor(judge(token, options, login), io);
    io.stdout.write(written(judgement, line, io));
    return judgement.refusal === undefined ? EXIT.ok : EXIT.refused;
  },
};

function written(
  judgement: Judgement,
  { values: { json, quiet, "no-color": noColour } }: CommandLine,
  { stdout }: Io,
): string {
  if (json) return jsonReport(judgement);
  // https://no-color.org
  const inColour = stdout.isTTY === true && !noColour && !process.env["NO_COLOR"];
  return report(judgement, { quiet, paint: inColour ? coloured : plain });
}

function userOf({ values: { user } }: CommandLine): UserIs | undefined {
  if (user === undefined || user === "known" || user === "unknown") return user;
  throw new UsageError("--user must be known or unknown");
}

/** Undefined if accounts are not linked. */
function accountsOf({ values: { linked } }: CommandLine, externalIds: unknown): LinkedAccounts | undefined {
  if (linked !== undefined && linked !== "yes" && linked !== "no") throw new UsageError("--linked must be yes or no");
  if (typeof externalIds === "object" && externalIds !== null) {
    const { existingUsers = "refuse" } = externalIds as { readonly existingUsers?: unknown };
    return { linked: linked !== "no", existingUsers };
  }
  if (linked !== undefined) throw new UsageError("--linked goes with --options that have externalIds");
  return undefined;
}

function serverNameOf({ values }: CommandLine): string | undefined {
  return assertServerName(values["server-name"], "--server-name");
}

function assertServerName(name: unknown, what: string): string | undefined {
  if (name === undefined || (typeof name === "string" && isServerName(name))) return name;
  throw new UsageError(`${what} must be a Matrix server name, e.g. example.org or example.org:8448`);
}

/** None of the library's timers keeps a process alive; this one does, until there is a verdict. */
async function waitingFor<T>(work: Promise<T>, { stderr }: Io): Promise<T> {
  const timer = setInterval(() => stderr.write("Waiting for the keys...\n"), PATIENCE);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
