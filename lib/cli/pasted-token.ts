import { existsSync, fstatSync } from "node:fs";

import type { JsonObject } from "../support/json.js";
import { type Io, UsageError } from "./command.js";

/** Bytes of standard input that are read at most: no token is that long. */
const MAX_INPUT = 1_048_576;
/** Where answers of token endpoints and logins hold a token (RFC 6749 section 5.1, OpenID Connect Core 1.0 section 3.1.3.3). */
const TOKEN_MEMBERS = ["access_token", "id_token", "token"];

/**
 * The token that is meant by what people give: as the only argument, or on standard input.
 *
 * @throws UsageError if there is more than one, or more than a token can be
 */
export async function pastedToken(positionals: readonly string[], { stdin, stderr }: Io): Promise<string> {
  // "Bearer TOKEN" without quotes is two.
  const [given = "-", ...more] =
    positionals.length > 1 && /^bearer$/i.test(String(positionals[0])) ? positionals.slice(1) : positionals;
  if (more.length > 0) throw new UsageError("takes one token");
  if (given === "-" && stdin.isTTY === true) stderr.write("Paste the token, then press Enter and Ctrl-D.\n");
  const pasted = given === "-" ? await textOf(stdin) : given;
  const members = membersOf(pasted.trim());
  const token = tokenIn(members[0]?.value ?? pasted.trim());
  const hint = hintFor(pasted, token, members, given !== "-");
  if (hint !== undefined) stderr.write(`${hint}\n`);
  return token;
}

/** How a header begins (RFC 6750 section 2.1), in quotes or not. */
const BEARER = /^["'`]?bearer\s/i;

/** What was given instead of a token, if that can be told. */
function hintFor(pasted: string, token: string, members: readonly Member[], isArgument: boolean): string | undefined {
  const [taken, ...others] = members.map(({ name }) => name);
  if (others.length > 0)
    return `There is more than one token in the JSON: this is ${String(taken)}, not ${others.join(" or ")}.`;
  // "token" is what a login's JSON calls it.
  if (taken !== undefined)
    return taken === "token" ? undefined : `The ${taken} was taken from the JSON: a login takes the token alone.`;
  if (BEARER.test(pasted.trim()))
    return "Bearer was left out: a login takes the token alone, and refuses what is around it.";
  if (token === "") return "There is nothing to read: it is empty.";
  if (token.startsWith("{")) return `There is JSON and no token in it: no ${TOKEN_MEMBERS.join(", ")}.`;
  if (isArgument && existsSync(pasted))
    return "That is the name of a file. To read a token from it, write < before it.";
  if (pasted.trimEnd() !== token)
    return "Quotes or white space were left out: a login takes the token alone, and refuses what is around it or in it.";
  return undefined;
}

/** Without what is pasted along: `Bearer`, quotes, white space and line breaks. */
function tokenIn(text: string): string {
  const bare = unquoted(text).replace(/^(?:authorization\s*:\s*)?bearer\s+/i, "");
  return unquoted(bare).replace(/\s+/g, "");
}

/** Straight quotes, those that word processors make of them, and what follows a value in code. */
export function unquoted(text: string): string {
  // By hand, as a pattern for the end would look at each run of quotes again from each of its characters.
  let [from, to] = [0, text.length];
  while (from < to && /["'`\u2018-\u201e]/.test(text.charAt(from))) from += 1;
  while (from < to && /["'`\u2018-\u201e,;]/.test(text.charAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

interface Member {
  readonly name: string;
  readonly value: string;
}

/** The tokens in a JSON object, alone or in a command line, the one that is meant first. */
function membersOf(text: string): readonly Member[] {
  if (!text.includes("{")) return [];
  try {
    // A terminal may have wrapped it: a line break that JSON allows means nothing, and one in a text is none of its own.
    const json = JSON.parse(
      text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1).replace(/[\r\n]\s*/g, ""),
    ) as JsonObject;
    return TOKEN_MEMBERS.flatMap((name) => {
      const value = json[name];
      return typeof value === "string" && value !== "" ? [{ name, value }] : [];
    });
  } catch {
    return [];
  }
}

async function textOf(stdin: Io["stdin"]): Promise<string> {
  const chunks: Buffer[] = [];
  let left = MAX_INPUT;
  try {
    // Node reads a folder as if it were empty.
    if (stdin.fd !== undefined && fstatSync(stdin.fd).isDirectory()) throw new Error("it is a folder");
    for await (const chunk of stdin) {
      const bytes = Buffer.from(chunk as string);
      left -= bytes.length;
      if (left < 0) throw new UsageError(`it has more than ${String(MAX_INPUT)} bytes, which is no token`);
      chunks.push(bytes);
    }
  } catch (cause) {
    throw new UsageError("standard input can't be read", { cause });
  }
  return Buffer.concat(chunks).toString();
}
