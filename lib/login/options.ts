import type { RateLimits } from "../limits/limiter.js";
import type { UsedTokenStore } from "../limits/used-tokens.js";
import type { IssuedToken } from "../matrix/response.js";
import type { Logger } from "../support/logger.js";
import type { RefusalReason } from "../support/refusal.js";
import type { Claims } from "../tokens/claim-rules.js";
import type { TokenErrorCode } from "../tokens/errors.js";
import type { KeyCache } from "../tokens/keys/shared-jwks.js";
import type { KeysErrorEvent } from "../tokens/options.js";
import type { LoginTypeOptions } from "./login-type.js";

/** What your callbacks get of a login whose token is verified. */
export interface VerifiedLogin<Req = unknown> {
  /** e.g. `org.matrix.login.jwt`. */
  readonly loginType: string;
  /** The full user ID: at most 255 bytes, each U+0021 to U+007E. */
  readonly userId: string;
  /** The part of the user ID between `@` and the first colon. */
  readonly localpart: string;
  /** The value of `displayNameClaim`. Its length is not limited. Not there at `issueToken` after single sign-on. */
  readonly displayName?: string;
  /**
   * The claims of the verified token, or of the introspection endpoint's answer. After single sign-on, `issueToken` and
   * the `findUser` just before it get `iss`, `sub` and `sid` alone: take the others in `registerUser`, `authorize` or the first `findUser`.
   */
  readonly claims: Claims;
  /** The introspection endpoint's answer (RFC 7662 section 2.2), if the login type asks for one. */
  readonly introspection?: Claims;
  /** Who the user is at the identity provider, if the option `externalIds` is set, or after single sign-on. */
  readonly externalId?: ExternalId;
  /** How the user signed in, if that was by single sign-on. Only at `issueToken` and the `findUser` before it. */
  readonly sso?: SsoLogin;
  /** The client's; otherwise ten random letters A-Z. */
  readonly deviceId: string;
  /** The client gave the device ID. */
  readonly deviceIdGiven: boolean;
  /** What the client calls the device. Missing if it was null or empty. */
  readonly initialDeviceDisplayName?: string;
  /** The client asked for a refresh token. */
  readonly refreshToken: boolean;
  /** The client's address: under Express `req.ip`. */
  readonly ip?: string;
  /** The request's `User-Agent` header. */
  readonly userAgent?: string;
  /** The request: the middleware's, or what was given as `context.req`. */
  readonly req: Req;
}

/** A user at an identity provider. Both together identify one person permanently (OpenID Connect Core 1.0 section 2). */
export interface ExternalId {
  /** The token's `iss`. */
  readonly issuer: string;
  /** The token's `sub`. */
  readonly subject: string;
}

/** A sign-in at an identity provider. */
export interface SsoLogin {
  /** ID of the provider in `sso.identityProviders`. */
  readonly provider: string;
  /** Its issuer identifier. */
  readonly issuer: string;
  /** Whom it signed in. */
  readonly subject: string;
  /** The provider's session ID (`sid`), by which a back-channel logout names the session. */
  readonly sessionId?: string;
}

/** What is known of the client. */
export interface LoginContext<Req = unknown> {
  /** The client's address, IPv4 or IPv6. Clients without one are counted together by the limits by address. */
  readonly ip?: string | undefined;
  /** The request's `User-Agent` header, handed to the callbacks as it is. */
  readonly userAgent?: string | undefined;
  /** The framework's request, handed to the callbacks and the events as it is. */
  readonly req?: Req | undefined;
  /**
   * Whether the client has disconnected: read before the token is verified. If it has, nothing is verified and no callback is
   * called. An `AbortSignal` fits.
   */
  readonly signal?:
    | {
        /** The client is gone. */
        readonly aborted: boolean;
      }
    | undefined;
}

/** Why a login was refused: a {@link TokenErrorCode} if the verifier refused the token, otherwise one of these. */
export type RejectReason =
  | TokenErrorCode
  | RefusalReason
  /** A field of the submission is wrong. */
  | "submission"
  /** Verification keys are temporarily unavailable. */
  | "keys_unavailable"
  /** The introspection endpoint is temporarily unavailable. */
  | "introspection_unavailable"
  /** A callback of the host's refused or failed. */
  | "host";

/** A login that succeeded. */
export interface LoginEvent<Req = unknown> {
  /** e.g. `org.matrix.login.jwt`. */
  readonly loginType: string;
  /** The full user ID. */
  readonly userId: string;
  /** Milliseconds that the login took, the host's callbacks included. */
  readonly durationMs: number;
  /** The request: the middleware's, or what was given as `context.req`. */
  readonly req: Req;
}

/** A login, `reauthenticate` or `authenticate` that was refused, or that failed, single sign-on included. */
export interface RejectEvent<Req = unknown> {
  /** e.g. `org.matrix.login.jwt`. */
  readonly loginType: string;
  /** The full user ID; only once the token is verified. */
  readonly userId?: string;
  /** The answer's HTTP status. */
  readonly statusCode: number;
  /** The answer's `errcode`. */
  readonly errcode: string;
  /** A stable code for logic and metrics. */
  readonly reason: RejectReason;
  /** Milliseconds that the attempt took, the host's callbacks included. */
  readonly durationMs: number;
  /** The request: the middleware's, or what was given as `context.req`. */
  readonly req: Req;
}

type Awaitable<T> = T | Promise<T>;

/** The host's table of linked accounts: each identity belongs to one user. */
export interface ExternalIds<User, Req = unknown> {
  /** The full user ID that an identity is linked to, or nothing. May be async. */
  readonly find: (externalId: ExternalId) => Awaitable<string | null | undefined>;
  /**
   * Links an identity to an existing user, atomically. May be async.
   *
   * @remarks
   * `true`: it is linked now. `false`: this user, or this identity, is linked already.
   */
  readonly link: (externalId: ExternalId, userId: string, login: VerifiedLogin<Req>) => Awaitable<boolean>;
  /**
   * Whether an unlinked identity may be linked to the existing user whom the token names: never, always, or if your function
   * returns `true`. It may be async.
   *
   * @defaultValue `"refuse"`
   */
  readonly existingUsers?: "refuse" | "link" | ((user: User, login: VerifiedLogin<Req>) => Awaitable<boolean>);
}

/**
 * The options of a login, with or without Express.
 *
 * @typeParam User - the host's own type, inferred from `findUser`
 * @typeParam Req - the type of the request in callbacks and events
 */
export interface TokenLoginOptions<User, Req = unknown> {
  /** The part of a user ID after the first colon. */
  readonly serverName: string;
  /**
   * Maps each login type to its {@link LoginTypeOptions}, or to a list of them. None may be the specification's own (`m.login.password`, ...), and without `sso` there must be at least one.
   *
   * @remarks
   * A list has one entry for each of several issuers: the `iss` of a token selects the entry whose rules apply. Each
   * must have `issuer`, and no issuer may appear twice. Two issuers may give one name to different people, so a list needs
   * `externalIds`, or `externalIds: false`.
   */
  readonly loginTypes: Readonly<Record<string, LoginTypeOptions | readonly LoginTypeOptions[]>>;
  /**
   * The user of exactly this ID, or nothing. May be async. For a deactivated or locked user, throw
   * a {@link MatrixError}: a user who is not found counts as unknown, and might be registered.
   *
   * @remarks
   * Return the user itself: the list or the result of a query, which is also there if it found nobody, is an error, 500. A database
   * that compares loosely (case, trailing space) would log somebody else in. What the client
   * gets if it throws is in docs/answers.md. TypeScript infers `User` from it: write it before the callbacks that take a user.
   */
  readonly findUser: (userId: string, login: VerifiedLogin<Req>) => Awaitable<User | null | undefined>;
  /**
   * Makes a user that `findUser` did not know. With `externalIds` it must store `login.externalId` itself, as `link` is called only for users who exist already. May be async. Throw an error with `errcode: "M_USER_IN_USE"` if another
   * login has registered this user ID meanwhile.
   *
   * @remarks
   * Required if a login type has `allowRegistration`. After `M_USER_IN_USE`, `findUser` is called again: if it
   * finds the user now, both logins succeed.
   *
   * @defaultValue none
   */
  readonly registerUser?: ((userId: string, login: VerifiedLogin<Req>) => Awaitable<NoInfer<User>>) | undefined;
  /**
   * Creates the device and its access token, and returns them as an {@link IssuedToken}. May be async. All or nothing: it must
   * reject only if nothing was issued.
   */
  readonly issueToken: (user: NoInfer<User>, login: VerifiedLogin<Req>) => Awaitable<IssuedToken>;
  /**
   * Limits of login attempts.
   *
   * @defaultValue none
   */
  readonly rateLimits?: RateLimits | undefined;
  /**
   * Where used tokens are remembered: those of login types with `singleUse`, and of single sign-on. Each process has a memory of its own by default; several need one store that they share, e.g.
   * {@link redisUsedTokens}.
   *
   * @remarks
   * The key is the SHA-256 of what was signed. A token is claimed before its account is looked up (with `externalIds`, after),
   * for as long as it could be accepted and 60 seconds more, and released if the login fails. In memory, each process
   * remembers at most 100,000 tokens of its own; a further one is 503.
   *
   * @defaultValue in memory
   */
  readonly usedTokens?: UsedTokenStore | undefined;
  /**
   * Links accounts to identities at an identity provider, so that a user name that the provider gives to a new person does not
   * open the old owner's account. Unset (where that is allowed), whoever has the name gets the account.
   *
   * @remarks
   * With a list of issuers, several providers of single sign-on, or one with another `subjectClaim` than `sub`, it is required: an
   * object, or `false` to accept that risk. Nothing notices that one name can come from two login types of different issuers, or
   * from a login type and single sign-on: set it there too.
   *
   * @defaultValue none
   */
  readonly externalIds?: ExternalIds<NoInfer<User>, Req> | false | undefined;
  /**
   * Sent as `well_known` in the answer to a login: `{ "m.homeserver": { base_url } }`.
   *
   * @defaultValue none
   */
  readonly wellKnown?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Logs outages and faults: pino and `console` fit, `false` for none. Never gets a token, a secret or a key.
   *
   * @defaultValue `console`'s warnings and errors
   */
  readonly logger?: Logger | false | undefined;
  /**
   * Called after each successful login.
   *
   * @remarks
   * Called after the answer is decided; what it throws is logged and changes nothing.
   *
   * @defaultValue none
   */
  readonly onLogin?: ((event: LoginEvent<Req>) => void) | undefined;
  /**
   * Called when a login, `reauthenticate` or `authenticate` is refused or fails, by one of your login types or by single sign-on. Not called if the client hung up. `reason` is a stable code.
   *
   * @remarks
   * Called after the answer is decided; what it throws is logged and changes nothing.
   *
   * @defaultValue none
   */
  readonly onReject?: ((event: RejectEvent<Req>) => void) | undefined;
  /**
   * Called after each fetch or read of keys, and each introspection, that failed; `error.detail` says why.
   *
   * @remarks
   * What it throws is logged and changes nothing.
   *
   * @defaultValue none
   */
  readonly onKeysError?: ((event: KeysErrorEvent) => void) | undefined;
  /**
   * Shares fetched keys and discovery documents: middlewares and verifiers that have the same handle ({@link createKeyCache}) and ask
   * the same endpoint with equal `jwksOptions` share one fetch.
   *
   * @defaultValue none
   */
  readonly keyCache?: KeyCache | undefined;
}
