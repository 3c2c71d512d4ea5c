import { jest } from "@jest/globals";
import express from "express";
import type Provider from "oidc-provider";
import type { AsymmetricSigningAlgorithm, Configuration } from "oidc-provider";

import { serve } from "../../helpers/hosts.js";
import type { KeyPair } from "../../helpers/keys.js";

/** The resource (RFC 8707) that people log in to Matrix with, and another one of the same provider. */
export const MATRIX = "https://matrix.example.org";
export const PHOTOS = "https://photos.example.org";
/** One whose access tokens are opaque. */
export const OPAQUE = "https://opaque.example.org";
/** Either resource has this scope. */
export const SCOPE = "matrix:login";

/** The public client of a Matrix app (RFC 6749 section 2.1). */
export const APP = { id: "app", redirectUri: "https://app.example.org/callback" };
/** A service client, unluckily named like a user of the Matrix server. */
export const SERVICE = { id: "bob", secret: "the secret of a service called bob" };

/** A client that sends its secret in the form (RFC 6749 section 2.3.1). */
export const POSTER = { id: "poster", secret: "the poster's secret" };

/** What the provider signs with. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: AsymmetricSigningAlgorithm;
  readonly pair: KeyPair;
}

/** The first one signs, and all are published. */
type SigningKeys = readonly [SigningKey, ...SigningKey[]];

export interface OidcProvider {
  readonly issuer: string;
  readonly jwksUri: string;
  /** The paths that were asked for, in turn. */
  readonly requests: readonly string[];
  /** From now on it has these keys, and no others. */
  readonly useKeys: (...keys: SigningKeys) => Promise<void>;
  /** What the provider tells an app when alice logs out (OpenID Connect Back-Channel Logout 1.0 section 2.4). */
  readonly logoutToken: () => Promise<string>;
  readonly close: () => Promise<void>;
}

interface Running {
  readonly provider: Provider;
  readonly logoutTokens: string[];
}

/** Serves panva's oidc-provider on loopback. Whoever comes to its sign-in page is alice, and consents. */
export async function serveOidcProvider(key: SigningKey, { path = "", port = 0 } = {}): Promise<OidcProvider> {
  const requests: string[] = [];
  const app = express();
  app.use((req, _, next) => {
    requests.push(req.path);
    next();
  });
  app.get(`${path}/interaction/:uid`, async (req, res) => signInAsAlice((await running).provider, req, res));
  app.use(path, async (req, res) => (await running).provider.callback()(req, res));

  const { url, close } = await serve(app, port);
  const issuer = url + path;
  let running = started(issuer, [key]);
  await running;

  return {
    issuer,
    jwksUri: `${issuer}/jwks`,
    requests,
    useKeys: async (...keys) => {
      running = started(issuer, keys);
      await running;
    },
    logoutToken: async () => {
      const { provider, logoutTokens } = await running;
      const client = (await provider.Client.find(APP.id)) as unknown as LogoutClient;
      await quietly(() => client.backchannelLogout("alice", "a session"));
      return logoutTokens.at(-1) ?? "";
    },
    close,
  };
}

/** What the types of the provider leave out. */
interface LogoutClient {
  readonly backchannelLogout: (accountId: string, sessionId: string) => Promise<void>;
}

async function started(issuer: string, keys: SigningKeys): Promise<Running> {
  const logoutTokens: string[] = [];
  return quietly(async () => {
    const { default: Provider } = await import("oidc-provider");
    return { provider: new Provider(issuer, configuration(issuer, keys, logoutTokens)), logoutTokens };
  });
}

/** The provider warns of what suits a test: storage that forgets, its own requests unguarded, an old Node. */
async function quietly<T>(act: () => Promise<T>): Promise<T> {
  const warn = jest.spyOn(console, "warn").mockImplementation(() => undefined);
  try {
    return await act();
  } finally {
    warn.mockRestore();
  }
}

function configuration(issuer: string, keys: SigningKeys, logoutTokens: string[]): Configuration {
  return {
    jwks: { keys: keys.map(({ kid, pair }) => ({ ...pair.privateKey.export({ format: "jwk" }), kid, use: "sig" })) },
    cookies: { keys: ["signs the cookies"] },
    // Of access tokens too.
    clientDefaults: { id_token_signed_response_alg: keys[0].algorithm },
    clients: [
      {
        client_id: APP.id,
        redirect_uris: [APP.redirectUri],
        token_endpoint_auth_method: "none",
        backchannel_logout_uri: "https://app.example.org/logged-out",
      },
      {
        client_id: SERVICE.id,
        client_secret: SERVICE.secret,
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
      {
        client_id: POSTER.id,
        client_secret: POSTER.secret,
        token_endpoint_auth_method: "client_secret_post",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
    ],
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (_, { uid }) => `${issuer}/interaction/${uid}` },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      backchannelLogout: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          scope: SCOPE,
          audience: resource,
          accessTokenFormat: resource === OPAQUE ? "opaque" : "jwt",
        }),
      },
    },
    ttl: { AccessToken: 300, ClientCredentials: 300, IdToken: 300, Interaction: 300, Session: 300, Grant: 300 },
    fetch: (_, init) => {
      logoutTokens.push((init?.body as URLSearchParams).get("logout_token") ?? "");
      return Promise.resolve(new Response(null, { status: 204 }));
    },
  };
}

async function signInAsAlice(provider: Provider, req: express.Request, res: express.Response): Promise<void> {
  const { params } = await provider.interactionDetails(req, res);
  const grant = new provider.Grant({ accountId: "alice", clientId: APP.id });
  grant.addOIDCScope("openid");
  grant.addResourceScope(params["resource"] as string, SCOPE);
  const grantId = await grant.save();
  await provider.interactionFinished(req, res, { login: { accountId: "alice" }, consent: { grantId } });
}
