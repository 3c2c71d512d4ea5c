import { createPrivateKey, type KeyObject } from "node:crypto";
import { parseArgs } from "node:util";

import { type Algorithm, algorithmsOf } from "../tokens/algorithms.js";
import { secretKey, warnOfShortSecret } from "../tokens/keys/secret.js";
import { type Command, EXIT, UsageError } from "./command.js";
import { encrypted } from "./encrypt.js";
import { secretIn, textOf } from "./files.js";
import { signature } from "./sign.js";

const HELP = `Usage: matrix-jwt-login mint [options]

Prints a signed token to try a login with, and nothing else.

Key, one of:
  --secret-file FILE    shared secret; one line end at the end of the file is not part of it
  --secret SECRET       the same, but whoever can list this machine's processes sees it: better a file
  --key-file FILE       private key as PEM: RSA, EC or Ed25519

Encryption, of the signed token:
  --encrypt-for FILE    public key as PEM or JWK: RSA, EC or X25519; RSA-OAEP-256 or ECDH-ES+A256KW, A256GCM

Header:
  --algorithm NAME      default: the first that fits the key, e.g. HS256, RS256, ES256 or EdDSA
  --kid ID              name of the key
  --type TYPE           typ, default JWT

Claims:
  --sub SUBJECT         whom the token is for, e.g. alice
  --expires SECONDS     from now, default 300; --expires=-60 for one that has expired, "never" for none
  --issuer ISSUER
  --audience AUDIENCE   may be given more than once
  --claim NAME=VALUE    any other, or one of the above once more; may be given more than once.
                        VALUE is JSON, and text where it is not

Exit code: 0, or 2 where it was called the wrong way.
`;

const OPTIONS = {
  "secret-file": { type: "string" },
  secret: { type: "string" },
  "key-file": { type: "string" },
  algorithm: { type: "string" },
  kid: { type: "string" },
  type: { type: "string", default: "JWT" },
  sub: { type: "string" },
  expires: { type: "string", default: "300" },
  issuer: { type: "string" },
  audience: { type: "string", multiple: true },
  "encrypt-for": { type: "string" },
  claim: { type: "string", multiple: true, default: [] as string[] },
} as const;

type Values = ReturnType<typeof parse>;

export const mint: Command = {
  help: HELP,
  async run(args, { stdout }) {
    const values = parse(args);
    const key = signingKey(values);
    const algorithm = algorithmFor(key, values.algorithm);
    if (key.type === "secret") warnOfShortSecret([key], [algorithm], "the secret");
    const header = { alg: algorithm, typ: values.type, kid: values.kid };
    const input = `${encode(header)}.${encode(claimsOf(values))}`;
    const token = `${input}.${signature(input, algorithm, key).toString("base64url")}`;
    const encryptFor = values["encrypt-for"];
    stdout.write(`${encryptFor === undefined ? token : await encrypted(token, encryptFor)}\n`);
    return EXIT.ok;
  },
};

function parse(args: string[]) {
  const { values, positionals } = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  if (positionals.length > 0) throw new UsageError("takes options alone");
  return values;
}

function signingKey(values: Values): KeyObject {
  const { secret, "secret-file": secretFile, "key-file": keyFile } = values;
  const given = [secret, secretFile, keyFile].filter((one) => one !== undefined);
  if (given.length !== 1) throw new UsageError("needs one of --secret-file, --secret and --key-file");
  if (keyFile !== undefined) return privateKeyIn(keyFile);
  return secretFile === undefined ? secretKey(secret, "--secret") : secretKey(secretIn(secretFile), "--secret-file");
}

function privateKeyIn(file: string): KeyObject {
  const pem = textOf(file, "--key-file");
  try {
    return createPrivateKey(pem);
  } catch {
    throw new UsageError("--key-file must hold a private key as PEM, without a passphrase");
  }
}

function algorithmFor(key: KeyObject, wanted: string | undefined): Algorithm {
  const fitting = algorithmsOf(key);
  const algorithm = wanted === undefined ? fitting[0] : fitting.find((name) => name === wanted);
  if (algorithm !== undefined) return algorithm;
  throw new UsageError(
    fitting.length === 0
      ? "--key-file must hold an RSA key of at least 2048 bits, an EC key on P-256, P-384 or P-521, or an Ed25519 key"
      : `--algorithm must be one that fits the key: ${fitting.join(", ")}`,
  );
}

function claimsOf({ sub, expires, issuer, audience, claim }: Values): object {
  const now = Math.floor(Date.now() / 1_000);
  const [onlyAudience, ...more] = audience ?? [];
  return {
    iss: issuer,
    sub,
    aud: more.length === 0 ? onlyAudience : audience,
    exp: expires === "never" ? undefined : now + secondsOf(expires),
    iat: now,
    ...Object.fromEntries(claim.map(namedClaim)),
  };
}

function secondsOf(text: string): number {
  if (/^-?\d{1,12}$/.test(text)) return Number(text);
  throw new UsageError('--expires must be a whole number of seconds, or "never"');
}

function namedClaim(text: string): readonly [string, unknown] {
  const end = text.indexOf("=");
  if (end < 1) throw new UsageError("--claim must be NAME=VALUE");
  const name = text.slice(0, end);
  const value = text.slice(end + 1);
  try {
    return [name, JSON.parse(value) as unknown];
  } catch {
    return [name, value];
  }
}

/** What is undefined is left out. */
function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
