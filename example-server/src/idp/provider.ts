import { isLoopback } from "../loopback.js";
import "./url-parse.js";

import { randomBytes, type JsonWebKey } from "node:crypto";

import { Provider } from "#oidc-provider";

import { memoryAdapters } from "./memory-adapter.js";
import { errorPage, pageHeaders, signedOutPage, signOutPage } from "./pages.js";
import type { DevelopmentUser } from "./users.js";

/** The page at `/`, and other clients in a browser. */
export const webClientId = "matrix-web";
export const audience = "matrix";

/** What an access token is asked for by RFC 8707, where the client doesn't say: there is one Matrix server here. */
const resource = "urn:example:matrix";

const minutes = 60;

/** The Matrix server, which signs its users in here (`sso`). */
export interface MatrixServerClient {
  readonly id: string;
  readonly secret: string;
  readonly redirectUri: string;
  /** Where it learns of ended sessions (OpenID Connect Back-Channel Logout 1.0). */
  readonly logoutUri: string;
}

export interface ProviderSettings {
  readonly issuer: string;
  /** Below which everything of it is. */
  readonly path: string;
  readonly jwk: JsonWebKey;
  readonly users: readonly DevelopmentUser[];
  readonly matrixServer: MatrixServerClient;
}

export function createProvider({ issuer, path, jwk, users, matrixServer }: ProviderSettings): Provider {
  const provider = new Provider(issuer, {
    adapter: memoryAdapters(),
    jwks: { keys: [jwk] },
    cookies: {
      // Nothing they sign outlives the adapter, so they need not either.
      keys: [randomBytes(32).toString("base64url")],
      // Several providers of this host keep out of each other's way.
      long: { path },
    },
    clients: [
      {
        client_id: webClientId,
        // A page without a secret. `native`, as then RFC 8252 section 7.3 leaves the loopback port open.
        token_endpoint_auth_method: "none",
        application_type: "native",
        redirect_uris: ["http://127.0.0.1/", "http://localhost/", "http://[::1]/"],
        grant_types: ["authorization_code"],
        response_types: ["code"],
        id_token_signed_response_alg: "ES256",
      },
      {
        client_id: matrixServer.id,
        client_secret: matrixServer.secret,
        redirect_uris: [matrixServer.redirectUri],
        grant_types: ["authorization_code"],
        response_types: ["code"],
        id_token_signed_response_alg: "ES256",
        backchannel_logout_uri: matrixServer.logoutUri,
        backchannel_logout_session_required: true,
      },
    ],
    clientAuthMethods: ["none", "client_secret_basic"],
    responseTypes: ["code"],
    scopes: ["openid", "profile"],
    claims: { profile: ["name", "preferred_username"] },
    // In the ID token, as the UserInfo endpoint is off.
    conformIdTokenClaims: false,
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.set({ ...pageHeaders("self"), "Cache-Control": "no-store" });
          ctx.body = signOutPage(form);
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.set({ ...pageHeaders(), "Cache-Control": "no-store" });
          ctx.body = signedOutPage();
        },
      },
      resourceIndicators: {
        enabled: true,
        // The Matrix server asks who somebody is, and for no access.
        defaultResource: (_ctx, client) => (client.clientId === webClientId ? resource : []),
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
    findAccount: (_ctx, subject) => {
      const user = users.find((one) => one.subject === subject);
      if (user === undefined) return undefined;
      const { name, username } = user;
      return { accountId: subject, claims: () => ({ sub: subject, name, preferred_username: username }) };
    },
    // The dispatcher keeps off loopback addresses, where all is that it asks: the Matrix server, of an ended session.
    fetch: (url, options) => {
      const unguarded = { ...options };
      delete unguarded.dispatcher;
      return fetch(url, unguarded);
    },
    interactions: { url: (_ctx, { uid }) => `${path}/sign-in/${uid}` },
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
