import { isDeepStrictEqual } from "node:util";

import type { LoginContext, TokenLoginOptions } from "../login/options.js";
import { assertRegistrar, type LoginConfig, loginOptions, WITHIN_LOGIN } from "../login/parse-options.js";
import { loginCore, type TokenLogin } from "../login/token-login.js";
import type { LoginFlow } from "../matrix/login-flows.js";
import { loginGate, redeem } from "../sso/gate.js";
import { LOGIN_TOKEN_PREFIX } from "../sso/login-tokens.js";
import type { SsoOptions } from "../sso/options.js";
import { type SsoConfig, ssoConfig, WITHIN_SSO } from "../sso/parse-options.js";
import type { Provider } from "../sso/parts.js";
import { makeProviders, type SingleSignOn, singleSignOn } from "../sso/single-sign-on.js";
import { type Inner, optional, type OptionsOf, optionsOf, type Values } from "../support/options.js";
import { OptionsError } from "../support/options-error.js";

/**
 * The options of a login, with or without Express.
 *
 * @typeParam User - the host's own type, inferred from `findUser`
 * @typeParam Req - the type of `context.req`
 */
export interface JwtLoginOptions<User, Req = unknown> extends TokenLoginOptions<User, Req> {
  /**
   * Single sign-on for every Matrix client: {@link SsoOptions}. `loginTypes` may then be empty.
   *
   * @defaultValue none
   */
  readonly sso?: SsoOptions | undefined;
}

/** Login by JSON Web Token, without a web framework. Its functions need no `this`. */
export interface JwtLogin<Req = unknown> extends TokenLogin<Req> {
  /** The pages and endpoints of single sign-on; undefined unless the option `sso` is set. */
  readonly sso: SingleSignOn<Req> | undefined;
}

/** Names, checks and defaults of {@link JwtLoginOptions}. */
export function jwtLoginOptions<User, Req>() {
  return { ...loginOptions<User, Req>(), sso: optional(ssoConfig) } satisfies OptionsOf<JwtLoginOptions<User, Req>>;
}

type JwtLoginValues<User, Req> = Values<ReturnType<typeof jwtLoginOptions<User, Req>>>;

/**
 * Makes a login without Express: for another framework, or for a host's own handlers.
 *
 * @typeParam User - the host's own type, inferred from `findUser`
 * @typeParam Req - the type of `context.req`
 * @param options - checked here, never later
 * @throws OptionsError if an option is invalid
 */
export function createJwtLogin<User, Req = unknown>(options: JwtLoginOptions<User, Req>): JwtLogin<Req> {
  return jwtLoginOf(optionsOf(jwtLoginOptions<User, Req>(), MISPLACED, "absent")(options, ""));
}

/** Options of a login type or of `sso`, which are often put beside these by mistake. */
export const MISPLACED: Inner = { ...WITHIN_LOGIN, ...WITHIN_SSO };

/** As {@link createJwtLogin}, of checked options. */
export function jwtLoginOf<User, Req>(options: JwtLoginValues<User, Req>): JwtLogin<Req> {
  const { sso, externalIds } = options;
  const { config, tokenLogin } = loginCore(options, sso !== undefined);
  return Object.freeze(sso === undefined ? { ...tokenLogin, sso } : withSso(config, tokenLogin, sso, externalIds));
}

function withSso<User, Req>(
  login: LoginConfig<User, Req>,
  tokenLogin: TokenLogin<Req>,
  config: SsoConfig,
  externalIds: JwtLoginValues<User, Req>["externalIds"],
): JwtLogin<Req> {
  const { serverName, logger, registerUser } = login;
  const providers = makeProviders(config, login.contextFor("m.login.sso"), logger);
  for (const provider of providers.values()) assertRegistrar(provider.loginRules, registerUser, provider.config.path);
  if (externalIds === undefined && !isOneIssuersOwn([...providers.values()])) {
    throw new OptionsError(
      "externalIds",
      "is required with several sso.identityProviders, or with a subjectClaim that is not sub: a name that a provider " +
        "gives to somebody else would open the old account; false says that this cannot happen",
    );
  }
  const { loginTokens, ...sso } = singleSignOn({ config, serverName, logger, providers, gate: loginGate(login) });
  return {
    ...tokenLogin,
    login: (submission: unknown, context?: LoginContext<Req>) =>
      isLoginToken(submission)
        ? redeem(login, loginTokens, submission, context ?? {})
        : tokenLogin.login(submission, context),
    flows: Object.freeze([...tokenLogin.flows, ...ssoFlows(providers)]),
    ready: async () => {
      await Promise.all([
        tokenLogin.ready(),
        ...Array.from(providers.values(), ({ loginRules }) => loginRules.verifier.ready()),
      ]);
    },
    sso: Object.freeze(sso),
  };
}

/** One provider, which names its users for good. */
function isOneIssuersOwn(all: readonly Provider[]): boolean {
  const bySubject = ({ config }: Provider) =>
    isDeepStrictEqual([config.loginTypeOptions["subjectClaim"] ?? "sub"].flat(), ["sub"]);
  return all.length === 1 && all.every(bySubject);
}

/** Does it look like a login with a login token of ours? Nothing is verified. */
export function isLoginToken(submission: unknown): boolean {
  const { type, token } = Object(submission) as Readonly<Record<string, unknown>>;
  return type === "m.login.token" && typeof token === "string" && token.startsWith(LOGIN_TOKEN_PREFIX);
}

/** Client-server API, "Client login via SSO". */
function ssoFlows(providers: ReadonlyMap<string, Provider>): readonly LoginFlow[] {
  const identityProviders = Array.from(providers.values(), ({ config: { id, name, icon, brand } }) => ({
    id,
    name,
    ...(icon !== undefined && { icon }),
    ...(brand !== undefined && { brand }),
  }));
  return [{ type: "m.login.sso", identity_providers: identityProviders }, { type: "m.login.token" }];
}
