import type { LocalpartRule, SubjectFormat } from "../matrix/subject.js";
import type { Algorithm } from "../tokens/algorithms.js";
import type { ClaimLocator } from "../tokens/claim-reader.js";
import type { JwksOptions, TokenRules } from "../tokens/options.js";
import type { SsoPage } from "./page.js";

type Awaitable<T> = T | Promise<T>;

/** An OpenID Connect provider that people sign in with. */
export interface SsoProvider {
  /** What people see. */
  readonly name: string;
  /**
   * Its icon, an `mxc:` URL, for clients.
   *
   * @defaultValue none
   */
  readonly icon?: string;
  /**
   * Its brand, e.g. `github`, for clients (client-server API, "Client login via SSO").
   *
   * @defaultValue none
   */
  readonly brand?: string;
  /** Issuer identifier: its endpoints and keys are found through its discovery document. */
  readonly issuer: string;
  /** Our client ID there (RFC 6749 section 2.2). */
  readonly clientId: string;
  /**
   * Our client secret there.
   *
   * @defaultValue none: a public client, which PKCE protects
   */
  readonly clientSecret?: string;
  /**
   * How the secret is sent (RFC 6749 section 2.3.1).
   *
   * @defaultValue `"client_secret_basic"`, unless the discovery document lists `"client_secret_post"` alone
   */
  readonly clientAuthentication?: "client_secret_basic" | "client_secret_post";
  /**
   * Scopes to ask for. `openid` is always added.
   *
   * @defaultValue `["openid", "profile"]`
   */
  readonly scopes?: readonly string[];
  /**
   * The `prompt` of authorization requests (OpenID Connect Core 1.0 section 3.1.2.1), e.g. `select_account`.
   *
   * @defaultValue none
   */
  readonly prompt?: string;
  /**
   * Further parameters of authorization requests, none of the protocol's own.
   *
   * @defaultValue none
   */
  readonly authorizationParameters?: Readonly<Record<string, string>>;
  /**
   * Ask the UserInfo endpoint too, for providers that keep the profile out of the ID token.
   *
   * @remarks
   * Its `sub` must equal the ID token's, and its claims never replace the ID token's.
   *
   * @defaultValue `false`
   */
  readonly userInfo?: boolean;
  /**
   * Require `auth_time` when a user is asked to sign in again (`interactiveAuth`).
   *
   * @remarks
   * `false` is for providers that never send it. They are then trusted to obey `prompt=login`.
   *
   * @defaultValue `true`
   */
  readonly requireAuthTime?: boolean;
  /**
   * The claim that holds the user name: a name, a path of names, or a function of the claims.
   *
   * @defaultValue `"sub"`
   */
  readonly subjectClaim?: ClaimLocator;
  /**
   * The format of the user name: `alice`, `@alice:example.org`, or either.
   *
   * @defaultValue `"localpart"`
   */
  readonly subjectFormat?: SubjectFormat;
  /**
   * How the user name becomes a localpart, as in a login type.
   *
   * @defaultValue `"as-is"`
   */
  readonly localpart?: LocalpartRule;
  /**
   * The claim that holds the display name, for `login.displayName`.
   *
   * @defaultValue none
   */
  readonly displayNameClaim?: ClaimLocator;
  /**
   * Allowed signature algorithms of ID and logout tokens.
   *
   * @defaultValue those that fit the provider's keys; never HS256, HS384 or HS512
   */
  readonly algorithms?: readonly Algorithm[];
  /**
   * Leeway for times in ID and logout tokens.
   *
   * @unit seconds
   * @defaultValue `60`
   */
  readonly clockTolerance?: number;
  /**
   * A longer ID or logout token is refused before it is decoded.
   *
   * @unit characters
   * @defaultValue `8192`
   */
  readonly maxTokenLength?: number;
  /**
   * Your own final check; must return `true`. The submission is empty.
   *
   * @defaultValue none
   */
  readonly authorize?: TokenRules["authorize"];
  /**
   * Register users that `findUser` does not know, with `registerUser`.
   *
   * @defaultValue `false`
   */
  readonly allowRegistration?: boolean;
  /**
   * How the provider is asked and how long its discovery document and keys are kept.
   *
   * @defaultValue as in a login type
   */
  readonly jwksOptions?: JwksOptions;
}

/** Whose sessions a provider ended (OpenID Connect Back-Channel Logout 1.0). At least one of `subject` and `sessionId`. */
export interface SsoLogout {
  /** ID of the provider in `identityProviders`. */
  readonly provider: string;
  /** Its issuer identifier. */
  readonly issuer: string;
  /** All sessions of this user, unless there is a `sessionId`. */
  readonly subject?: string;
  /** The session at the provider: `login.sso.sessionId` of the logins that it began. */
  readonly sessionId?: string;
}

/** Ends sessions when the provider asks for it (OpenID Connect Back-Channel Logout 1.0). */
export interface BackchannelLogoutOptions {
  /** Where logout tokens arrive: a whole path, e.g. `/_matrix/client/unstable/org.matrix-jwt-login/sso/logout`. */
  readonly path: string;
  /**
   * Ends the devices that the sign-in began. May be async; what it returns is ignored. If it fails, the provider is asked to try again. If several providers are
   * one client of one issuer, it is called for each of them, as a logout token does not say which it means.
   */
  readonly endSessions: (logout: SsoLogout) => Awaitable<void> | Promise<unknown>;
}

/** A session of User-Interactive Authentication, as its pages need it. */
export interface InteractiveAuthSession {
  /** Whose session it is: a full user ID. */
  readonly userId: string;
  /**
   * What the user is about to confirm, e.g. `Delete the device PHONE`.
   *
   * @defaultValue none
   */
  readonly description?: string | null | undefined;
}

/** The web fallback of User-Interactive Authentication, for its stage `m.login.sso`. */
export interface InteractiveAuthOptions {
  /** The session, or nothing if it is unknown. May be async. */
  readonly sessionOf: (session: string) => Awaitable<InteractiveAuthSession | null | undefined>;
  /** Records that the user has signed in again. May be async; what it returns is ignored. */
  readonly complete: (
    session: string,
    by: { readonly userId: string; readonly type: "m.login.sso" },
  ) => Awaitable<void> | Promise<unknown>;
}

/** Single sign-on by OpenID Connect: `m.login.sso`, which every Matrix client knows. */
export interface SsoOptions {
  /**
   * The URL at which browsers reach the server: https, or http on a loopback host.
   *
   * @remarks
   * It is what stands before `/_matrix`. If it has a path, links begin with it, and the paths of requests are compared without it.
   */
  readonly publicBaseUrl: string | URL;
  /**
   * At least 32 bytes, from which the keys of cookies, forms and login tokens are derived. All replicas need the same. A
   * list, newest first, while it is being rotated.
   */
  readonly secret: string | Uint8Array | readonly (string | Uint8Array)[];
  /** ID to {@link SsoProvider}: at least one. An ID has 1 to 255 of the characters `A-Z a-z 0-9 . _ ~ -`. */
  readonly identityProviders: Readonly<Record<string, SsoProvider>>;
  /**
   * Clients that a browser is sent back to without a confirmation page: `https://app.example.org/` and all below it, or
   * prefixes of other schemes, e.g. `element://`.
   *
   * @defaultValue none: always asks
   */
  readonly trustedClients?: readonly string[];
  /**
   * A provider's redirect URI is `publicBaseUrl`, this path, `/` and its ID.
   *
   * @defaultValue `"/_matrix/client/unstable/org.matrix-jwt-login/sso/callback"`
   */
  readonly callbackPath?: string;
  /**
   * How long the client has to log in after the browser has come back, from 10 to 600.
   *
   * @unit seconds
   * @defaultValue `120`
   */
  readonly loginTokenLifetime?: number;
  /**
   * {@link BackchannelLogoutOptions}
   *
   * @defaultValue none
   */
  readonly backchannelLogout?: BackchannelLogoutOptions;
  /**
   * {@link InteractiveAuthOptions}
   *
   * @defaultValue none
   */
  readonly interactiveAuth?: InteractiveAuthOptions;
  /**
   * Draws the pages: gives the HTML of one. Its texts must be escaped, and its styles need the nonce.
   *
   * @defaultValue a built-in look
   */
  readonly page?: (page: SsoPage) => string;
}
