import { createSecretKey, KeyObject } from "node:crypto";

import { OptionsError } from "../../support/options-error.js";
import { type Algorithm, hashLength } from "../algorithms.js";
import { bare, pemLabels, textOf } from "./pem.js";
import { labelOfDer } from "./public-key.js";

/** A shared secret: text (taken as UTF-8), bytes, or a secret `KeyObject`. */
export type SecretInput = string | Uint8Array | KeyObject;

export function secretKey(value: unknown, path: string): KeyObject {
  if (value instanceof KeyObject) {
    if (value.type !== "secret") {
      throw new OptionsError(path, `must be a secret, not a ${value.type} key; a public key is the option publicKey's`);
    }
    assertSecret(value.export(), path);
    return value;
  }
  if (typeof value !== "string" && !(value instanceof Uint8Array)) {
    throw new OptionsError(path, "must be a string, a Buffer or a secret KeyObject");
  }
  const bytes = Buffer.from(value as Uint8Array);
  assertSecret(bytes, path);
  return createSecretKey(bytes);
}

/** RFC 8725 section 3.1: whoever knows the public key could sign with it if it were taken for a secret. */
function assertSecret(bytes: Buffer, path: string): void {
  if (bytes.length === 0)
    throw new OptionsError(path, "must not be empty; is the environment variable that it comes from set?");
  const kind = kindOfKey(bytes);
  if (kind === undefined) return;
  throw new OptionsError(path, `is ${kind}, not a shared secret; use publicKey or keyFile`);
}

/** How often a key may be wrapped in base64 or hexadecimal. */
const MAX_WRAPPERS = 3;

/** How a key in SSH2's format begins (RFC 4716 section 3.2), and PEM that somebody has typed. */
const ARMOUR = /-{4,5} ?BEGIN [\w ]*(?:KEY|CERTIFICATE) ?-{4,5}/i;
/** `kty` of a JWK as JSON, YAML or a query has it, in quotes of any depth. One of `oct` is a shared secret. */
const ASYMMETRIC_JWK = /\bkty[\s"'`\\]*[:=][\s"'`\\]*(?!oct\b)\w/;

/** What sort of asymmetric key or certificate some bytes are, or hold, in whatever form people pass them on. */
export function kindOfKey(bytes: Buffer, wrappers = MAX_WRAPPERS): string | undefined {
  if (labelOfDer(bytes) !== undefined || labelOfDer(trimmed(bytes)) !== undefined) return "a key or certificate in DER";
  const text = withoutEscapes(textOf(bytes));
  if (pemLabels(text).length > 0 || ARMOUR.test(text)) return "a PEM key or certificate";
  const content = bare(text);
  if (Array.from(content.matchAll(/AAAA/g)).some(({ index }) => isSsh(content.slice(index)))) return "an SSH key";
  if (ASYMMETRIC_JWK.test(text)) return "a JSON Web Key";
  if (/<RSAKeyValue\b/i.test(text)) return "an RSA key in XML";
  if (wrappers === 0) return undefined;
  const [hex] = /(?<=^(?:0x)?)[\da-f:]+$/i.exec(content) ?? [];
  const decoded = [
    Buffer.from(bytes.toString(), "latin1"),
    ...(hex === undefined ? [] : [Buffer.from(hex.replaceAll(":", ""), "hex")]),
    ...(content.match(/[\w+/-]{40,}/g) ?? []).map((run) => Buffer.from(run, "base64")),
  ];
  return decoded.map((inner) => kindOfKey(inner, wrappers - 1)).find(Boolean);
}

/** Decodes `%XX` (RFC 3986 section 2.1), and `\u00XX` of JSON. */
function withoutEscapes(text: string): string {
  return text.replace(/(?:%|\\u00)([\da-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}

function trimmed(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString("latin1").trim(), "latin1");
}

/** RFC 4253 section 6.6: base64 of a name with its length before it. */
function isSsh(base64: string): boolean {
  const named = Buffer.from(base64.slice(0, 32), "base64").subarray(4);
  return /^(?:ssh|ecdsa|sk)-/.test(named.toString("latin1"));
}

/** RFC 7518 section 3.2: an HMAC key should be as long as the hash. A short one works, with a warning when the options are checked. */
export function warnOfShortSecret(keys: readonly KeyObject[], algorithms: readonly Algorithm[], path: string): void {
  const shortest = Math.min(...algorithms.map(hashLength));
  if (keys.every((key) => Number(key.symmetricKeySize) >= shortest)) return;
  process.emitWarning(
    `${path} is shorter than the ${String(shortest)} bytes of its algorithm's hash and can be guessed (RFC 7518 section 3.2)`,
    { type: "SecurityWarning", code: "MATRIX_JWT_LOGIN_SHORT_SECRET" },
  );
}
