import { createSecretKey, KeyObject } from "node:crypto";

import { OptionsError } from "../../support/options-error.js";
import { hashLength, type Algorithm } from "../readers/algorithms.js";
import { parseJson } from "../readers/compact.js";
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
  if (bytes.length === 0) throw new OptionsError(path, "must not be empty");
  const kind = kindOfKey(bytes);
  if (kind === undefined) return;
  throw new OptionsError(path, `is ${kind}, not a shared secret; use publicKey or keyFile`);
}

/** How often a key may be wrapped in base64, hexadecimal or quotes. */
const MAX_WRAPPERS = 3;
/** How deep in JSON a key is looked for. */
const MAX_DEPTH = 5;

/** What sort of asymmetric key or certificate some bytes are, in whatever form people pass them on. */
function kindOfKey(bytes: Buffer, wrappers = MAX_WRAPPERS): string | undefined {
  if (labelOfDer(bytes) !== undefined) return "a key or certificate in DER";
  const text = textOf(bytes);
  if (pemLabels(text.replaceAll("%20", " ")).length > 0) return "a PEM key or certificate";
  const content = bare(text);
  if (/^(?:(?:ssh|ecdsa|sk)-[^/+]*)?AAAA/.test(content) && isSsh(content)) return "an SSH key";
  const [json, ...unquoted] = readings(text).map(parseJson);
  if ([json, ...unquoted].some((value) => hasAsymmetricJwk(value))) return "a JSON Web Key";
  if (wrappers === 0) return undefined;
  if (typeof json === "string") return kindOfKey(Buffer.from(json), wrappers - 1);
  const decoded = [
    ...(/^[\da-f:]+$/i.test(content) ? [Buffer.from(content.replaceAll(":", ""), "hex")] : []),
    ...(/^[\w+/=-]+$/.test(content) ? [Buffer.from(content, "base64")] : []),
  ];
  return decoded.map((inner) => (inner.length === 0 ? undefined : kindOfKey(inner, wrappers - 1))).find(Boolean);
}

/** RFC 4253 section 6.6: base64 of a name with its length before it. */
function isSsh(content: string): boolean {
  const named = Buffer.from(content.slice(content.indexOf("AAAA")), "base64").subarray(4);
  return /^(?:ssh|ecdsa|sk)-/.test(named.toString("latin1"));
}

/** A JWK of a key pair, by itself or in a set. One of `kty` `oct` is a shared secret. */
function hasAsymmetricJwk(json: unknown, depth = MAX_DEPTH): boolean {
  if (typeof json !== "object" || json === null || depth === 0) return false;
  const { kty } = json as { readonly kty?: unknown };
  if (typeof kty === "string" && kty !== "oct") return true;
  return Object.values(json).some((value) => hasAsymmetricJwk(value, depth - 1));
}

/** JSON as it is, without quotes around it, and with what was escaped in them. */
function readings(text: string): readonly string[] {
  const unquoted = text.replace(/^[\s'"`\ufeff]+|[\s'"`]+$/g, "");
  return [text.trim(), unquoted, unquoted.replace(/\\+[rnt]/g, " ").replace(/\\+"/g, '"')];
}

/** RFC 7518 section 3.2: an HMAC key should be as long as the hash. A short one works, and warns once. */
export function warnOfShortSecret(keys: readonly KeyObject[], algorithms: readonly Algorithm[], path: string): void {
  const shortest = Math.min(...algorithms.map(hashLength));
  if (keys.every((key) => Number(key.symmetricKeySize) >= shortest)) return;
  process.emitWarning(
    `${path} is shorter than the ${String(shortest)} bytes of its algorithm's hash and can be guessed (RFC 7518 section 3.2)`,
    { type: "SecurityWarning", code: "MATRIX_JWT_LOGIN_SHORT_SECRET" },
  );
}
