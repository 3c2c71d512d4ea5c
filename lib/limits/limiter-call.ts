import { inTime } from "../support/deadline.js";
import type { Logger } from "../support/logger.js";
import { Refusal } from "../support/refusal.js";

/** Seconds after which a limiter or store that has not answered counts as down. */
const DEADLINE = 2;
/** Milliseconds after which a client should try again while a limiter or store is down. */
const RETRY_AFTER = 5_000;

/** What is read of a limiter's answer: `RateLimiterRes` of rate-limiter-flexible. Nothing in it is trusted. */
export interface LimiterAnswer {
  readonly msBeforeNext?: unknown;
  readonly consumedPoints?: unknown;
  /** True: `msBeforeNext` is the time of this point alone, and not what is left of a window. */
  readonly isPerPoint?: unknown;
}

/**
 * Calls one limiter or store of the host's, so that no login waits long for it, and none gets past it without an answer.
 * Logs an outage once when it begins and once when it ends.
 */
export class LimiterCall {
  readonly #what: string;
  readonly #logger: Logger;
  #down = false;

  constructor(what: string, logger: Logger) {
    this.#what = what;
    this.#logger = logger;
  }

  /**
   * @param called - what {@link begin} returned
   * @throws Refusal `rate_limited` or `limiter_unavailable`
   */
  async answer<T>(called: Promise<T>): Promise<T> {
    try {
      const answer = await inTime(DEADLINE, called, `no answer within ${String(DEADLINE)} s`);
      this.#worked();
      return answer;
    } catch (reason) {
      const retryAfterMs = msUntilPoints(reason);
      if (retryAfterMs === undefined) throw this.#failed(reason);
      this.#worked();
      throw new Refusal("limit", "rate_limited", "Too many attempts; try again later", { retryAfterMs });
    }
  }

  /** For what changes no answer: a failure is only logged. */
  async done(called: Promise<unknown>): Promise<void> {
    await this.answer(called).catch(() => undefined);
  }

  #failed(cause: unknown): Refusal {
    if (!this.#down) {
      this.#logger.error(
        new Error(`matrix-jwt-login: ${this.#what} does not work; until it does, the answer is 503`, { cause }),
      );
    }
    this.#down = true;
    const message = "Temporarily unavailable; try again later";
    return new Refusal("unavailable", "limiter_unavailable", message, { retryAfterMs: RETRY_AFTER, cause });
  }

  #worked(): void {
    if (this.#down) this.#logger.info(`matrix-jwt-login: ${this.#what} works again`);
    this.#down = false;
  }
}

/** Calls a limiter or store: one that throws rejects. */
export async function begin<T>(call: () => T | PromiseLike<T>): Promise<T> {
  return await call();
}

/** As {@link begin}, for points: a limiter that returned `false`, and did not reject, would limit nothing. */
export async function beginConsume<T>(call: () => T | PromiseLike<T>): Promise<T> {
  const answer = await call();
  if ((answer as unknown) !== false) return answer;
  throw new TypeError("consume must reject with { msBeforeNext } if there is no point left, not return false");
}

/** Milliseconds to wait if a limiter does not say when there are points again. */
const UNKNOWN_WAIT = 1_000;
/** The longest that `setTimeout` takes: a client that is told to wait longer may not wait at all. */
const LONGEST_WAIT = 2 ** 31 - 1;

/**
 * Milliseconds until there are points again, if that is what a limiter rejected with. Undefined if the limiter failed. A
 * union of limiters rejects with what its members rejected with: used up if all of that are answers, and the longest wait counts.
 */
function msUntilPoints(rejection: unknown): number | undefined {
  const members = isObjectOrList(rejection) && !("msBeforeNext" in rejection) ? Object.values(rejection) : [rejection];
  if (members.length === 0 || !members.every(isUsedUp)) return undefined;
  return Math.max(...members.map(wait));
}

function isUsedUp(rejection: unknown): rejection is LimiterAnswer {
  return isObjectOrList(rejection) && "msBeforeNext" in rejection;
}

function wait({ msBeforeNext: ms }: LimiterAnswer): number {
  if (typeof ms !== "number" || !(ms >= 0)) return UNKNOWN_WAIT;
  return Math.min(Math.max(Math.ceil(ms), 1), LONGEST_WAIT);
}

function isObjectOrList(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
