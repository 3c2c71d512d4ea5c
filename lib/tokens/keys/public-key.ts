import { createPrivateKey, createPublicKey, KeyObject, X509Certificate } from "node:crypto";

import { OptionsError } from "../../support/options-error.js";
import { algorithmsOf } from "../algorithms.js";
import { bare, isPublicLabel, pastedPem, pemLabels, textOf } from "./pem.js";

/** A public key or X.509 certificate: PEM text or bytes, or a public `KeyObject`. */
export type PublicKeyInput = string | Uint8Array | KeyObject;

/** Checks an inline public key. */
export function publicKey(value: unknown, path: string): KeyObject {
  if (value instanceof KeyObject) return usablePublicKey(value, path);
  if (typeof value === "string") return publicKeyFromPem(value, path);
  if (value instanceof Uint8Array) return publicKeyFromPem(textOf(value), path);
  throw new OptionsError(path, "must be a public key or certificate as PEM, or a public KeyObject");
}

/**
 * A certificate gives its key alone: its dates and who signed it are not looked at.
 *
 * @param hint - ends the message if there is nothing like a key
 */
export function publicKeyFromPem(text: string, path: string, hint = ""): KeyObject {
  const labels = pemLabels(text);
  const [first] = labels;
  if (first === undefined) throw notPem(text, path, hint);
  // `createPublicKey` would take a private key too, and a server that verifies has no business with one.
  if (labels.some((label) => label.endsWith("PRIVATE KEY"))) throw noPrivateKey(path);
  if (!isPublicLabel(first)) {
    throw new OptionsError(path, `holds a PEM block ${JSON.stringify(first)}; it must be PUBLIC KEY or CERTIFICATE`);
  }
  if (labels.filter((label) => label.endsWith("PUBLIC KEY")).length > 1) {
    throw new OptionsError(path, "holds more than one public key; give each its own place in a list");
  }
  return usablePublicKey(
    parsed(() => createPublicKey(pastedPem(text)), path),
    path,
  );
}

function notPem(text: string, path: string, hint: string): OptionsError {
  const wanted = "must hold a PEM public key or X.509 certificate";
  const base64 = bare(text);
  const label = /^[\w+/=-]+$/.test(base64) ? labelOfDer(Buffer.from(base64, "base64")) : undefined;
  if (label === undefined) return new OptionsError(path, wanted + hint);
  if (label === "PRIVATE KEY") return noPrivateKey(path);
  const lines = `-----BEGIN ${label}----- before it and -----END ${label}----- after it`;
  return new OptionsError(path, `${wanted}: this is the base64 of one without its BEGIN and END lines; add ${lines}`);
}

function noPrivateKey(path: string): OptionsError {
  return new OptionsError(path, "holds a private key; give its public key: `openssl pkey -in FILE -pubout`");
}

/** Private keys first, as `createPublicKey` would take them too. */
const DER_FORMS: readonly (readonly [label: string, parse: (key: Buffer) => unknown])[] = [
  ["PRIVATE KEY", (key) => createPrivateKey({ key, format: "der", type: "pkcs8" })],
  ["PRIVATE KEY", (key) => createPrivateKey({ key, format: "der", type: "pkcs1" })],
  ["PRIVATE KEY", (key) => createPrivateKey({ key, format: "der", type: "sec1" })],
  ["PUBLIC KEY", (key) => createPublicKey({ key, format: "der", type: "spki" })],
  ["RSA PUBLIC KEY", (key) => createPublicKey({ key, format: "der", type: "pkcs1" })],
  ["CERTIFICATE", (key) => new X509Certificate(key)],
];

/** The tag of an ASN.1 sequence, with which each of them begins. */
const SEQUENCE = 0x30;

/** The PEM label of what is a key or certificate in DER (RFC 7468 sections 5, 10 and 13; RFC 8017 appendix A.1). */
export function labelOfDer(bytes: Buffer): string | undefined {
  if (bytes[0] !== SEQUENCE) return undefined;
  return DER_FORMS.find(([, parse]) => {
    try {
      parse(bytes);
      return true;
    } catch {
      return false;
    }
  })?.[0];
}

function usablePublicKey(key: KeyObject, path: string): KeyObject {
  if (key.type !== "public") throw new OptionsError(path, `must be a public key, not a ${key.type} one`);
  if (algorithmsOf(key).length > 0) return key;
  throw notForSignatures(path);
}

/** A key that no algorithm here can use. */
export function notForSignatures(path: string): OptionsError {
  return new OptionsError(
    path,
    "must be an RSA key of at least 2048 bits, an EC key on P-256, P-384 or P-521, or an Ed25519 key (RFC 7518 section 3)",
  );
}

function parsed(parse: () => KeyObject, path: string): KeyObject {
  try {
    return parse();
  } catch (cause) {
    throw new OptionsError(path, "is damaged: it can't be read as a public key or certificate", { cause });
  }
}
