/** A limiter's points are used up. */
export class RateLimited extends Error {
  override readonly name = "RateLimited";
  readonly code = "rate_limited";
  /** Milliseconds after which there are points again: a whole number from 1 to what `setTimeout` takes. */
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super("too many attempts");
    this.retryAfterMs = retryAfterMs;
  }
}

/** A limiter or its store can't tell just now: says nothing about the attempt. `cause` is the operator's to read. */
export class LimiterUnavailable extends Error {
  override readonly name = "LimiterUnavailable";
  readonly code = "limiter_unavailable";
  /** Seconds after which another attempt makes sense. */
  readonly retryAfter = 5;
}
