import { sign } from "node:crypto";

import type { KeyPair } from "./keys.js";

const COMMON_NAME = Buffer.from("0603550403", "hex");
const RSA_SHA256 = Buffer.from("06092a864886f70d01010b0500", "hex");
const ECDSA_SHA256 = Buffer.from("06082a8648ce3d040302", "hex");
const ED25519 = Buffer.from("06032b6570", "hex");

const SIGNATURE_ALGORITHMS: Readonly<Record<string, Buffer>> = {
  rsa: RSA_SHA256,
  ec: ECDSA_SHA256,
  ed25519: ED25519,
};

/** A self-signed X.509 certificate (RFC 5280 section 4.1) as PEM: put together here, so that no private key is kept. */
export function certificate({ publicKey, privateKey }: KeyPair, expires = new Date("2049-12-31T23:59:59Z")): string {
  const type = privateKey.asymmetricKeyType ?? "";
  const algorithm = sequence(SIGNATURE_ALGORITHMS[type] ?? Buffer.alloc(0));
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from("idp.example.org")))));
  const signed = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    algorithm,
    name,
    sequence(utcTime(new Date("2001-01-01T00:00:00Z")), utcTime(expires)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = sign(type === "ed25519" ? null : "sha256", signed, privateKey);
  const whole = sequence(signed, algorithm, der(0x03, Buffer.concat([Buffer.alloc(1), signature])));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function utcTime(time: Date): Buffer {
  const digits = time.toISOString().replaceAll(/\D/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}
