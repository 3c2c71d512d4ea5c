import { afterEach } from "@jest/globals";
import express from "express";
import {
  matrixJwtLogin,
  type MatrixJwtLogin,
  type MatrixJwtLoginOptions,
  type SsoOptions,
  type SsoProvider,
} from "matrix-jwt-login";

import { recordingLogger, type RecordingLogger } from "../../helpers/core.js";
import { serve } from "../../helpers/hosts.js";
import { optionsWith, type User } from "../../helpers/login.js";
import { CLIENT, serveProvider, type TestProvider } from "./provider.js";

const open = new Set<() => Promise<void>>();

afterEach(async () => {
  await Promise.all(Array.from(open, (close) => close()));
  open.clear();
});

/** The client that people sign in to. */
export const APP = "https://app.example.org/";

export interface SsoHost {
  readonly url: string;
  readonly provider: TestProvider;
  readonly middleware: MatrixJwtLogin;
  readonly logger: RecordingLogger;
  /** The URL where a client begins. */
  readonly redirect: (redirectUrl?: string, id?: string) => string;
}

interface Given {
  readonly sso?: Partial<SsoOptions>;
  readonly provider?: Partial<Record<keyof SsoProvider, unknown>>;
  readonly options?: Partial<MatrixJwtLoginOptions<User>>;
  readonly providers?: (main: SsoProvider) => Readonly<Record<string, SsoProvider>>;
}

/** A provider that is closed with the test. */
export async function providerForTest(): Promise<TestProvider> {
  const provider = await serveProvider();
  open.add(provider.close);
  return provider;
}

export const SECRET_FOR_SSO = "a secret of more than thirty-two bytes";

/** A host that knows alice and bob, and a provider that signs alice in. */
export async function ssoHost({
  sso = {},
  provider: rules = {},
  options = {},
  providers,
}: Given = {}): Promise<SsoHost> {
  const provider = await providerForTest();
  const app = express();
  app.set("env", "test");
  const { url, close } = await serve(app);
  open.add(close);
  const logger = recordingLogger();
  const main = {
    name: "Example",
    issuer: provider.issuer,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    jwksOptions: { cooldown: 0 },
    ...rules,
  } as SsoProvider;
  const middleware = matrixJwtLogin({
    ...optionsWith({}),
    loginTypes: {},
    logger,
    ...options,
    sso: {
      publicBaseUrl: url,
      secret: SECRET_FOR_SSO,
      identityProviders: providers?.(main) ?? { example: main },
      trustedClients: [APP],
      ...sso,
    },
  });
  app.use(middleware);
  return {
    url,
    provider,
    middleware,
    logger,
    redirect: (redirectUrl = APP, id) =>
      `${url}/_matrix/client/v3/login/sso/redirect${id === undefined ? "" : `/${id}`}?redirectUrl=${encodeURIComponent(redirectUrl)}`,
  };
}
