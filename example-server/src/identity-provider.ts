import { Router } from "express";

import { audience, createProvider, webClientId, type MatrixServerClient } from "./idp/provider.js";
import { signIn } from "./idp/sign-in.js";
import { readSigningKey } from "./idp/signing-key.js";
import type { DevelopmentUser } from "./idp/users.js";
import type { Claims } from "./signed-token.js";

/** Who says who people are. In a deployment this is somebody else's server, and only its issuer is known here. */
export interface IdentityProvider {
  readonly issuer: string;
  readonly audience: string;
  /** An access token (RFC 9068) such as the provider issues, without the sign-in. */
  tokenWith(claims: Claims): string;
}

/** @param issuer - of a provider with this key, in this process or another one */
export function createIdentityProvider(privateKeyPem: string, issuer: string): IdentityProvider {
  const key = readSigningKey(privateKeyPem);
  return {
    issuer,
    audience,
    tokenWith: (claims) => key.sign({ iss: issuer, aud: audience, client_id: webClientId, ...claims }),
  };
}

export interface DevelopmentProviderSettings {
  readonly serverUrl: string;
  /** Where it is mounted. */
  readonly path: string;
  readonly privateKeyPem: string;
  readonly users: readonly DevelopmentUser[];
  readonly matrixServer: MatrixServerClient;
}

/**
 * Stands in for an identity provider, so that nothing outside is needed. It is a real one (oidc-provider) but for its
 * sign-in page, which believes anybody.
 */
export function developmentProvider({
  serverUrl,
  path,
  privateKeyPem,
  ...settings
}: DevelopmentProviderSettings): Router {
  const issuer = `${serverUrl}${path}`;
  const { users } = settings;
  const provider = createProvider({ ...settings, issuer, path, jwk: readSigningKey(privateKeyPem).jwk });

  const router = Router();
  const own = Router();
  // What it says of itself follows its issuer, and never what a request calls it.
  const { host } = new URL(issuer);
  own.use((request, _response, next) => {
    request.headers.host = host;
    next();
  });
  own.use(signIn(provider, users));
  const answer = provider.callback();
  own.use((request, response) => answer(request, response));
  router.use(path, own);
  return router;
}
