import { parseLoginRules } from "../login/login-type.js";
import type { Logger } from "../support/logger.js";
import { UnderWay } from "../support/under-way.js";
import type { TokenContext } from "../tokens/context.js";
import { jwksSettings } from "../tokens/keys/parse-key-source.js";
import { pageAnswers, type SsoAnswer } from "./answer.js";
import { cookieJar } from "./cookies.js";
import { browserForms } from "./forms.js";
import type { LoginGate } from "./gate.js";
import { type LoginTokens, loginTokens } from "./login-tokens.js";
import { backchannelLogout } from "./logout.js";
import type { ProviderConfig, SsoConfig } from "./parse-options.js";
import type { Provider, SsoParts, SsoRequest } from "./parts.js";
import { ProviderClient } from "./provider-client.js";
import { routesOf } from "./routes.js";
import { sealFor } from "./seal.js";
import { redirectToProvider, unknownProvider } from "./start.js";
import { confirmed, wayBack } from "./way-back.js";
import { webFallback } from "./web-fallback.js";

/** The browser's side of logins: from a request to an answer, under any framework. Its functions need no `this`. */
export interface SingleSignOn<Req = unknown> {
  /** Where providers send browsers back to, without the provider's ID: the path below `publicBaseUrl`. */
  readonly callbackPath: string;
  /** The whole URL of {@link callbackPath}. With `/` and a provider's ID, it is what to register there as redirect URI. */
  readonly callbackUrl: string;
  /** Whether a request is for single sign-on: its body, if it is a `POST`, is a form and must be read. */
  handles(this: void, method: string, path: string): boolean;
  /**
   * Answers a request.
   *
   * @param request - with its form, if it is a `POST`
   * @param isLast - no other handler follows, so that a request for an unknown provider is answered with an error page
   * @returns undefined if it is the host's to answer
   * @throws MatrixError if the answer is an error in JSON
   */
  handle(this: void, request: SsoRequest<Req>, isLast?: boolean): Promise<SsoAnswer | undefined>;
}

/** Characters of sealed texts: what fits a cookie, and a form field with a long URL in it. */
const MAX_SIGN_IN = 3_000;
const MAX_FORM = 65_536;

export interface SsoDependencies<Req> {
  readonly config: SsoConfig;
  readonly serverName: string;
  readonly logger: Logger;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly gate: LoginGate<Req>;
}

export function singleSignOn<Req>(
  dependencies: SsoDependencies<Req>,
): SingleSignOn<Req> & { readonly loginTokens: LoginTokens } {
  const { config, serverName, logger, providers } = dependencies;
  const { secrets, isSecure } = config;
  const keys = { secrets, serverName };
  const parts: SsoParts<Req> = {
    ...dependencies,
    page: pageAnswers(config.page, logger),
    signInCookies: cookieJar("sso", isSecure),
    signInSeal: sealFor("sign-in", keys, MAX_SIGN_IN),
    forms: browserForms(cookieJar("form", isSecure), sealFor("form", keys, MAX_FORM)),
    loginTokens: loginTokens(keys, config.loginTokenLifetime),
    logouts: new UnderWay(),
  };
  const routeOf = routesOf(config, providers);
  return Object.freeze({
    loginTokens: parts.loginTokens,
    callbackPath: config.callbackPath,
    callbackUrl: config.publicBaseUrl + config.callbackPath,
    handles: (method: string, path: string) => routeOf(method, path) !== undefined,
    async handle(request: SsoRequest<Req>, isLast = false): Promise<SsoAnswer | undefined> {
      const route = routeOf(request.method, request.path);
      switch (route?.to) {
        case undefined:
          return undefined;
        case "redirect": {
          const answer = await redirectToProvider(parts, request, route.id);
          return answer === undefined && isLast ? unknownProvider(parts) : answer;
        }
        case "callback":
          return request.method === "POST" ? confirmed(parts, request) : wayBack(parts, request, route.provider);
        case "logout":
          return backchannelLogout(parts, request, route.options);
        case "fallback":
          return webFallback(parts, request, route.options);
      }
    },
  });
}

/**
 * @param context - of the login under it: an issuer's discovery document and keys are fetched once for both
 * @throws OptionsError
 */
export function makeProviders(
  { providers }: SsoConfig,
  context: TokenContext,
  logger: Logger,
): ReadonlyMap<string, Provider> {
  return new Map(Array.from(providers, ([id, config]) => [id, providerOf(config, context, logger)]));
}

function providerOf(config: ProviderConfig, context: TokenContext, logger: Logger): Provider {
  const { issuer, clientId, path } = config;
  const options = { ...config.loginTypeOptions, issuer, discover: true, audience: clientId };
  const loginRules = parseLoginRules(options, path, context);
  const settings = jwksSettings(config);
  const metadata = context.shared.metadata(issuer, settings, context.watcher);
  return { config, loginRules, client: new ProviderClient(config, metadata, settings, logger) };
}
