import { createHash } from "node:crypto";

import type { UsedTokens } from "../limits/used-tokens.js";
import { checkExpiry, type Claims } from "../tokens/claim-rules.js";
import { TokenError } from "../tokens/errors.js";
import { ObservedClock } from "./observed-clock.js";

/** Seconds. Tokens that must be remembered longer fill any store, and outlive what timers can wait. */
const FURTHEST_EXPIRY = 7 * 86_400;
/** Seconds that a token is remembered for longer than this clock says: another process's clock may be behind. */
const CLOCK_MARGIN = 60;

/** What single use needs to know of a token that is verified. */
export interface UsableToken {
  /** Equal for every text of the same token. */
  readonly fingerprint: string;
  readonly claims: Claims;
}

/** Lets each token in once. */
export class SingleUse {
  readonly #usedTokens: UsedTokens;
  readonly #widestTolerance: number;
  readonly #clock = new ObservedClock(FURTHEST_EXPIRY + 86_400);

  /** @param widestTolerance - in seconds, of all login types that take a token once: it may be sent under each of them */
  constructor(usedTokens: UsedTokens, widestTolerance: number) {
    this.#usedTokens = usedTokens;
    this.#widestTolerance = widestTolerance;
  }

  /**
   * Claims a token, does some work, and releases the token if the work fails.
   *
   * @param clockTolerance - in seconds, of the login type that verified the token
   * @throws TokenError `used`; `expired` or `issued_in_future` if the clock says so since the token was verified; as
   * {@link assertRememberable}
   * @throws Refusal `limiter_unavailable`
   */
  async once<T>(token: UsableToken, clockTolerance: number, work: () => Promise<T>): Promise<T> {
    const key = createHash("sha256").update(token.fingerprint).digest("hex");
    if (!(await this.#usedTokens.claim(key, this.#secondsLeft(token.claims, clockTolerance)))) {
      throw new TokenError("used", "token used before");
    }
    try {
      return await work();
    } catch (error) {
      await this.#usedTokens.release(key);
      throw error;
    }
  }

  /** Seconds for which the token must be remembered: a whole number. */
  #secondsLeft(claims: Claims, clockTolerance: number): number {
    const tolerance = Math.max(clockTolerance, this.#widestTolerance);
    const margin = tolerance + CLOCK_MARGIN;
    const now = this.#clock.now();
    const exp = assertRememberable(claims, now);
    // Nobody has taken it before it was issued, by any clock, nor while its expiry was too far.
    const issued = typeof claims.iat === "number" ? claims.iat - margin : -Infinity;
    if (now < issued) throw new TokenError("issued_in_future", "token issued in the future (iat)");
    const from = Math.max(issued, exp - FURTHEST_EXPIRY - margin);
    // A token may have been verified long ago. Remembered until it expires, it would not be remembered at all.
    checkExpiry({ claims }, { clockTolerance, requireExpiry: true }, this.#clock.nowSince(from));
    return Math.ceil(exp - now + margin);
  }
}

/**
 * The token's expiry, in seconds since 1970.
 *
 * @throws TokenError if the token could be used for longer than its use is remembered
 */
export function assertRememberable({ exp }: Claims, now: number): number {
  if (exp === undefined) throw new TokenError("expiry_missing", "token has no expiry (exp)");
  if (exp - now > FURTHEST_EXPIRY) {
    throw new TokenError("expiry_too_far", "token expires more than 7 days from now (exp)");
  }
  return exp;
}
