import { createHmac, sign, type KeyObject } from "node:crypto";

export type Claims = Readonly<Record<string, unknown>>;

/** A JSON Web Token, made the way a real identity provider or a customer's own backend makes one (RFC 7519). */
export function hs256Token(claims: Claims, secret: string): string {
  return seal({ typ: "JWT", alg: "HS256" }, claims, (input) => createHmac("sha256", secret).update(input).digest());
}

/** An access token by RFC 9068, hence the type. */
export function es256Token(claims: Claims, key: KeyObject, kid: string): string {
  // RFC 7518 section 3.4: the two numbers of the signature side by side, where OpenSSL would give DER.
  return seal({ typ: "at+jwt", alg: "ES256", kid }, claims, (input) =>
    sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" }),
  );
}

function seal(header: Claims, claims: Claims, signatureOf: (input: string) => Buffer): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${signatureOf(input).toString("base64url")}`;
}

const encode = (part: Claims): string => Buffer.from(JSON.stringify(part)).toString("base64url");
