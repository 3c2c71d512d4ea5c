import { createHash, createPrivateKey, createPublicKey, type JsonWebKey, KeyObject } from "node:crypto";

import { OptionsError } from "../../support/options-error.js";
import type { Jwk } from "./jwk.js";
import { isPublicLabel, jsonOption, pastedPem, pemLabels, textOf } from "./pem.js";

/** A private key: PEM text or bytes, a JWK (RFC 7517), or a private `KeyObject`. */
export type PrivateKeyInput = string | Uint8Array | KeyObject | Jwk;

/** A private key, and what its JWK says of it, if it was one. */
export interface PrivateKey {
  readonly key: KeyObject;
  readonly jwk: Jwk;
}

/** Checks an inline private key. */
export function privateKey(value: unknown, path: string): PrivateKey {
  if (value instanceof KeyObject) return { key: assertPrivate(value, path), jwk: {} };
  if (typeof value === "string") return privateKeyFromText(value, path);
  if (value instanceof Uint8Array) return privateKeyFromText(textOf(value), path);
  if (typeof value === "object" && value !== null && "kty" in value) return privateKeyFromJwk(value as Jwk, path);
  throw new OptionsError(path, "must be a private key as PEM, JWK or KeyObject");
}

/** The private keys in a file: one as PEM or JWK, or those of a JWK Set. */
export function privateKeysIn(content: Uint8Array, path: string): readonly PrivateKey[] {
  const text = textOf(content).trim();
  if (!text.startsWith("{")) return [privateKeyFromText(text, path)];
  const json = jsonOption(text, path);
  const { keys = [json] } = json as { readonly keys?: unknown };
  if (!Array.isArray(keys) || keys.length === 0)
    throw new OptionsError(path, "must hold a JWK, or a JWK Set with a key");
  return keys.map((jwk: unknown) => privateKeyFromJwk(Object(jwk) as Jwk, path));
}

/** The public half as a JWK. Its `kid` is the key's own, else its thumbprint (RFC 7638). */
export function publicJwk({ key, jwk }: PrivateKey, path: string): Jwk & { readonly kid: string } {
  let exported: JsonWebKey;
  try {
    exported = createPublicKey(key).export({ format: "jwk" });
  } catch (cause) {
    const type = String(key.asymmetricKeyType);
    throw new OptionsError(path, `is a key of the type ${type}, which a JWK can't hold (RFC 7518 section 6)`, {
      cause,
    });
  }
  return { ...exported, kid: typeof jwk.kid === "string" && jwk.kid !== "" ? jwk.kid : thumbprint(exported) };
}

/** RFC 7638 section 3; the required members of an OKP key are those of RFC 8037 section 2. */
function thumbprint({ crv, e, kty, n, x, y }: JsonWebKey): string {
  // JSON.stringify leaves out what a type of key does not have.
  return createHash("sha256").update(JSON.stringify({ crv, e, kty, n, x, y })).digest("base64url");
}

function privateKeyFromText(text: string, path: string): PrivateKey {
  const labels = pemLabels(text);
  const privates = labels.filter((label) => label.endsWith("PRIVATE KEY"));
  if (privates.length > 1) {
    throw new OptionsError(path, "holds more than one private key; give each its own place in a list");
  }
  if (privates.length === 0 && labels.some(isPublicLabel)) throw notPrivate(path);
  return {
    key: assertPrivate(
      parsed(() => createPrivateKey(pastedPem(text)), path),
      path,
    ),
    jwk: {},
  };
}

function privateKeyFromJwk(jwk: Jwk, path: string): PrivateKey {
  if (jwk["d"] === undefined && jwk["kty"] !== "oct") throw notPrivate(path);
  const key = parsed(() => createPrivateKey({ key: jwk as JsonWebKey, format: "jwk" }), path);
  return { key: assertPrivate(key, path), jwk };
}

function notPrivate(path: string): OptionsError {
  return new OptionsError(path, "can't be read as a private key: it is a public one");
}

function assertPrivate(key: KeyObject, path: string): KeyObject {
  if (key.type === "private") return key;
  throw new OptionsError(path, `must be a private key, not a ${key.type} one`);
}

function parsed(parse: () => KeyObject, path: string): KeyObject {
  try {
    return parse();
  } catch {
    // The error of node:crypto may quote what it could not read.
    throw new OptionsError(path, "can't be read as a private key without a passphrase, in PEM or as a JWK");
  }
}
