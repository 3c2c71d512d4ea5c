import {
  anyObject,
  at,
  callback,
  flag,
  listOf,
  numberFrom,
  oneOf,
  oneOrMore,
  text,
  type Check,
  type OptionReader,
} from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";
import { endpointUrl } from "../remote/endpoint-url.js";
import { readerOf } from "../tokens/parse-options.js";
import type { RenderPage } from "./answer.js";
import type { BackchannelLogoutOptions, InteractiveAuthOptions, SsoOptions, SsoProvider } from "./options.js";
import { trustedClient, type TrustedClient } from "./redirect-url.js";

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

const SSO_OPTION_NAMES = [
  "publicBaseUrl",
  "secret",
  "identityProviders",
  "trustedClients",
  "callbackPath",
  "loginTokenLifetime",
  "backchannelLogout",
  "interactiveAuth",
  "page",
] as const satisfies readonly (keyof SsoOptions)[];

/** The options of a provider that are those of a login type. */
export const LOGIN_RULE_NAMES = [
  "subjectClaim",
  "subjectFormat",
  "localpart",
  "displayNameClaim",
  "algorithms",
  "clockTolerance",
  "authorize",
  "allowRegistration",
  "jwksOptions",
] as const satisfies readonly (keyof SsoProvider)[];

const PROVIDER_OPTION_NAMES = [
  "name",
  "icon",
  "brand",
  "issuer",
  "clientId",
  "clientSecret",
  "clientAuthentication",
  "scopes",
  "prompt",
  "authorizationParameters",
  "userInfo",
  "requireAuthTime",
  ...LOGIN_RULE_NAMES,
] as const satisfies readonly (keyof SsoProvider)[];

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

const DEFAULT_CALLBACK_PATH = "/_matrix/client/unstable/org.matrix-jwt-login/sso/callback";

/** @throws OptionsError */
export const ssoConfig: Check<SsoConfig> = (value, path) => {
  const options = readerOf(value, path, SSO_OPTION_NAMES);
  const base = options.required("publicBaseUrl", baseUrl);
  const publicBaseUrl = base.href.replace(/\/+$/, "");
  const callbackPath = options.optional("callbackPath", requestPath, DEFAULT_CALLBACK_PATH);
  const trusted = options.optional("trustedClients", listOf(trustedClient), []);
  return {
    publicBaseUrl,
    host: base.host,
    isSecure: base.protocol === "https:",
    secrets: options.required("secret", oneOrMore(secretBytes)),
    providers: options.required("identityProviders", providers(publicBaseUrl + callbackPath)),
    isTrusted: (url) => trusted.some((isTrusted) => isTrusted(url)),
    callbackPath,
    loginTokenLifetime: options.optional("loginTokenLifetime", numberFrom(10, 600, { unit: "seconds" }), 120),
    backchannelLogout: options.optional("backchannelLogout", backchannelLogout(callbackPath)),
    interactiveAuth: options.optional("interactiveAuth", interactiveAuth),
    page: options.optional("page", callback<RenderPage>),
  };
};

const baseUrl: Check<URL> = (value, path) => {
  const url = new URL(endpointUrl(value, path, false));
  if (url.search === "" && url.hash === "") return url;
  throw new OptionsError(path, "must have no query and no fragment");
};

const secretBytes: Check<Uint8Array> = (value, path) => {
  const isBytes = value instanceof Uint8Array;
  if (!isBytes && typeof value !== "string") throw new OptionsError(path, "must be a string or bytes");
  const bytes = Buffer.from(value as Uint8Array);
  if (bytes.length >= 32) return bytes;
  throw new OptionsError(path, "must be at least 32 bytes, e.g. of `openssl rand -base64 32`");
};

const requestPath: Check<string> = (value, path) => {
  const given = text(value, path);
  const isPath = given.startsWith("/") && !given.startsWith("//") && !given.endsWith("/");
  if (isPath && new URL(given, "http://localhost").href === `http://localhost${given}` && !/[?#]/.test(given)) {
    return given;
  }
  throw new OptionsError(path, "must be a path such as /sso/callback: no query, no slash at its end, percent-encoded");
};

function providers(redirectBase: string): Check<ReadonlyMap<string, ProviderConfig>> {
  return (value, path) => {
    const ids = Object.keys(anyObject(value, path));
    if (ids.length === 0) throw new OptionsError(path, "must hold at least one provider");
    return new Map(
      ids.map((id) => {
        const here = at(path, id);
        if (!/^[A-Za-z0-9._~-]{1,255}$/.test(id) || /^\.{1,2}$/.test(id)) {
          throw new OptionsError(here, "must have an ID of 1 to 255 characters A-Z a-z 0-9 . _ ~ -");
        }
        const options = readerOf((value as Record<string, unknown>)[id], here, PROVIDER_OPTION_NAMES);
        return [id, provider(id, options, `${redirectBase}/${id}`)];
      }),
    );
  };
}

function provider(id: string, options: OptionReader, redirectUri: string): ProviderConfig {
  const clientSecret = options.optional("clientSecret", text);
  const clientAuthentication = options.optional(
    "clientAuthentication",
    oneOf(["client_secret_basic", "client_secret_post"]),
  );
  if (clientAuthentication !== undefined && clientSecret === undefined) {
    throw new OptionsError(options.at("clientAuthentication"), "needs clientSecret");
  }
  return {
    id,
    name: options.required("name", text),
    icon: options.optional("icon", mxcUrl),
    brand: options.optional("brand", text),
    issuer: options.required("issuer", text),
    clientId: options.required("clientId", text),
    clientSecret,
    clientAuthentication,
    scope: [...new Set(["openid", ...options.optional("scopes", listOf(scopeToken), ["profile"])])].join(" "),
    prompt: options.optional("prompt", text),
    authorizationParameters: options.optional("authorizationParameters", furtherParameters, {}),
    userInfo: options.optional("userInfo", flag, false),
    requireAuthTime: options.optional("requireAuthTime", flag, true),
    redirectUri,
  };
}

const mxcUrl: Check<string> = (value, path) => {
  if (/^mxc:\/\/[^/\s]+\/[A-Za-z0-9_-]+$/.test(text(value, path))) return value as string;
  throw new OptionsError(path, "must be an mxc: URL, e.g. mxc://example.org/abc");
};

/** RFC 6749 section 3.3. */
const scopeToken: Check<string> = (value, path) => {
  if (/^[!#-[\]-~]+$/.test(text(value, path))) return value as string;
  throw new OptionsError(path, "must be one scope, without spaces; give each its own place in the list");
};

const furtherParameters: Check<Readonly<Record<string, string>>> = (value, path) => {
  const parameters = Object.entries(anyObject(value, path)).map(([name, parameter]) => {
    if (PROTOCOL_PARAMETERS.has(name)) throw new OptionsError(at(path, name), "is a parameter of the protocol itself");
    return [name, text(parameter, at(path, name))] as const;
  });
  return Object.fromEntries(parameters);
};

function backchannelLogout(callbackPath: string): Check<BackchannelLogoutOptions> {
  return (value, path) => {
    const options = readerOf(value, path, ["path", "endSessions"]);
    const logoutPath = options.required("path", requestPath);
    if (logoutPath === callbackPath || logoutPath.startsWith(`${callbackPath}/`)) {
      throw new OptionsError(options.at("path"), "must not be below callbackPath");
    }
    return {
      path: logoutPath,
      endSessions: options.required("endSessions", callback<BackchannelLogoutOptions["endSessions"]>),
    };
  };
}

const interactiveAuth: Check<InteractiveAuthOptions> = (value, path) => {
  const options = readerOf(value, path, ["sessionOf", "complete"]);
  return {
    sessionOf: options.required("sessionOf", callback<InteractiveAuthOptions["sessionOf"]>),
    complete: options.required("complete", callback<InteractiveAuthOptions["complete"]>),
  };
};
