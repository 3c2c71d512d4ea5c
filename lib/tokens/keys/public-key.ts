import { createPublicKey, KeyObject } from "node:crypto";

import { OptionsError } from "../../support/options-error.js";
import { algorithmsOf } from "../readers/algorithms.js";
import { isPublicLabel, pemLabels } from "./pem.js";

/** A public key or X.509 certificate: PEM text or bytes, or a public `KeyObject`. */
export type PublicKeyInput = string | Uint8Array | KeyObject;

/** Checks an inline public key. */
export function publicKey(value: unknown, path: string): KeyObject {
  if (value instanceof KeyObject) return usablePublicKey(value, path);
  if (typeof value === "string") return publicKeyFromPem(value, path);
  if (value instanceof Uint8Array) return publicKeyFromPem(Buffer.from(value).toString(), path);
  throw new OptionsError(path, "must be a public key or certificate as PEM, or a public KeyObject");
}

/** A certificate gives its key alone: its dates and who signed it are not looked at. */
export function publicKeyFromPem(pem: string, path: string): KeyObject {
  const labels = pemLabels(pem);
  const [first] = labels;
  if (first === undefined) throw new OptionsError(path, "must hold a PEM public key or X.509 certificate");
  // `createPublicKey` would take a private key too, and a server that verifies has no business with one.
  if (labels.some((label) => label.endsWith("PRIVATE KEY"))) {
    throw new OptionsError(path, "holds a private key; give its public key: `openssl pkey -in FILE -pubout`");
  }
  if (!isPublicLabel(first)) {
    throw new OptionsError(path, `holds a PEM block ${JSON.stringify(first)}; it must be PUBLIC KEY or CERTIFICATE`);
  }
  if (labels.filter((label) => label.endsWith("PUBLIC KEY")).length > 1) {
    throw new OptionsError(path, "holds more than one public key; give each its own place in a list");
  }
  return usablePublicKey(
    parsed(() => createPublicKey(pem), path),
    path,
  );
}

function usablePublicKey(key: KeyObject, path: string): KeyObject {
  if (key.type !== "public") throw new OptionsError(path, `must be a public key, not a ${key.type} one`);
  if (algorithmsOf(key).length > 0) return key;
  throw new OptionsError(
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
