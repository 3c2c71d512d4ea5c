/** Counts what is consumed by a key: any limiter of rate-limiter-flexible, or whatever has its shape. */
export interface RateLimiter {
  /**
   * Resolves where there was a point left. Rejects with an object that has `msBeforeNext` where there was none, and with an
   * error where the store can't tell.
   */
  consume(key: string, points?: number): PromiseLike<unknown>;
}

/** A limiter that takes back what was consumed. */
export interface FailureLimiter extends RateLimiter {
  reward(key: string, points?: number): PromiseLike<unknown>;
}

/** A limiter that can take many points for a time of the caller's, and forgets a key. */
export interface UsedTokenLimiter {
  /** As of {@link RateLimiter}. `options` is `{ customDuration }`, in seconds. */
  consume(key: string, points: number, options: object): PromiseLike<unknown>;
  delete(key: string): PromiseLike<unknown>;
}

/**
 * Limits of login attempts. A limiter that is used up is 429 `M_LIMIT_EXCEEDED`; one that fails, or has not answered in
 * 2 seconds, is 503: no login gets past it.
 */
export interface RateLimits {
  /**
   * Counts, by address, every attempt whose fields are right, before anything of its token is looked at. Keys are
   * `address:192.0.2.1` and, for the /64 of an IPv6 address, `address:2001:db8:0:1::/64`.
   */
  readonly address?: RateLimiter;
  /** Counts verified logins by user ID, in lower case: `account:@alice:example.org`. */
  readonly account?: RateLimiter;
  /**
   * Counts, by address, the attempts whose token fails: `failures:192.0.2.1`. A point is consumed before the token is
   * looked at and given back unless it fails, so give it more points than logins can be under way from one address.
   */
  readonly failures?: FailureLimiter;
}
