import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";

import { KEY_MANAGEMENT } from "../tokens/keys/decryption-key.js";
import { UsageError } from "./command.js";
import { textOf } from "./files.js";

/** Encrypts a signed token (RFC 7519 section 11.2) to the public key in a file. */
export async function encrypted(token: string, file: string): Promise<string> {
  const { key, kid, alg: named } = publicKeyIn(file);
  const { CompactEncrypt } = await import("jose");
  const usual = key.asymmetricKeyType === "rsa" ? "RSA-OAEP-256" : "ECDH-ES+A256KW";
  const alg = typeof named === "string" ? named : usual;
  try {
    return await new CompactEncrypt(Buffer.from(token))
      .setProtectedHeader({ alg, enc: "A256GCM", cty: "JWT", ...(typeof kid === "string" && { kid }) })
      .encrypt(key);
  } catch {
    throw new UsageError(
      "--encrypt-for must hold a key that can be encrypted to: RSA of 2048 bits or more, EC or X25519",
    );
  }
}

interface Recipient {
  readonly kid?: unknown;
  readonly alg?: unknown;
  readonly use?: unknown;
}

/** RFC 7517 sections 4.2 and 4.4: a key may say nothing of its use. */
function isForEncryption({ use, alg }: Recipient): boolean {
  return (use === undefined || use === "enc") && (alg === undefined || KEY_MANAGEMENT.some((name) => name === alg));
}

/** Of a set, the first key that is for encryption. */
function publicKeyIn(file: string): Recipient & { readonly key: KeyObject } {
  const text = textOf(file, "--encrypt-for").trim();
  try {
    if (!text.startsWith("{")) return { key: createPublicKey(text) };
    const { keys, ...jwk } = JSON.parse(text) as Recipient & { readonly keys?: readonly Recipient[] };
    const { kid, alg, ...members } = { ...(keys ?? [jwk]).find(isForEncryption) };
    return { key: createPublicKey({ key: members as JsonWebKey, format: "jwk" }), kid, alg };
  } catch {
    throw new UsageError("--encrypt-for must hold a public key for encryption, as PEM, a JWK or a JWK Set");
  }
}
