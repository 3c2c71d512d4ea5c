import { createHash } from "node:crypto";

import type { UsedTokens } from "../limits/used-tokens.js";
import { now } from "../support/moment.js";
import type { ClaimRules } from "../tokens/claim-options.js";
import { checkExpiry, type Claims } from "../tokens/claims.js";
import { TokenError } from "../tokens/errors.js";

/** Seconds. Tokens that must be remembered longer fill any store, and outlive what timers can wait. */
const FURTHEST_EXPIRY = 7 * 86_400;
/** Seconds that a token is remembered for longer than this clock says: another process's clock may be behind. */
const CLOCK_MARGIN = 60;
/** Milliseconds. A clock that is set back by more than this was wrong before, and is believed. */
const LARGEST_STEP_BACK = 600_000;
/** Milliseconds. Lags that differ by less are one: two clocks are never read at once. */
const SAME_LAG = 100;
const MOST_LOOKS = 500;
/** Milliseconds. No token that was used before can still be good. */
const FORGOTTEN_AFTER = (FURTHEST_EXPIRY + 86_400) * 1_000;

/** What single use needs to know of a token that is verified. */
export interface UsableToken {
  /** Equal for every text of the same token. */
  readonly fingerprint: string;
  readonly claims: Claims;
}

/** What the login types that take a token once accept, in seconds: it may be sent under each of them. */
export interface SingleUseLimits {
  readonly widestTolerance: number;
  /** How far ahead of now an expiry may be. */
  readonly longestLifetime: number;
}

/** @param loginTypes - the rules of those that take a token once */
export function singleUseLimits(loginTypes: readonly ClaimRules[]): SingleUseLimits {
  return {
    widestTolerance: Math.max(0, ...loginTypes.map(({ clockTolerance }) => clockTolerance)),
    longestLifetime: Math.max(
      0,
      ...loginTypes.map(({ maxTokenLifetime = Infinity }) => Math.min(maxTokenLifetime, FURTHEST_EXPIRY)),
    ),
  };
}

/** Lets each token in once. */
export class SingleUse {
  readonly #usedTokens: UsedTokens;
  readonly #limits: SingleUseLimits;
  readonly #clock = new Clock();

  constructor(usedTokens: UsedTokens, limits: SingleUseLimits) {
    this.#usedTokens = usedTokens;
    this.#limits = limits;
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
    const { widestTolerance, longestLifetime } = this.#limits;
    const tolerance = Math.max(clockTolerance, widestTolerance);
    const margin = Math.max(tolerance, CLOCK_MARGIN);
    const now = this.#clock.now();
    const exp = assertRememberable(claims, now);
    // Nobody has taken it before it was issued, by any clock, nor while its expiry was too far.
    const issued = typeof claims.iat === "number" ? claims.iat - margin : -Infinity;
    if (now < issued) throw new TokenError("issued_in_future", "token issued in the future (iat)");
    const from = Math.max(issued, exp - longestLifetime - margin);
    // A token may have been verified long ago. Remembered until it expires, it would not be remembered at all.
    checkExpiry({ claims }, { clockTolerance, requireExpiry: true }, this.#clock.nowSince(from));
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

/** What both clocks said, in milliseconds: of several looks, what the worst case of them needs. */
interface Look {
  /** The system clock, at the latest. */
  wall: number;
  /** How far it was behind the steady one, at the least. */
  lag: number;
}

/**
 * Sees how much the system clock has been set back, or lost, since a token may have been used. A store forgets a used token by
 * real time, so that by the system clock alone the token could be good again.
 */
class Clock {
  #last: Look;
  #lag: number;
  /** One for all looks of about the same lag: none that another one makes needless. */
  #looks: Look[];

  constructor() {
    // From the start: a clock that is set back before the first token comes must not go unnoticed.
    const { wall, steady } = now();
    this.#lag = steady - wall;
    this.#last = { wall, lag: this.#lag };
    this.#looks = [this.#last];
  }

  /** Seconds since 1970, by the system clock. */
  now(): number {
    const { wall, steady } = now();
    const lag = steady - wall;
    if (lag - this.#lag > LARGEST_STEP_BACK) this.#looks = [];
    // Another process may have seen that clock until just now.
    else this.#last.wall = Math.max(this.#last.wall, steady - this.#lag);
    this.#lag = lag;
    let look = this.#looks.find((one) => Math.abs(one.lag - lag) < SAME_LAG);
    if (look === undefined) this.#looks.push((look = { wall, lag }));
    look.wall = Math.max(look.wall, wall);
    look.lag = Math.min(look.lag, lag);
    this.#last = look;
    const { wall: latest, lag: least } = look;
    this.#looks = this.#looks.filter(
      (one) => one === look || ((one.wall > latest || one.lag < least) && wall - one.wall < FORGOTTEN_AFTER),
    );
    if (this.#looks.length > MOST_LOOKS) this.#mergeClosest();
    return wall / 1_000;
  }

  /**
   * The time by which a token must be judged that may have been used at any moment since then: what the system clock would say
   * now if it had lost nothing.
   *
   * @param from - seconds since 1970
   */
  nowSince(from: number): number {
    const lags = this.#looks.filter(({ wall }) => wall >= from * 1_000).map(({ lag }) => lag);
    const { wall, steady } = now();
    const lag = steady - wall;
    return (wall + lag - Math.min(lag, ...lags)) / 1_000;
  }

  #mergeClosest(): void {
    const looks = this.#looks.filter((look) => look !== this.#last).sort((one, other) => one.lag - other.lag);
    const gaps = looks.map(({ lag }, index) => lag - (looks[index - 1]?.lag ?? -Infinity));
    const [one, other] = looks.splice(gaps.indexOf(Math.min(...gaps)) - 1, 2) as [Look, Look];
    this.#looks = [...looks, { wall: Math.max(one.wall, other.wall), lag: one.lag }, this.#last];
  }
}
