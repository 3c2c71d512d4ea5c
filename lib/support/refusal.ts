import { pauseStackTraces } from "./stack-traces.js";

/** What a refusal is about: each way in has its own answer to each. */
export type RefusalKind =
  /** What the token says of its user. */
  | "token"
  /** The token makes no user ID that can exist. */
  | "username"
  /** The user, whatever the token. */
  | "user"
  /** A limit that is used up. */
  | "limit"
  /** A limiter or store is temporarily unavailable: the token was neither accepted nor refused. */
  | "unavailable";

/** Why: a stable code, the `reason` of events. */
export type RefusalReason =
  /** The subject does not have the required format, is of another server, or makes no valid user ID. */
  | "user_id"
  /** An access token names two devices, or what can't be one. */
  | "device"
  /** `identifier` names another user, or is required and missing. */
  | "identifier"
  /** A login token of single sign-on is forged, expired or used before. */
  | "login_token"
  /** Nobody has this user ID, and nobody may be registered here. */
  | "unknown_user"
  /** The account is not linked to the token's `iss` and `sub` (`externalIds`). */
  | "unlinked"
  /** One of the `rateLimits` is used up. */
  | "rate_limited"
  /** A limiter of `rateLimits`, or the store of used tokens, is unavailable. */
  | "limiter_unavailable"
  /** The identity provider of a sign-in by browser gives no valid answer at its token or UserInfo endpoint. */
  | "provider_unavailable";

/**
 * A refusal by a rule about users or limits; the rules for tokens throw TokenError. Its message may be sent to the client. It has
 * no stack trace.
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly kind: RefusalKind;
  readonly reason: RefusalReason;
  /** Milliseconds after which another attempt makes sense. */
  readonly retryAfterMs: number | undefined;

  /** @param options - `cause` is for the log and never sent */
  constructor(
    kind: RefusalKind,
    reason: RefusalReason,
    message: string,
    options: { readonly retryAfterMs?: number; readonly cause?: unknown } = {},
  ) {
    const resumeStackTraces = pauseStackTraces();
    super(message, { cause: options.cause });
    resumeStackTraces();
    this.kind = kind;
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
  }
}
