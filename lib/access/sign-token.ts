import { sign } from "node:crypto";

import jsonwebtoken from "jsonwebtoken";

import type { SigningKey } from "./signing-keys.js";

/** Signs claims as a JWT access token (RFC 9068 section 2.1). */
export function signToken(claims: Readonly<Record<string, unknown>>, { algorithm, signs, jwk }: SigningKey): string {
  const header = { alg: algorithm, typ: "at+jwt", ...(jwk && { kid: jwk.kid }) };
  if (algorithm !== "EdDSA" && algorithm !== "Ed25519") {
    // As text: it would look claims such as `constructor` up among its own rules, and find what every object has.
    return jsonwebtoken.sign(JSON.stringify(claims), signs, { algorithm, header });
  }
  // RFC 8037 section 3.1: jsonwebtoken does not know it.
  const input = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${input}.${sign(null, Buffer.from(input), signs).toString("base64url")}`;
}
