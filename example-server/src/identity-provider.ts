import { createHash, createPrivateKey, createPublicKey } from "node:crypto";

import { Router } from "express";

import { es256Token, type Claims } from "./signed-token.js";

/**
 * Stands in for an identity provider, so that nothing outside is needed: publishes a public key as a JWKS and signs
 * tokens with the private one. In a real deployment this is somebody else's server, and only its URLs are known here.
 */
export interface IdentityProvider {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUri: string;
  /** Serves the JWKS; mounted at {@link idpPath}. */
  readonly router: Router;
  tokenWith(claims: Claims): string;
}

export const idpPath = "/idp";

export function createIdentityProvider(privateKeyPem: string, serverUrl: string): IdentityProvider {
  const privateKey = createPrivateKey(privateKeyPem);
  if (privateKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") {
    throw new Error("IDP_KEY_FILE must hold a P-256 key, as for ES256");
  }
  const { kty, crv, x, y } = createPublicKey(privateKey).export({ format: "jwk" });
  // RFC 7638: the members in this order, without spaces. A name that follows from the key needs no keeping.
  const kid = createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
  const jwks = { keys: [{ kty, crv, x, y, kid, use: "sig", alg: "ES256" }] };

  const issuer = `${serverUrl}${idpPath}`;
  const audience = "matrix";
  const router = Router();
  router.get("/jwks", (_request, response) => {
    response.json(jwks);
  });

  return {
    issuer,
    audience,
    jwksUri: `${issuer}/jwks`,
    router,
    tokenWith: (claims) => es256Token({ iss: issuer, aud: audience, ...claims }, privateKey, kid),
  };
}
