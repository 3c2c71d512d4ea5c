import { SPECIFIED_PATHS } from "../matrix/endpoints.js";
import { endpointUrl, type RemoteSettings } from "../remote/metadata.js";
import {
  anyObject,
  at,
  callback,
  type Check,
  flag,
  isUndefined,
  listOf,
  numberFrom,
  oneOf,
  oneOrMore,
  text,
} from "../support/checks.js";
import { type Inner, optional, type OptionsOf, optionsOf, required } from "../support/options.js";
import { OptionsError } from "../support/options-error.js";
import { KEY_OPTIONS } from "../tokens/keys/parse-key-source.js";
import type { RenderPage } from "./answer.js";
import type { BackchannelLogoutOptions, InteractiveAuthOptions, SsoOptions, SsoProvider } from "./options.js";
import { type TrustedClient, trustedClient } from "./redirect-url.js";

/** What is checked of a provider here; the rest makes its login type. */
export interface ProviderConfig {
  readonly id: string;
  readonly name: string;
  readonly icon: string | undefined;
  readonly brand: string | undefined;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly clientAuthentication: "client_secret_basic" | "client_secret_post" | undefined;
  /** As it is sent: names with spaces between. */
  readonly scope: string;
  readonly prompt: string | undefined;
  readonly authorizationParameters: Readonly<Record<string, string>>;
  readonly userInfo: boolean;
  readonly requireAuthTime: boolean;
  readonly redirectUri: string;
  readonly jwksOptions: RemoteSettings | undefined;
  /** Where its options stand. */
  readonly path: string;
  /** Its options that are those of a login type. */
  readonly loginTypeOptions: Readonly<Record<string, unknown>>;
}

export interface SsoConfig {
  /** Without a slash at its end. */
  readonly publicBaseUrl: string;
  /** In lower case, without a default port. */
  readonly host: string;
  readonly isSecure: boolean;
  readonly secrets: readonly Uint8Array[];
  readonly providers: ReadonlyMap<string, ProviderConfig>;
  readonly isTrusted: TrustedClient;
  readonly callbackPath: string;
  /** Seconds. */
  readonly loginTokenLifetime: number;
  readonly backchannelLogout: BackchannelLogoutOptions | undefined;
  readonly interactiveAuth: InteractiveAuthOptions | undefined;
  readonly page: RenderPage | undefined;
}

/** What the protocol sets in an authorization request, or what would change who answers it and how. */
const PROTOCOL_PARAMETERS: ReadonlySet<string> = new Set([
  "client_id",
  "client_secret",
  "code_challenge",
  "code_challenge_method",
  "id_token_hint",
  "max_age",
  "nonce",
  "prompt",
  "redirect_uri",
  "registration",
  "request",
  "request_uri",
  "response_mode",
  "response_type",
  "scope",
  "state",
]);

/** The options of a provider that are those of a login type: checked where that is made. */
const LOGIN_RULES = {
  subjectClaim: optional(anything),
  subjectFormat: optional(anything),
  localpart: optional(anything),
  displayNameClaim: optional(anything),
  algorithms: optional(anything),
  clockTolerance: optional(anything),
  maxTokenLength: optional(anything),
  authorize: optional(anything),
  allowRegistration: optional(anything),
  jwksOptions: KEY_OPTIONS.jwksOptions,
};

const PROVIDER_OPTIONS = {
  name: required(text),
  icon: optional(mxcUrl),
  brand: optional(text),
  issuer: required(text),
  clientId: required(text),
  clientSecret: optional(text),
  clientAuthentication: optional(oneOf(["client_secret_basic", "client_secret_post"])),
  scopes: optional(listOf(scopeToken), ["profile"]),
  prompt: optional(text),
  authorizationParameters: optional(furtherParameters, {}),
  userInfo: optional(flag, false),
  requireAuthTime: optional(flag, true),
  ...LOGIN_RULES,
} satisfies OptionsOf<SsoProvider>;

const PROVIDER_PATH = "sso.identityProviders.ID";

const providerOptions = optionsOf(PROVIDER_OPTIONS);

const SSO_OPTIONS = {
  publicBaseUrl: required(baseUrl),
  secret: required(oneOrMore(secretBytes)),
  identityProviders: required(anyObject),
  trustedClients: optional(listOf(trustedClient), []),
  callbackPath: optional(requestPath, "/_matrix/client/unstable/org.matrix-jwt-login/sso/callback"),
  loginTokenLifetime: optional(numberFrom(10, 600, { unit: "seconds" }), 120),
  backchannelLogout: optional(
    optionsOf({
      path: required(requestPath),
      endSessions: required(callback<BackchannelLogoutOptions["endSessions"]>),
    } satisfies OptionsOf<BackchannelLogoutOptions>),
  ),
  interactiveAuth: optional(
    optionsOf({
      sessionOf: required(callback<InteractiveAuthOptions["sessionOf"]>),
      complete: required(callback<InteractiveAuthOptions["complete"]>),
    } satisfies OptionsOf<InteractiveAuthOptions>),
  ),
  page: optional(callback<RenderPage>),
} satisfies OptionsOf<SsoOptions>;

/** Options of `sso`, which are often put beside it by mistake. */
export const WITHIN_SSO: Inner = { sso: Object.keys(SSO_OPTIONS).filter((name) => name !== "secret") };

const ssoOptions = optionsOf(SSO_OPTIONS, { [PROVIDER_PATH]: Object.keys(PROVIDER_OPTIONS) });

/** @throws OptionsError */
export const ssoConfig: Check<SsoConfig> = (value, path) => {
  const options = ssoOptions(value, path);
  const { publicBaseUrl: base, callbackPath, trustedClients, backchannelLogout } = options;
  const publicBaseUrl = base.href.replace(/\/+$/, "");
  const logoutPath = backchannelLogout?.path ?? "";
  if (`${logoutPath}/`.startsWith(`${callbackPath}/`)) {
    throw new OptionsError(at(at(path, "backchannelLogout"), "path"), "must not be below callbackPath");
  }
  if (SPECIFIED_PATHS.includes(logoutPath)) {
    throw new OptionsError(at(at(path, "backchannelLogout"), "path"), "must not be an endpoint of the specification");
  }
  if (SPECIFIED_PATHS.some((endpoint) => `${endpoint}/`.startsWith(`${callbackPath}/`))) {
    throw new OptionsError(at(path, "callbackPath"), "must not be an endpoint of the specification, nor above one");
  }
  return {
    ...options,
    publicBaseUrl,
    host: base.host,
    isSecure: base.protocol === "https:",
    secrets: options.secret,
    providers: parseProviders(options.identityProviders, at(path, "identityProviders"), publicBaseUrl + callbackPath),
    isTrusted: (url) => trustedClients.some((isTrusted) => isTrusted(url)),
  };
};

function parseProviders(
  value: Readonly<Record<string, unknown>>,
  path: string,
  redirectBase: string,
): ReadonlyMap<string, ProviderConfig> {
  const ids = Object.keys(value);
  if (ids.length === 0) throw new OptionsError(path, "must hold at least one provider");
  return new Map(
    ids.map((id) => {
      const here = at(path, id);
      if (!/^[A-Za-z0-9._~-]{1,255}$/.test(id) || /^\.{1,2}$/.test(id)) {
        throw new OptionsError(here, "must have an ID of 1 to 255 characters A-Z a-z 0-9 . _ ~ -");
      }
      if (Object.hasOwn(PROVIDER_OPTIONS, id) && typeof value[id] !== "object") {
        throw new OptionsError(
          here,
          `is an option of a provider: it belongs in ${PROVIDER_PATH}, by an ID that you choose`,
        );
      }
      const { scopes, ...options } = providerOptions(value[id], here);
      if (options.clientAuthentication !== undefined && options.clientSecret === undefined) {
        throw new OptionsError(at(here, "clientAuthentication"), "needs clientSecret");
      }
      const scope = [...new Set(["openid", ...scopes])].join(" ");
      const given = Object.entries(value[id] as Readonly<Record<string, unknown>>);
      const loginTypeOptions = Object.fromEntries(given.filter(([name]) => Object.hasOwn(LOGIN_RULES, name)));
      return [id, { ...options, id, path: here, scope, redirectUri: `${redirectBase}/${id}`, loginTypeOptions }];
    }),
  );
}

function baseUrl(value: unknown, path: string): URL {
  const url = new URL(endpointUrl(value, path, false, { http: "", credentials: "" }));
  if (url.search !== "" || url.hash !== "") throw new OptionsError(path, "must have no query and no fragment");
  if (!/\/_matrix(?:\/|$)/.test(url.pathname)) return url;
  throw new OptionsError(path, "must be what stands before /_matrix in your server's URLs");
}

function secretBytes(value: unknown, path: string): Uint8Array {
  const isBytes = value instanceof Uint8Array;
  if (!isBytes && typeof value !== "string") throw new OptionsError(path, "must be a string or bytes");
  const bytes = Buffer.from(value as Uint8Array);
  if (bytes.length >= 32) return bytes;
  const isEmpty = bytes.length === 0 ? "; is the environment variable that it comes from set?" : "";
  throw new OptionsError(path, `must be at least 32 bytes, e.g. of \`openssl rand -base64 32\`${isEmpty}`);
}

function requestPath(value: unknown, path: string): string {
  const given = text(value, path);
  const isPath = given.startsWith("/") && !given.startsWith("//") && !given.endsWith("/");
  if (isPath && new URL(given, "http://localhost").href === `http://localhost${given}` && !/[?#]/.test(given)) {
    return given;
  }
  throw new OptionsError(path, "must be a path such as /sso/callback: no query, no slash at its end, percent-encoded");
}

function mxcUrl(value: unknown, path: string): string {
  if (/^mxc:\/\/[^/\s]+\/[A-Za-z0-9_-]+$/.test(text(value, path))) return value as string;
  throw new OptionsError(path, "must be an mxc: URL, e.g. mxc://example.org/abc");
}

/** RFC 6749 section 3.3. */
function scopeToken(value: unknown, path: string): string {
  if (/^[!#-[\]-~]+$/.test(text(value, path))) return value as string;
  throw new OptionsError(path, "must be one scope, without spaces; give each its own place in the list");
}

function furtherParameters(value: unknown, path: string): Readonly<Record<string, string>> {
  const parameters = Object.entries(anyObject(value, path)).map(([name, parameter]) => {
    if (PROTOCOL_PARAMETERS.has(name)) throw new OptionsError(at(path, name), "is a parameter of the protocol itself");
    if (parameter === undefined) throw isUndefined(at(path, name));
    return [name, text(parameter, at(path, name))] as const;
  });
  return Object.fromEntries(parameters);
}

function anything(value: unknown): unknown {
  return value;
}
