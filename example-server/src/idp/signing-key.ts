import { createHash, createPrivateKey, createPublicKey, randomUUID, type JsonWebKey } from "node:crypto";

import { es256Token, type Claims } from "../signed-token.js";

/** Signs what the provider issues, and the tokens of the curl lines. */
export interface SigningKey {
  /** With the private members: the provider publishes the others. */
  readonly jwk: JsonWebKey;
  sign(claims: Claims): string;
}

export function readSigningKey(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new Error("IDP_KEY_FILE must hold a P-256 key, as for ES256");
  }
  const { kty, crv, x, y } = createPublicKey(privateKey).export({ format: "jwk" });
  // RFC 7638: the members in this order, without spaces. A name that follows from the key needs no keeping.
  const kid = createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
  return {
    jwk: { ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "ES256" },
    sign: (claims) => es256Token({ jti: randomUUID(), ...claims }, privateKey, kid),
  };
}
