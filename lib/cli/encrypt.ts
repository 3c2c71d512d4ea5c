import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";

import { UsageError } from "./command.js";
import { textOf } from "./files.js";

/** Encrypts a signed token (RFC 7519 section 11.2) to the public key in a file. */
export async function encrypted(token: string, file: string): Promise<string> {
  const { key, kid } = publicKeyIn(file);
  const { CompactEncrypt } = await import("jose");
  const alg = key.asymmetricKeyType === "rsa" ? "RSA-OAEP-256" : "ECDH-ES+A256KW";
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

function publicKeyIn(file: string): { readonly key: KeyObject; readonly kid?: unknown } {
  const text = textOf(file, "--encrypt-for").trim();
  try {
    if (!text.startsWith("{")) return { key: createPublicKey(text) };
    const { keys, ...jwk } = JSON.parse(text) as { readonly keys?: readonly object[]; readonly kid?: unknown };
    const first = { ...(keys?.[0] ?? jwk) } as { readonly kid?: unknown };
    return { key: createPublicKey({ key: first as JsonWebKey, format: "jwk" }), kid: first.kid };
  } catch {
    throw new UsageError("--encrypt-for must hold a public key, as PEM, a JWK or a JWK Set");
  }
}
