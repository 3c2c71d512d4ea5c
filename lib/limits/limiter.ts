/** Counts points by a key: any limiter of rate-limiter-flexible, or an object with the same methods. */
export interface RateLimiter {
  /**
   * Resolves if there was a point left. Rejects with an object that has `msBeforeNext` if there was none, and with an error
   * if the store is unavailable.
   */
  consume(key: string, points?: number): PromiseLike<unknown>;
}

/** A limiter that takes back what was consumed. */
export interface FailureLimiter extends RateLimiter {
  /** Gives points back to a key. Rejects if the store is unavailable. */
  reward(key: string, points?: number): PromiseLike<unknown>;
}

/**
 * Limits of login attempts. If a limiter is used up, the answer is 429 `M_LIMIT_EXCEEDED`; if it fails or does not answer
 * within 2 seconds, 503. No login gets past it.
 */
export interface RateLimits {
  /**
   * Counts every login attempt whose fields are valid, by address (`req.ip` under Express), before its token is verified. Keys are `address:192.0.2.1` and, for the /64 of an IPv6 address, `address:2001:db8:0:1::/64`.
   *
   * @remarks
   * IPv4-mapped and NAT64 (`64:ff9b::/96`) addresses count as IPv4. Clients without an address, e.g. behind a Unix socket,
   * count together as `address:unknown`; this is logged once.
   *
   * @defaultValue none
   */
  readonly address?: RateLimiter;
  /**
   * Counts logins, `authenticate` and `reauthenticate` with a verified token, by user ID in lower case. Keys are `account:@alice:example.org`.
   *
   * @defaultValue none
   */
  readonly account?: RateLimiter;
  /**
   * Counts attempts whose token is refused, by address. Keys are `failures:192.0.2.1`, and as above for IPv6.
   *
   * @remarks
   * A point is consumed before the token is verified and given back unless the token is to blame, so give it more points than one address
   * has logins in progress. It is not given back once its window has passed, if `consume` says when that is (`msBeforeNext`).
   *
   * @defaultValue none
   */
  readonly failures?: FailureLimiter;
}
