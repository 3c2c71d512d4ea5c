// Exactly one source of keys. Checked by `npm run typecheck`, never run.
import type { KeyObject } from "node:crypto";

import type { BearerAuthOptions, LoginTypeOptions, TokenVerifierOptions } from "matrix-jwt-login";

declare const key: KeyObject;
const issuer = "https://idp.example.org";

export const one: readonly LoginTypeOptions[] = [
  { secret: "a secret" },
  { secret: [Buffer.from("new"), "old", key] },
  { publicKey: "a PEM" },
  { publicKey: [key, "a PEM"] },
  { keyFile: "key.pem" },
  { keyFile: ["new.pem", "old.pem"] },
  { jwksUri: "https://idp.example.org/jwks", jwksOptions: { cooldown: 5 } },
  { jwksUri: new URL("https://idp.example.org/jwks"), discover: false },
  { jwks: { keys: [] } },
  { discover: true, issuer },
];

// @ts-expect-error -- a source of keys is required
export const none: LoginTypeOptions = {};
// @ts-expect-error -- and for a verifier by itself
export const noneOfAVerifier: TokenVerifierOptions = { issuer };

// @ts-expect-error -- and for access tokens, unless they are those of createAccessTokens
export const noneOfAccessTokens: BearerAuthOptions["tokens"] = { issuer, audience: "matrix" };

// @ts-expect-error -- one source of keys, not two
export const two: LoginTypeOptions = { secret: "a secret", publicKey: "a PEM" };
// @ts-expect-error -- likewise
export const fileAndEndpoint: LoginTypeOptions = { keyFile: "key.pem", jwksUri: "https://idp.example.org/jwks" };
// @ts-expect-error -- discovery is a source of keys as well
export const discoveryAndKeys: LoginTypeOptions = { discover: true, issuer, jwks: { keys: [] } };

// @ts-expect-error -- discovery starts at an issuer
export const discoveryOfNobody: LoginTypeOptions = { discover: true };
// @ts-expect-error -- at one issuer
export const discoveryOfTwo: LoginTypeOptions = { discover: true, issuer: [issuer, "https://other.example"] };
// @ts-expect-error -- without discovery there are no keys here
export const noDiscovery: LoginTypeOptions = { discover: false, issuer };
