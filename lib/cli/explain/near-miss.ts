import { createSecretKey, type KeyObject, verify } from "node:crypto";

import { type Algorithm, hashLength } from "../../tokens/algorithms.js";
import type { CompactToken } from "../../tokens/compact.js";
import { verifySignature } from "../../tokens/proofs/signature.js";

/** Why a signature that is wrong would nearly have been right. */
export interface NearMiss {
  readonly text: string;
  /** What to change. */
  readonly advice: string;
}

/** One way to read a text as a secret: bytes are kept one in a character. */
interface Spelling {
  readonly how: string;
  /** As code, with `...` for the text. */
  readonly code: string;
  readonly read: (text: string) => string;
}

const AS_IT_IS: Spelling = { how: "", code: "...", read: (text) => text };

/** What terminals, editors, `echo` and `docker --env-file` put around a secret. */
const AROUND: readonly Spelling[] = [
  AS_IT_IS,
  { how: "without the white space around it", code: "(...).trim()", read: (text) => text.trim() },
  {
    how: "without its byte order mark",
    code: '(...).replace(/^\\uFEFF/, "")',
    read: withoutMark,
  },
  {
    how: "without its byte order mark and the white space around it",
    // Which takes a byte order mark for white space.
    code: "(...).trim()",
    read: (text) => withoutMark(text).trim(),
  },
  { how: "without the quotes around it", code: "(...).slice(1, -1)", read: unquoted },
  {
    how: "without the white space and the quotes around it",
    code: "(...).trim().slice(1, -1)",
    read: (text) => unquoted(withoutMark(text).trim()),
  },
];

const ENCODED: readonly Spelling[] = [
  AS_IT_IS,
  { how: "decoded from hexadecimal", code: 'Buffer.from(..., "hex")', read: decoded("hex", /^(?:[0-9a-f]{2})+$/i) },
  {
    how: "decoded from base64",
    code: 'Buffer.from(..., "base64")',
    // Also in several lines, as openssl writes it.
    read: decoded("base64", /^[A-Za-z\d+/]+(?:\s+[A-Za-z\d+/]+)*={0,2}$/),
  },
  {
    how: "decoded from base64url",
    code: 'Buffer.from(..., "base64url")',
    read: decoded("base64url", /^[\w-]+={0,2}$/),
  },
  {
    how: "encoded in base64",
    code: 'Buffer.from(...).toString("base64")',
    read: (text) => Buffer.from(text, "latin1").toString("base64"),
  },
  { how: "with a line end after it", code: '... + "\\n"', read: (text) => `${text}\n` },
];

/** Each way around with each encoding, the plain ones first. */
const SPELLINGS: readonly Spelling[] = AROUND.flatMap((around) =>
  ENCODED.map((encoded) => ({
    how: [around.how, encoded.how].filter((how) => how !== "").join(" and "),
    code: encoded.code.replace("...", around.code),
    read: (text) => encoded.read(around.read(text)),
  })),
);

function withoutMark(text: string): string {
  return text.replace(/^\xef\xbb\xbf/, "");
}

function unquoted(text: string): string {
  return text.replace(/^(["'])([^]*)\1$/, "$2");
}

function decoded(encoding: BufferEncoding, shape: RegExp): Spelling["read"] {
  return (text) => (shape.test(text) ? Buffer.from(text, encoding).toString("latin1") : text);
}

/** What would make the signature good, if that is known. */
export function nearMiss(token: CompactToken, algorithm: Algorithm, keys: readonly KeyObject[]): NearMiss | undefined {
  for (const key of keys) {
    const found = key.type === "secret" ? respelled(token, algorithm, key) : inDer(token, algorithm, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

function respelled(token: CompactToken, algorithm: Algorithm, key: KeyObject): NearMiss | undefined {
  const secret = key.export().toString("latin1");
  const isGood = ({ read }: Spelling) => {
    const bytes = Buffer.from(read(secret), "latin1");
    return verifySignature(token, algorithm, createSecretKey(bytes)) !== undefined;
  };
  const found = SPELLINGS.find(isGood);
  return found && { text: `with the secret ${found.how} it is good`, advice: `Set secret: ${found.code}` };
}

/** OpenSSL's way to write an ECDSA signature, and that of many libraries, which RFC 7518 section 3.4 does not take. */
function inDer(token: CompactToken, algorithm: Algorithm, key: KeyObject): NearMiss | undefined {
  if (!algorithm.startsWith("ES")) return undefined;
  const hash = `sha${String(8 * hashLength(algorithm))}`;
  const signature = Buffer.from(token.signature, "base64url");
  if (!verify(hash, Buffer.from(token.signingInput), { key, dsaEncoding: "der" }, signature)) return undefined;
  return {
    text: "it is good, but written in DER",
    advice: 'Have the issuer write r and s side by side (RFC 7518 section 3.4; in Node: dsaEncoding: "ieee-p1363").',
  };
}
