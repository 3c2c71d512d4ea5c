import { createHash } from "node:crypto";

import type { UsedTokens } from "../limits/used-tokens.js";
import { now } from "../support/moment.js";
import { checkExpiry, type Claims } from "../tokens/claims.js";
import { TokenError } from "../tokens/errors.js";

/** Seconds. Tokens that must be remembered longer fill any store, and outlive what timers can wait. */
const FURTHEST_EXPIRY = 7 * 86_400;
/** Seconds that a token is remembered for longer than this clock says: another process's clock may be behind. */
const CLOCK_MARGIN = 60;
/** Milliseconds. A clock that is set back by more than this was wrong before, and is believed. */
const LARGEST_STEP_BACK = 600_000;
/** Milliseconds. Two clocks are never read at once. */
const SMALLEST_STEP_BACK = 100;
/** A system clock that is being corrected is slowed down by as much, and is not set back. */
const DRIFT = 0.0005;

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
  readonly #clock = new Clock();

  /** @param widestTolerance - in seconds, of all login types that take a token once: it may be sent under each of them */
  constructor(usedTokens: UsedTokens, widestTolerance: number) {
    this.#usedTokens = usedTokens;
    this.#widestTolerance = widestTolerance;
  }

  /**
   * Claims a token, does some work, and releases the token if the work fails.
   *
   * @param clockTolerance - in seconds, of the login type that verified the token
   * @throws TokenError `used`; `expired` if that happened since the token was verified; as {@link assertRememberable}
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
    const { now, before, setBackAt } = this.#clock.read();
    const tolerance = Math.max(clockTolerance, this.#widestTolerance);
    const exp = assertRememberable(claims, now);
    // A token that may have been used before the clock was set back may be forgotten by the time that the clock had then.
    const isNewer = typeof claims.iat === "number" && claims.iat > setBackAt + tolerance;
    // A token may have been verified long ago. Remembered until it expires, it would not be remembered at all.
    checkExpiry({ claims }, { clockTolerance, requireExpiry: true }, isNewer ? now : before);
    return Math.ceil(exp - now + tolerance + CLOCK_MARGIN);
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

/** All in seconds since 1970. */
interface Reading {
  /** By the system clock. */
  readonly now: number;
  /** What the system clock would say if it had not been set back. */
  readonly before: number;
  /** When it was set back last, by the time that it had before. */
  readonly setBackAt: number;
}

/** Sees that the system clock is set back: until then, uses were remembered by another time. */
class Clock {
  // From the start: a clock that is set back before the first token comes must not go unnoticed.
  #last = now();
  /** Milliseconds by which it was set back. */
  #behind = 0;
  #setBackAt = -Infinity;

  read(): Reading {
    const last = this.#last;
    this.#last = now();
    const { wall, steady } = this.#last;
    const step = steady - last.steady - (wall - last.wall);
    const isDrift = step > 0 && step <= DRIFT * (steady - last.steady) + SMALLEST_STEP_BACK;
    if (step > LARGEST_STEP_BACK) this.#behind = 0;
    else if (!isDrift) this.#behind = Math.max(0, this.#behind + step);
    if (step > 0 && !isDrift) this.#setBackAt = wall + this.#behind;
    // No token that was used then can still be good.
    if (wall - this.#setBackAt > FURTHEST_EXPIRY * 1_000 + LARGEST_STEP_BACK) this.#behind = 0;
    return { now: wall / 1_000, before: (wall + this.#behind) / 1_000, setBackAt: this.#setBackAt / 1_000 };
  }
}
