import express, { type Express, type Router } from "express";
import type { AccessTokens } from "matrix-jwt-login";

import { jwtAuthentication, opaqueAuthentication } from "./access-tokens.js";
import { account } from "./account.js";
import { cors } from "./cors.js";
import { deactivation } from "./deactivation.js";
import { demonstration } from "./demonstration.js";
import { devices } from "./devices.js";
import { discovery } from "./discovery.js";
import { answerError, unknownEndpoint } from "./errors.js";
import { health } from "./health.js";
import { identities } from "./identities.js";
import { interactiveAuth } from "./interactive-auth.js";
import type { InteractiveAuthSessions } from "./interactive-auth-sessions.js";
import { createStages } from "./interactive-auth-stages.js";
import { providerLogin, providerLoginTypes, secretLogin, secretLoginTypes, type JwtLoginParts } from "./jwt-login.js";
import { signInPage } from "./sign-in-page.js";
import { passwordLogin } from "./password-login.js";
import { providerTokens } from "./provider-tokens.js";

const clientApi = ["/_matrix/client/v3", "/_matrix/client/r0"];

export interface AppParts extends JwtLoginParts {
  readonly trustProxy: string | undefined;
  readonly authSessions: InteractiveAuthSessions;
  /** Identity providers that are served here. */
  readonly developmentProviders: readonly Router[];
  /** The identity provider is one for development: tokens of it are for anybody. */
  readonly isDevelopment: boolean;
  /** Undefined: access tokens are opaque. */
  readonly accessTokens: AccessTokens | undefined;
}

export function createApp(parts: AppParts): { app: Express; ready: () => Promise<void> } {
  const { users, sessions, authSessions, externalIds, serverName, accessTokens, log } = parts;
  const bySecret = secretLogin(parts);
  const byProvider = providerLogin(parts);
  const stages = createStages({ serverName, users, jwtLogins: [bySecret.jwtLogin, byProvider.jwtLogin] });
  const authentication =
    accessTokens === undefined
      ? opaqueAuthentication(sessions)
      : jwtAuthentication({ serverName, sessions, accessTokens, log });
  const behindAuth = interactiveAuth({ authentication, authSessions, stages });

  const app = express();
  app.disable("x-powered-by");
  app.enable("case sensitive routing");
  if (parts.trustProxy !== undefined) app.set("trust proxy", parts.trustProxy);
  // Before anything that reads bodies. It takes the login requests that are its own and leaves all others as they
  // came, so that the password login below still has a body to parse.
  app.use(byProvider, bySecret);
  // Before our own CORS headers: they have rules of their own.
  for (const provider of parts.developmentProviders) app.use(provider);
  app.use(cors);
  app.use(discovery(parts.wellKnown));
  app.use(clientApi, passwordLogin(parts));
  app.use(providerTokens(parts));
  app.use(clientApi, account(sessions, authentication));
  app.use(clientApi, deactivation(users, sessions, behindAuth));
  app.use(clientApi, devices(sessions, authentication, behindAuth));
  app.use("/_matrix/client/unstable/org.matrix-jwt-login", identities(externalIds, authentication));
  app.use(
    health(async () => {
      await byProvider.jwtLogin.ready();
      await users.find(`@nobody:${serverName}`);
    }),
  );
  if (accessTokens !== undefined) {
    app.get("/keys", (_request, response) => {
      response.json(accessTokens.jwks());
    });
  }
  if (parts.isDevelopment) app.use(demonstration(parts, { ...secretLoginTypes(parts), ...providerLoginTypes(parts) }));
  app.use(signInPage());
  app.use(unknownEndpoint);
  app.use(answerError(parts.log));

  return { app, ready: () => byProvider.jwtLogin.ready() };
}
