import "./url-parse.js";

import { randomBytes, type JsonWebKey } from "node:crypto";

import { Provider } from "#oidc-provider";

import { memoryAdapters } from "./memory-adapter.js";
import { errorPage, pageHeaders } from "./pages.js";
import { findDevelopmentUser } from "./users.js";

export const clientId = "matrix-web";
export const audience = "matrix";

/** What an access token is asked for by RFC 8707, where the client doesn't say: there is one Matrix server here. */
const resource = "urn:example:matrix";

const minutes = 60;

export function createProvider(issuer: string, jwk: JsonWebKey, signInPath: string): Provider {
  const provider = new Provider(issuer, {
    adapter: memoryAdapters(),
    jwks: { keys: [jwk] },
    // Nothing they sign outlives the adapter, so they need not either.
    cookies: { keys: [randomBytes(32).toString("base64url")] },
    clients: [
      {
        client_id: clientId,
        // A page without a secret. `native`, as then RFC 8252 section 7.3 leaves the loopback port open.
        token_endpoint_auth_method: "none",
        application_type: "native",
        redirect_uris: ["http://127.0.0.1/", "http://localhost/", "http://[::1]/"],
        grant_types: ["authorization_code"],
        response_types: ["code"],
        id_token_signed_response_alg: "ES256",
      },
    ],
    clientAuthMethods: ["none"],
    responseTypes: ["code"],
    scopes: ["openid"],
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, indicator) => {
          if (indicator !== resource) throw new Error(`There is no resource ${indicator} here`);
          return {
            audience,
            scope: "",
            accessTokenFormat: "jwt",
            accessTokenTTL: 5 * minutes,
            jwt: { sign: { alg: "ES256" } },
          };
        },
      },
    },
    findAccount: (_ctx, localpart) => {
      const user = findDevelopmentUser(localpart);
      return user && { accountId: localpart, claims: () => ({ sub: localpart, name: user.name }) };
    },
    interactions: { url: (_ctx, { uid }) => `${signInPath}/${uid}` },
    clientBasedCORS: (_ctx, origin) => isLoopback(origin),
    renderError: (ctx, { error, error_description }) => {
      ctx.set({ ...pageHeaders(), "Cache-Control": "no-store" });
      ctx.type = "html";
      ctx.body = errorPage(error, error_description);
    },
    ttl: {
      AccessToken: 5 * minutes,
      AuthorizationCode: 1 * minutes,
      IdToken: 5 * minutes,
      Interaction: 30 * minutes,
      Session: 30 * minutes,
      Grant: 30 * minutes,
    },
  });
  provider.on("server_error", (_ctx, error) => {
    console.error(error);
  });
  return provider;
}

const isLoopback = (origin: string): boolean =>
  URL.canParse(origin) && ["127.0.0.1", "localhost", "[::1]"].includes(new URL(origin).hostname);
