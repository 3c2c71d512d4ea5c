import { parseArgs } from "node:util";

import { pasteable } from "./check-options.js";
import { type Examination, examineProvider, type Finding } from "./check-provider.js";
import { type Command, EXIT, UsageError } from "./command.js";
import { printable, printableJson } from "./show.js";

const HELP = `Usage: matrix-jwt-login check ISSUER [options]

Asks an identity provider for its discovery document and its keys, says what it supports and what to look
at, and prints the options to paste: for a login, for single sign-on, and for JWTs as access tokens.

  ISSUER           its issuer identifier, e.g. https://id.example.org/realms/example
  --jwks-uri URL   its JWK Set, if it has no discovery document
  --allow-http     also over http: on a host that is not loopback
  --json           one JSON object: { usable, issuer, findings, options }

Exit code: 0 usable, 1 not usable, 2 wrong use.
`;

const MARKS = { pass: "pass", note: "note", fail: "FAIL" } as const;
const INDENT = " ".repeat(20);

export const check: Command = {
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args,
      options: {
        "jwks-uri": { type: "string" },
        "allow-http": { type: "boolean", default: false },
        json: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    const [issuer, ...more] = positionals;
    if (more.length > 0) throw new UsageError("takes one issuer");
    const { "jwks-uri": jwksUri, "allow-http": allowHttp } = values;
    if (issuer === undefined && jwksUri === undefined) throw new UsageError("needs an issuer, or --jwks-uri");
    const examination = await examineProvider({ issuer, jwksUri, allowHttp });
    io.stdout.write(values.json ? asJson(examination) : asText(examination));
    return examination.usable ? EXIT.ok : EXIT.refused;
  },
};

function asJson({ usable, issuer, findings, offer }: Examination): string {
  return `${printableJson({ usable, issuer, findings, options: offer && pasteable(offer) })}\n`;
}

function asText({ usable, findings, offer }: Examination): string {
  const verdict = usable ? "Usable." : "Not usable as it is.";
  const options = offer === undefined ? {} : pasteable(offer);
  const blocks = TITLES.flatMap(([name, title]) => {
    const code = options[name];
    return code === undefined ? [] : ["", title, "", code];
  });
  const more = offer === undefined ? [] : ["", MORE];
  return [verdict, "", ...findings.flatMap(rows), ...blocks, ...more, ""].join("\n");
}

/** These options take every token of the provider that is for the audience. */
const MORE =
  "What else to set is in the provider's guide: which claim names a user (the same for all three), and what keeps tokens out that are no person's.";

const TITLES = [
  ["login", "For a login by JWT, in loginTypes:"],
  ["sso", "For single sign-on, in sso.identityProviders:"],
  ["bearer", "For JWTs as access tokens, in matrixBearerAuth:"],
] as const;

function rows({ name, result, text, advice }: Finding): readonly string[] {
  const row = `${MARKS[result]}  ${name.padEnd(14)}${printable(text)}`;
  return advice === undefined ? [row] : [row, `${INDENT}-> ${printable(advice)}`];
}
