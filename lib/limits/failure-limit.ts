import type { Logger } from "../support/logger.js";
import { type Moment, now, since } from "../support/moment.js";
import type { Refusal } from "../support/refusal.js";
import type { FailureLimiter } from "./limiter.js";
import { begin, beginConsume, type LimiterAnswer, LimiterCall } from "./limiter-call.js";

/** Milliseconds that a point may need to be given back: near its end, a window keeps what was taken from it. */
const ON_ITS_WAY = 100;
/** The same as a part of the time for which a point counts, where that is its own: it may be shorter than this. */
const PART_ON_ITS_WAY = 0.1;

/** Counts failures alone, though it consumes a point before it is known whether the attempt fails. */
export class FailureLimit {
  readonly #limiter: FailureLimiter & { readonly blockDuration?: unknown };
  readonly #call: LimiterCall;

  constructor(limiter: FailureLimiter, logger: Logger) {
    this.#limiter = limiter;
    this.#call = new LimiterCall("the limiter rateLimits.failures", logger);
  }

  /**
   * Does some work for a point, and gives that back unless the work fails as `counts` says, or the window that the point
   * was taken from has passed: in the next one, it would let another failure in.
   *
   * @throws Refusal `rate_limited` or `limiter_unavailable`
   */
  async around<T>(key: string, work: () => Promise<T>, counts: (error: unknown) => boolean): Promise<T> {
    const point = await this.#consume(key);
    let failed = false;
    try {
      return await work();
    } catch (error) {
      failed = counts(error);
      throw error;
    } finally {
      if (!failed) await this.#giveBack(key, point);
    }
  }

  async #consume(key: string): Promise<Point> {
    const askedAt = now();
    const consuming = beginConsume(() => this.#limiter.consume(key));
    try {
      return new Point(askedAt, await this.#call.answer(consuming));
    } catch (error) {
      // An attempt that was let in nowhere is no failure. The answer may still be under way.
      const undone = consuming
        .then(
          (answer) => this.#giveBack(key, new Point(askedAt, answer)),
          (answer: unknown) => (this.#tookPoint(answer) ? this.#giveBack(key, new Point(askedAt, answer)) : undefined),
        )
        // Of an answer that can't be read there is nothing to give back.
        .catch(() => undefined);
      if ((error as Refusal).reason === "rate_limited") await undone;
      throw error;
    }
  }

  async #giveBack(key: string, point: Point): Promise<void> {
    if (point.isGone()) return;
    await this.#call.done(begin(() => this.#limiter.reward(key)));
  }

  /**
   * Limiters of rate-limiter-flexible count beyond their points, so that some logins too many at once would keep an address
   * out without a failure. Not so if a limiter blocks for a time of its own: if its points were given back, each attempt would
   * restart that time.
   */
  #tookPoint(rejection: unknown): boolean {
    const { consumedPoints } = Object(rejection) as LimiterAnswer;
    const { blockDuration } = this.#limiter;
    const blocks = typeof blockDuration === "number" && blockDuration > 0;
    return typeof consumedPoints === "number" && consumedPoints > 0 && !blocks;
  }
}

/** A point that was consumed, and how long the limiter's window still counts it. */
class Point {
  readonly #askedAt: Moment;
  /** Milliseconds to the end of the limiter's window; Infinity if it names no end. */
  readonly #lasts: number;
  readonly #onItsWay: number;

  /**
   * @param askedAt - when the limiter was called. It answered later, so the window ends at this time and `msBeforeNext`, or later
   * @param answer - what it answered
   */
  constructor(askedAt: Moment, answer: unknown) {
    const { msBeforeNext, isPerPoint } = Object(answer) as LimiterAnswer;
    this.#askedAt = askedAt;
    this.#lasts = typeof msBeforeNext === "number" && msBeforeNext >= 0 ? msBeforeNext : Infinity;
    this.#onItsWay = isPerPoint === true ? Math.min(ON_ITS_WAY, PART_ON_ITS_WAY * this.#lasts) : ON_ITS_WAY;
  }

  /** Whichever clock the limiter goes by. */
  isGone(): boolean {
    return since(this.#askedAt) + this.#onItsWay >= this.#lasts;
  }
}
