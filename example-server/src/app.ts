import express, { type Express } from "express";

import { account } from "./account.js";
import { cors } from "./cors.js";
import { discovery } from "./discovery.js";
import { answerError, unknownEndpoint } from "./errors.js";
import { idpPath } from "./identity-provider.js";
import { jwtLogin, type JwtLoginParts } from "./jwt-login.js";
import { signInPage } from "./sign-in-page.js";
import { passwordLogin } from "./password-login.js";

const clientApi = ["/_matrix/client/v3", "/_matrix/client/r0"];

export interface AppParts extends JwtLoginParts {
  readonly trustProxy: string | undefined;
}

export function createApp(parts: AppParts): { app: Express; ready: () => Promise<void> } {
  const jwt = jwtLogin(parts);

  const app = express();
  app.disable("x-powered-by");
  app.enable("case sensitive routing");
  if (parts.trustProxy !== undefined) app.set("trust proxy", parts.trustProxy);
  // Before anything that reads bodies. It takes the login requests that are its own and leaves all others as they
  // came, so that the password login below still has a body to parse.
  app.use(jwt);
  // Before our own CORS headers: it has rules of its own.
  app.use(idpPath, parts.identityProvider.router);
  app.use(cors);
  app.use(discovery(parts.wellKnown));
  app.use(clientApi, passwordLogin(parts));
  app.use(clientApi, account(parts.sessions));
  app.use(signInPage());
  app.use(unknownEndpoint);
  app.use(answerError(parts.log));

  return { app, ready: () => jwt.jwtLogin.ready() };
}
