import type { FailureLimiter } from "../limits/limiter.js";
import type { UserRules } from "../login/login-type.js";
import type { Logger } from "../support/logger.js";
import type { RefusalReason } from "../support/refusal.js";
import type { ClaimLocator } from "../tokens/claim-reader.js";
import type { Claims } from "../tokens/claim-rules.js";
import type { TokenErrorCode } from "../tokens/errors.js";
import type { KeyCache } from "../tokens/keys/shared-jwks.js";
import type { KeysErrorEvent, TokenVerifierOptions } from "../tokens/options.js";
import type { AccessTokenVerification } from "./create-access-tokens.js";

type Awaitable<T> = T | Promise<T>;

/** What a verified access token says. All of it is frozen. */
export interface VerifiedAccess {
  /** The full user ID: at most 255 bytes, each U+0021 to U+007E. */
  readonly userId: string;
  /** The part of the user ID between `@` and the first colon. */
  readonly localpart: string;
  /** The device that the token is for, if it names one. */
  readonly deviceId?: string;
  /** What `scope` (RFC 8693 section 4.2) and `scp` grant. */
  readonly scopes: readonly string[];
  /** The claims of the verified token, or of the introspection endpoint's answer. */
  readonly claims: Claims;
  /** When the token expires, in seconds since 1970: its `exp`, if it has one. */
  readonly expiresAt?: number;
}

/**
 * What {@link matrixBearerAuth} puts into `req.matrix`. Frozen, but for `user`.
 *
 * @typeParam User - the host's own type, inferred from `findUser`
 */
export interface MatrixAccess<User = unknown> extends VerifiedAccess {
  /** What `findUser` returned; undefined without it. */
  readonly user: User;
}

/** What is known of a request. */
export interface AccessContext<Req = unknown> {
  /** The client's address, IPv4 or IPv6, for `rateLimits`. */
  readonly ip?: string | undefined;
  /** The framework's request, handed to `onReject` as it is. */
  readonly req?: Req | undefined;
  /**
   * With `rateLimits`: whether the client has hung up. Read before and after the limits are asked: the token of a
   * client that has hung up is not verified. An `AbortSignal` fits.
   */
  readonly signal?:
    | {
        /** The client is gone. */
        readonly aborted: boolean;
      }
    | undefined;
}

/** How access tokens become Matrix users and devices. */
export interface AccessRules extends Pick<UserRules, "subjectFormat" | "localpart"> {
  /**
   * The claim that holds the device ID: a name (dots have no meaning in it), a path of names, or a synchronous function.
   *
   * @remarks
   * By default the scope `urn:matrix:client:device:ID` (or its name in MSC2967) and the claim `device_id`, of which one is
   * enough; if both are there, they must agree. A token that names two devices is refused, as is an ID over 512 characters or
   * with a control character.
   *
   * @defaultValue the device scope, or `device_id`
   */
  readonly deviceClaim?: ClaimLocator;
}

/**
 * How access tokens are verified. Set at least one of `tokenType`, `requiredScopes`, `authorize` and `introspection`, so that an ID
 * token is not taken for an access token.
 */
export type AccessTokenRules = TokenVerifierOptions & AccessRules;

/** How verified tokens are kept. */
export interface TokenCacheOptions {
  /**
   * The least recently used token is dropped first.
   *
   * @unit tokens, 1 to 1000000
   * @defaultValue `10000`
   */
  readonly maxEntries?: number;
  /**
   * How long a token is used without being verified again.
   *
   * @unit seconds, more than 0
   * @defaultValue `120`
   */
  readonly maxAge?: number;
}

/** Why a request was refused: a {@link TokenErrorCode} if the token was refused, otherwise one of these. */
export type AccessRejectReason =
  | TokenErrorCode
  | RefusalReason
  /** Keys are temporarily unavailable. */
  | "keys_unavailable"
  /** The introspection endpoint is temporarily unavailable. */
  | "introspection_unavailable"
  /** A callback of the host's refused or failed. */
  | "host";

/** A request that was refused, or that failed. */
export interface AccessRejectEvent<Req = unknown> {
  /** The full user ID; only once the token is verified. */
  readonly userId?: string;
  /** The answer's HTTP status. */
  readonly statusCode: number;
  /** The answer's `errcode`. */
  readonly errcode: string;
  /** Stable code for logic and metrics. */
  readonly reason: AccessRejectReason;
  /** Milliseconds that it took, the host's callbacks included. */
  readonly durationMs: number;
  /** The request, if there is one. */
  readonly req?: Req;
}

/** A fetch or read of keys that failed, or an introspection endpoint that gave no answer. */
export type AccessKeysErrorEvent = Omit<KeysErrorEvent, "loginType">;

/**
 * The options of a check of access tokens, with or without Express.
 *
 * @typeParam User - the host's own type, inferred from `findUser`
 */
export interface BearerAuthOptions<User = undefined, Req = unknown> {
  /** The part of a user ID after the first colon. */
  readonly serverName: string;
  /**
   * How access tokens are verified: {@link AccessTokenRules}, `verification` of {@link createAccessTokens}, or a list of
   * them by `issuer`.
   *
   * @remarks
   * At least one of `tokenType`, `requiredScopes`, `authorize` and `introspection`, so that an ID token is no access token
   * by accident.
   */
  readonly tokens: AccessTokenRules | AccessTokenVerification | readonly (AccessTokenRules | AccessTokenVerification)[];
  /**
   * Finds the user that an identity is linked to, once for each verification of a token. `subjectFormat` and
   * `localpart` are then ignored, and for tokens of {@link createAccessTokens} it is not asked.
   *
   * @remarks
   * `find` returns a full user ID, or nothing: then the request is 401. `false` accepts that equal subjects of several issuers
   * are one user.
   *
   * @defaultValue none
   */
  readonly externalIds?:
    | {
        /** The user ID that is linked to an identity, or nothing. May be async. */
        readonly find: (id: {
          readonly issuer: string;
          readonly subject: string;
        }) => Awaitable<string | null | undefined>;
      }
    | false;
  /**
   * The user with exactly this ID, or nothing: then the request is 401. Called on every request, so that a logout, lock or
   * deletion works at once. May be async.
   *
   * @remarks
   * Without it, the token alone decides until it expires.
   *
   * @defaultValue none
   */
  readonly findUser?: (userId: string, access: VerifiedAccess) => Awaitable<User | null | undefined>;
  /**
   * Verified tokens, kept by the SHA-256 of their text; `false`: each request verifies its token.
   *
   * @remarks
   * A token is dropped when it expires, or when its key is withdrawn.
   *
   * @defaultValue 10,000 tokens and 120 seconds
   */
  readonly cache?: TokenCacheOptions | false;
  /**
   * Limits failed attempts by address. Tokens that are cached are not counted.
   *
   * @defaultValue none
   */
  readonly rateLimits?: {
    /** As in a login: counts by address. */
    readonly failures?: FailureLimiter;
  };
  /**
   * Logs outages and faults: pino and `console` fit, `false` for none. Never gets a token, a secret or a key.
   *
   * @defaultValue `console`'s warnings and errors
   */
  readonly logger?: Logger | false;
  /**
   * Called after each request that is answered with an error: not after one that `optional` lets through, nor for `metadata`.
   *
   * @remarks
   * Called after the answer is decided; what it throws is logged and changes nothing.
   *
   * @defaultValue none
   */
  readonly onReject?: (event: AccessRejectEvent<Req>) => void;
  /**
   * Called after each fetch or read of keys, and each introspection, that failed; `error.detail` says why.
   *
   * @remarks
   * What it throws is logged and changes nothing.
   *
   * @defaultValue none
   */
  readonly onKeysError?: (event: AccessKeysErrorEvent) => void;
  /**
   * Shares fetched keys and discovery documents: middlewares and verifiers that have the same handle ({@link createKeyCache}) and ask
   * the same endpoint with equal `jwksOptions` share one fetch.
   *
   * @defaultValue none
   */
  readonly keyCache?: KeyCache;
}

/**
 * What only a mounted handler has to know.
 *
 * @typeParam Req - the type of the request
 */
export interface BearerHttpOptions<Req = unknown> {
  /**
   * Set the CORS headers of the specification's "Web browser clients" on refusals and on `metadata`.
   *
   * @remarks
   * A header that you have already set stays. Those of your own answers, and of the answer to `OPTIONS`, are yours to set.
   *
   * @defaultValue `true`
   */
  readonly cors?: boolean;
  /**
   * What to do with a request without a token or with somebody else's: refuse it, or pass it on to your own check.
   *
   * @remarks
   * A token is somebody else's if it is not a JWT (unless `introspection` is set), if it is encrypted (unless `decryption`
   * or `introspection` is), or if its `iss` is not a configured one (if all sources have an `issuer`).
   *
   * @defaultValue `"reject"`
   */
  readonly otherTokens?: "reject" | "next";
  /**
   * The client's address, instead of `req.ip` under Express or `req.socket.remoteAddress`: for hosts behind a proxy that do
   * not use Express's `trust proxy`.
   *
   * @remarks
   * `rateLimits` count by it. Read a header that your own proxy always sets itself.
   *
   * @defaultValue none
   */
  readonly clientAddress?: (req: Req) => string | undefined;
}
