import type { RateLimits, UsedTokenLimiter } from "../limits/limiter.js";
import type { Claims } from "../tokens/claims.js";
import type { KeysUnavailableError } from "../remote/errors.js";
import type { TokenErrorCode } from "../tokens/errors.js";
import type { Logger } from "../support/logger.js";
import type { IssuedToken } from "../matrix/response.js";
import type { LoginTypeOptions } from "./login-type.js";

/** A login whose token is verified: what the host's callbacks are told. */
export interface VerifiedLogin<Req = unknown> {
  /** e.g. `org.matrix.login.jwt`. */
  readonly loginType: string;
  /** The full user ID: at most 255 bytes, each U+0021 to U+007E. */
  readonly userId: string;
  /** The part of the user ID between `@` and the first colon. */
  readonly localpart: string;
  /** What `displayNameClaim` points at. Its length is the host's to limit. */
  readonly displayName?: string;
  /** All that the token says. */
  readonly claims: Claims;
  /** The client's, or made here: ten letters A-Z. */
  readonly deviceId: string;
  /** The client gave the device ID. */
  readonly deviceIdGiven: boolean;
  /** What the client calls the device. Not there where it was null or empty. */
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

/** What is known of who asks. */
export interface LoginContext<Req = unknown> {
  /** The client's address, IPv4 or IPv6. Without one, no limit by address is kept. */
  readonly ip?: string | undefined;
  /** The request's `User-Agent` header, handed to the callbacks as it is. */
  readonly userAgent?: string | undefined;
  /** The framework's request, handed to the callbacks and the events as it is. */
  readonly req?: Req | undefined;
  /**
   * Whether the client has hung up: read before the token is looked at, and if so, nothing is verified and no callback is
   * called. An `AbortSignal` fits.
   */
  readonly signal?: { readonly aborted: boolean } | undefined;
}

/** Why a login was refused: a {@link TokenErrorCode} for the token, else at which step it ended. */
export type RejectReason =
  | TokenErrorCode
  /** A field of the submission is wrong. */
  | "submission"
  /** The subject is not of the format, of another server, or makes no user ID. */
  | "user_id"
  /** `identifier` names another user, or is required and missing. */
  | "identifier"
  /** Nobody has this user ID, and registration is not allowed. */
  | "unknown_user"
  /** One of the `rateLimits` is used up. */
  | "rate_limited"
  /** A limiter of `rateLimits`, or the store of used tokens, can't be asked. */
  | "limiter_unavailable"
  /** Keys cannot be had. */
  | "keys_unavailable"
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

/** A login that was refused, or that failed. */
export interface RejectEvent<Req = unknown> {
  /** e.g. `org.matrix.login.jwt`. */
  readonly loginType: string;
  /** The full user ID; only once the token is verified. */
  readonly userId?: string;
  /** The answer's HTTP status. */
  readonly statusCode: number;
  /** The answer's `errcode`. */
  readonly errcode: string;
  /** A stable code of why: fit to count by. */
  readonly reason: RejectReason;
  /** Milliseconds that the attempt took, the host's callbacks included. */
  readonly durationMs: number;
  /** The request: the middleware's, or what was given as `context.req`. */
  readonly req: Req;
}

/** A fetch or read of keys that failed. */
export interface KeysErrorEvent {
  /** e.g. `org.matrix.login.jwt`. */
  readonly loginType: string;
  /** Its `cause` says what went wrong. */
  readonly error: KeysUnavailableError;
}

type Awaitable<T> = T | Promise<T>;

/**
 * What a login needs, with or without Express.
 *
 * @typeParam User - the host's own type, inferred from `findUser`
 * @typeParam Req - the type of the request in callbacks and events
 */
export interface JwtLoginOptions<User, Req = unknown> {
  /** The part of a user ID after the first colon. */
  readonly serverName: string;
  /** Login type to its {@link LoginTypeOptions}: at least one, and none of the specification's own (`m.login.password`, ...). */
  readonly loginTypes: Readonly<Record<string, LoginTypeOptions>>;
  /**
   * The user of exactly this ID, or nothing. May be async. Must find deactivated and locked users too: throw a
   * {@link MatrixError} for them.
   *
   * @remarks
   * A database that compares loosely (case, trailing space) would log somebody else in. An error that it throws is answered
   * as the README's section "Answers" says.
   */
  readonly findUser: (userId: string, login: VerifiedLogin<Req>) => Awaitable<User | null | undefined>;
  /**
   * Makes a user that `findUser` did not know. May be async. Throw an error with `errcode: "M_USER_IN_USE"` where another
   * login was quicker.
   *
   * @remarks
   * Required where a login type has `allowRegistration`. After `M_USER_IN_USE` `findUser` is asked again, and both logins
   * get in.
   *
   * @defaultValue none
   */
  readonly registerUser?: (userId: string, login: VerifiedLogin<Req>) => Awaitable<NoInfer<User>>;
  /** Makes device and access token, an {@link IssuedToken}. May be async. All or nothing: rejects only if nothing was issued. */
  readonly issueToken: (user: NoInfer<User>, login: VerifiedLogin<Req>) => Awaitable<IssuedToken>;
  /**
   * Limits of login attempts.
   *
   * @defaultValue none
   */
  readonly rateLimits?: RateLimits;
  /**
   * Where tokens of login types with `singleUse` are remembered: a limiter over a store that all processes share.
   *
   * @remarks
   * One token takes all points of the limiter (one of rate-limiter-flexible), for as long as the token could be accepted;
   * settings that would let it in again are not acted on (`blockDuration`, `insuranceLimiter`, `inMemoryBlockOnConsumed`,
   * `execEvenly`). Given back only if `issueToken` rejects. In memory each process remembers by itself, at most 100,000
   * tokens; a further one is 503.
   *
   * @defaultValue in memory
   */
  readonly usedTokens?: UsedTokenLimiter;
  /**
   * Answered as `well_known`.
   *
   * @defaultValue none
   */
  readonly wellKnown?: Readonly<Record<string, unknown>>;
  /**
   * What is told of outages and faults: pino and `console` fit, `false` for none. Never gets a token, a secret or a key.
   *
   * @defaultValue `console`'s warnings and errors
   */
  readonly logger?: Logger | false;
  /**
   * Told of each login.
   *
   * @remarks
   * Called after the answer is decided; what it throws is logged and changes nothing.
   *
   * @defaultValue none
   */
  readonly onLogin?: (event: LoginEvent<Req>) => void;
  /**
   * Told of each refusal; `reason` is a stable code.
   *
   * @remarks
   * Called after the answer is decided; what it throws is logged and changes nothing.
   *
   * @defaultValue none
   */
  readonly onReject?: (event: RejectEvent<Req>) => void;
  /**
   * Told of each fetch or read of keys that failed.
   *
   * @remarks
   * What it throws is logged and changes nothing.
   *
   * @defaultValue none
   */
  readonly onKeysError?: (event: KeysErrorEvent) => void;
}
