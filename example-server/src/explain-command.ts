import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** What `matrix-jwt-login explain --json` prints. */
export type Explanation = Readonly<Record<string, unknown>>;

/** No more at once, as each is a process of its own; and no more that wait for their turn. */
const maxRunning = 2;
const maxWaiting = 8;
const timeoutMs = 15_000;

const optionsFile = join(import.meta.dirname, "../explain-options.js");
let running = 0;
const waiting: (() => void)[] = [];

/**
 * Has the package's command say, rule by rule, what a token is checked for: the same that an operator would run.
 *
 * @param options - a login type's. What JSON can't hold is left out
 * @param isKnown - whether the user has an account
 * @returns undefined where too many are asked about at once
 */
export async function explain(
  token: string,
  options: object,
  serverName: string,
  isKnown: boolean,
): Promise<Explanation | undefined> {
  if (waiting.length === maxWaiting) return undefined;
  if (running < maxRunning) running += 1;
  else await new Promise<void>((turn) => waiting.push(turn));
  try {
    const flags = ["--options", optionsFile, "--server-name", serverName, "--user", isKnown ? "known" : "unknown"];
    const printed = await run([command(), "explain", "--json", ...flags, "-"], token, {
      ...process.env,
      EXPLAIN_OPTIONS: JSON.stringify(options),
    });
    return JSON.parse(printed) as Explanation;
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

function command(): string {
  const manifest = createRequire(import.meta.url).resolve("matrix-jwt-login/package.json");
  return join(dirname(manifest), "dist/esm/cli/bin.js");
}

function run(args: readonly string[], input: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ["pipe", "pipe", "pipe"], timeout: timeoutMs });
    const printed: Buffer[] = [];
    const complaints: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => printed.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      // 1: the token would be refused, and that is an answer.
      if (code === 0 || code === 1) resolve(Buffer.concat(printed).toString());
      else reject(new Error(`explain ended with ${String(code)}: ${Buffer.concat(complaints).toString()}`));
    });
    // It may have ended before it has read all.
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
