import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";

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

/** Of a set, the first key that is for encryption (RFC 7517 section 4.2) or says nothing of its use. */
function publicKeyIn(file: string): Recipient & { readonly key: KeyObject } {
  const text = textOf(file, "--encrypt-for").trim();
  try {
    if (!text.startsWith("{")) return { key: createPublicKey(text) };
    const { keys, ...jwk } = JSON.parse(text) as Recipient & { readonly keys?: readonly Recipient[] };
    const { kid, alg, ...members } = { ...(keys ?? [jwk]).find(({ use = "enc" }) => use === "enc") };
    return { key: createPublicKey({ key: members as JsonWebKey, format: "jwk" }), kid, alg };
  } catch {
    throw new UsageError("--encrypt-for must hold a public key, as PEM, a JWK or a JWK Set");
  }
}
