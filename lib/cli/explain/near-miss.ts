import { createSecretKey, type KeyObject } from "node:crypto";

import type { Algorithm } from "../../tokens/readers/algorithms.js";
import type { CompactToken } from "../../tokens/readers/compact.js";
import { verifySignature } from "../../tokens/readers/signature.js";

/** What an issuer may have made of the text that both sides call the secret. */
const SPELLINGS: readonly (readonly [how: string, (secret: string) => Buffer])[] = [
  ["with a line end after it", (secret) => Buffer.from(`${secret}\n`, "latin1")],
  ["without the white space around it", (secret) => Buffer.from(secret.trim(), "latin1")],
  ["decoded from base64", (secret) => Buffer.from(secret, "base64")],
  ["decoded from hexadecimal", (secret) => Buffer.from(secret, "hex")],
  ["encoded in base64", (secret) => Buffer.from(Buffer.from(secret, "latin1").toString("base64"))],
];

/** How a secret would have to be written for the signature to be good; empty where that isn't known. */
export function nearMiss(token: CompactToken, algorithm: Algorithm, keys: readonly KeyObject[]): string {
  for (const secret of keys.filter(({ type }) => type === "secret").map((key) => key.export().toString("latin1"))) {
    const found = SPELLINGS.find(([, spell]) => verifySignature(token, algorithm, createSecretKey(spell(secret))));
    if (found !== undefined) return `with the secret ${found[0]} it is good`;
  }
  return "";
}
