import { parseArgs } from "node:util";

import { peek } from "../tokens/peek.js";
import { type Command, EXIT } from "./command.js";
import { pastedToken } from "./pasted-token.js";
import { printable, printableJson, shallow, showTime } from "./show.js";

const HELP = `Usage: matrix-jwt-login decode [TOKEN | -] [--json]

Prints the header and the claims of a token. Nothing is verified: anybody can have written it.

Without TOKEN, or with -, it is read from standard input: better so, as whoever can list this machine's
processes sees the command line. The signature is not printed.

  --json   one JSON object: { verified: false, encrypted, header, claims }

Exit code: 0, 1 if it is no JWT, 2 wrong use.
`;

/** NumericDate claims (RFC 7519 section 4.1, OpenID Connect Core 1.0 section 2). */
const TIMES = ["exp", "nbf", "iat", "auth_time"];

interface Decoded {
  readonly header: object;
  /** Undefined: encrypted. */
  readonly claims: object | undefined;
}

export const decode: Command = {
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args,
      options: { json: { type: "boolean", default: false } },
      allowPositionals: true,
    });
    const decoded = decodedFrom(await pastedToken(positionals, io));
    if (decoded === undefined) {
      io.stdout.write(
        values.json ? '{"verified":false,"jwt":false}\n' : "This is no JWT: an opaque token, or a part of one.\n",
      );
      return EXIT.refused;
    }
    io.stdout.write(values.json ? asJson(decoded) : asText(decoded));
    return EXIT.ok;
  },
};

/** What is in a token, unverified (RFC 7515 section 7.1, and RFC 7516 section 7.1 for five parts); undefined if it is no JWT. */
export function decodedFrom(token: string): Decoded | undefined {
  const { shape, header, claims } = peek(token);
  const isJwt = shape === "encrypted" ? header !== undefined && "enc" in header : claims !== undefined;
  return isJwt && header !== undefined ? { header, claims } : undefined;
}

function asJson({ header, claims }: Decoded): string {
  return `${printableJson({ verified: false, encrypted: claims === undefined, header, claims })}\n`;
}

function asText({ header, claims }: Decoded): string {
  const lines = ["NOT VERIFIED: anybody can have written this.", "", "Header", ...indented(header), ""];
  if (claims === undefined) {
    return [...lines, "Encrypted (RFC 7516): its claims can be read with the private key alone.", ""].join("\n");
  }
  const now = Date.now() / 1_000;
  const times = TIMES.flatMap((name) => {
    const time = (claims as Readonly<Record<string, unknown>>)[name];
    return typeof time === "number" ? [`  ${name.padEnd(10)}${showTime(time, now)}`] : [];
  });
  return [...lines, "Claims", ...indented(claims), "", ...(times.length > 0 ? ["Times", ...times, ""] : [])].join("\n");
}

/** Levels that are indented: each makes every line below it longer. */
const MAX_INDENTED = 64;

function indented(part: object): readonly string[] {
  return JSON.stringify(shallow(part, MAX_INDENTED), undefined, 2)
    .split("\n")
    .map((line) => `  ${printable(line)}`);
}
