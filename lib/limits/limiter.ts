/** Counts what is consumed by a key: any limiter of rate-limiter-flexible, or whatever has its shape. */
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
 * Limits of login attempts. A limiter that is used up is 429 `M_LIMIT_EXCEEDED`; one that fails, or has not answered in
 * 2 seconds, is 503: no login gets past it.
 */
export interface RateLimits {
  /**
   * Counts, by address (`req.ip` under Express), every login attempt whose fields are right, before anything of its token
   * is looked at. Keys are `address:192.0.2.1` and, for the /64 of an IPv6 address, `address:2001:db8:0:1::/64`.
   *
   * @remarks
   * IPv4-mapped and NAT64 (`64:ff9b::/96`) addresses count as IPv4. Clients without an address, e.g. behind a Unix socket,
   * count together as `address:unknown`; the logger is told once.
   *
   * @defaultValue none
   */
  readonly address?: RateLimiter;
  /**
   * Counts, by user ID in lower case, the logins whose token is verified. Keys are `account:@alice:example.org`.
   *
   * @defaultValue none
   */
  readonly account?: RateLimiter;
  /**
   * Counts, by address, the attempts whose token fails. Keys are `failures:192.0.2.1`, and as above for IPv6.
   *
   * @remarks
   * A point is consumed before the token is looked at and given back unless it fails, so give it more points than logins can
   * be under way from one address. Not given back once the window that it was taken from has passed, as far as `consume`
   * says when that is (`msBeforeNext`).
   *
   * @defaultValue none
   */
  readonly failures?: FailureLimiter;
}
