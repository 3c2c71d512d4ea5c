import type { RateLimits, UsedTokenLimiter } from "../guards/limiter.js";
import type { Claims } from "../jwt/claims.js";
import type { KeysUnavailableError, TokenErrorCode } from "../jwt/errors.js";
import type { Logger } from "../logger.js";
import type { IssuedToken } from "../matrix/response.js";
import type { LoginTypeOptions } from "./login-type.js";

/** A login whose token is verified: what the host's callbacks are told. */
export interface VerifiedLogin<Req = unknown> {
  /** e.g. `org.matrix.login.jwt`. */
  readonly loginType: string;
  /** The full user ID. */
  readonly userId: string;
  readonly localpart: string;
  /** What `displayNameClaim` points at. Its length is the host's to limit. */
  readonly displayName?: string;
  readonly claims: Claims;
  /** The client's, or made here: ten letters A-Z. */
  readonly deviceId: string;
  /** The client gave the device ID. */
  readonly deviceIdGiven: boolean;
  readonly initialDeviceDisplayName?: string;
  /** The client asked for a refresh token. */
  readonly refreshToken: boolean;
  readonly ip?: string;
  readonly userAgent?: string;
  readonly req?: Req;
}

/** What is known of who asks. */
export interface LoginContext<Req = unknown> {
  readonly ip?: string | undefined;
  readonly userAgent?: string | undefined;
  readonly req?: Req | undefined;
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

export interface LoginEvent<Req = unknown> {
  readonly loginType: string;
  readonly userId: string;
  readonly durationMs: number;
  readonly req?: Req;
}

export interface RejectEvent<Req = unknown> {
  readonly loginType: string;
  /** Only once the token is verified. */
  readonly userId?: string;
  readonly statusCode: number;
  readonly errcode: string;
  readonly reason: RejectReason;
  readonly durationMs: number;
  readonly req?: Req;
}

export interface KeysErrorEvent {
  readonly loginType: string;
  readonly error: KeysUnavailableError;
}

type Awaitable<T> = T | Promise<T>;

/**
 * What a login needs, with or without Express.
 *
 * @typeParam User - the host's own type, inferred from `findUser`
 */
export interface JwtLoginOptions<User, Req = unknown> {
  /** The part of a user ID after the first colon. */
  readonly serverName: string;
  /** Login type to its options; at least one, and none of the specification's own. */
  readonly loginTypes: Readonly<Record<string, LoginTypeOptions>>;
  /**
   * The user of exactly this ID, or nothing. Must find deactivated and locked users too: throw a `MatrixError` for them.
   * An error that it throws is answered as the README's table says.
   */
  readonly findUser: (userId: string, login: VerifiedLogin<Req>) => Awaitable<User | null | undefined>;
  /**
   * Makes a user that `findUser` did not know. Throw an error with `errcode: "M_USER_IN_USE"` where another login was
   * quicker: `findUser` is asked again then. Required where a login type has `allowRegistration`.
   */
  readonly registerUser?: (userId: string, login: VerifiedLogin<Req>) => Awaitable<NoInfer<User>>;
  /** Makes device and access token, all or nothing: rejects only if nothing was issued. */
  readonly issueToken: (user: NoInfer<User>, login: VerifiedLogin<Req>) => Awaitable<IssuedToken>;
  /** Limits of login attempts. Default: none. */
  readonly rateLimits?: RateLimits;
  /**
   * Where tokens of login types with `singleUse` are remembered: a limiter of rate-limiter-flexible over a store that all
   * processes share. One token takes all its points, for as long as the token could be accepted; settings that would let
   * it in again are not acted on (`blockDuration`, `insuranceLimiter`, `inMemoryBlockOnConsumed`, `execEvenly`). Given back
   * only if `issueToken` rejects. Default: in memory, each process by itself, at most 100,000 tokens; a further one is 503.
   */
  readonly usedTokens?: UsedTokenLimiter;
  /** Answered as `well_known`. Default: none. */
  readonly wellKnown?: Readonly<Record<string, unknown>>;
  /** `false` for none. Default: `console`'s warnings and errors. */
  readonly logger?: Logger | false;
  /** Called after the answer is decided; what it throws is logged and changes nothing. */
  readonly onLogin?: (event: LoginEvent<Req>) => void;
  /** Called after the answer is decided; what it throws is logged and changes nothing. */
  readonly onReject?: (event: RejectEvent<Req>) => void;
  /** Called for each fetch or read of keys that failed; what it throws is logged and changes nothing. */
  readonly onKeysError?: (event: KeysErrorEvent) => void;
}
