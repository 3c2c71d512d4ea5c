import { Router } from "express";

import { audience, clientId, createProvider } from "./idp/provider.js";
import { signIn } from "./idp/sign-in.js";
import { readSigningKey } from "./idp/signing-key.js";
import type { Claims } from "./signed-token.js";

/**
 * Stands in for an identity provider, so that nothing outside is needed. It is a real one (oidc-provider) but for its
 * sign-in page, which believes anybody. In a deployment this is somebody else's server, and only its issuer is known here.
 */
export interface IdentityProvider {
  readonly issuer: string;
  readonly audience: string;
  /** Serves all of it; mounted at {@link idpPath}. */
  readonly router: Router;
  /** An access token (RFC 9068) such as the provider issues, without the sign-in. */
  tokenWith(claims: Claims): string;
}

export const idpPath = "/idp";

export function createIdentityProvider(privateKeyPem: string, serverUrl: string): IdentityProvider {
  const issuer = `${serverUrl}${idpPath}`;
  const key = readSigningKey(privateKeyPem);
  const provider = createProvider(issuer, key.jwk, `${idpPath}/sign-in`);

  const router = Router();
  // What it says of itself follows its issuer, and never what a request calls it.
  const { host } = new URL(issuer);
  router.use((request, _response, next) => {
    request.headers.host = host;
    next();
  });
  router.use(signIn(provider));
  const answer = provider.callback();
  router.use((request, response) => answer(request, response));

  return {
    issuer,
    audience,
    router,
    tokenWith: (claims) => key.sign({ iss: issuer, aud: audience, client_id: clientId, ...claims }),
  };
}
