import type { LoginRules } from "../login/login-type.js";
import type { LoginContext } from "../login/options.js";
import type { Logger } from "../support/logger.js";
import type { UnderWay } from "../support/under-way.js";
import type { PageAnswer } from "./answer.js";
import type { CookieJar } from "./cookies.js";
import type { BrowserForms } from "./forms.js";
import type { LoginGate } from "./gate.js";
import type { LoginTokens } from "./login-tokens.js";
import type { ProviderConfig, SsoConfig } from "./parse-options.js";
import type { AuthorizationSecrets, ProviderClient } from "./provider-client.js";
import type { Seal } from "./seal.js";

/** A request of a browser or an identity provider. */
export interface SsoRequest<Req = unknown> extends LoginContext<Req> {
  /** e.g. `GET`. */
  readonly method: string;
  /** The path as it was sent, without the query and without what the host put in front of it. */
  readonly path: string;
  /** The query, without its question mark. */
  readonly query: string;
  /** The `Host` header, or `:authority` of HTTP/2. */
  readonly host?: string | undefined;
  /** The `Cookie` header. */
  readonly cookie?: string | undefined;
  /** The fields of a `POST` body, of type `application/x-www-form-urlencoded`. */
  readonly form?: URLSearchParams | undefined;
}

/** A provider, ready for use. */
export interface Provider {
  readonly config: ProviderConfig;
  readonly client: ProviderClient;
  readonly loginRules: LoginRules;
}

/** What a browser's cookie remembers while it is at the provider. */
export interface SignIn extends AuthorizationSecrets {
  readonly provider: string;
  /** Seconds since 1970. */
  readonly startedAt: number;
  readonly purpose: SignInPurpose;
}

/**
 * Where the browser goes afterwards, as that was given; or which session of User-Interactive Authentication it confirms.
 */
export type SignInPurpose = { readonly redirectUrl: string } | { readonly session: string };

/** What the steps of single sign-on share. */
export interface SsoParts<Req> {
  readonly config: SsoConfig;
  readonly serverName: string;
  readonly logger: Logger;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly gate: LoginGate<Req>;
  readonly page: PageAnswer;
  readonly signInCookies: CookieJar;
  readonly signInSeal: Seal;
  readonly forms: BrowserForms;
  readonly loginTokens: LoginTokens;
  /** Back-channel logouts under way. */
  readonly logouts: UnderWay<unknown>;
}
