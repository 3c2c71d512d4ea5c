import type { Logger } from "../support/logger.js";
import { Asked, begin } from "./asked.js";
import { LimiterUnavailable } from "./errors.js";
import type { FailureLimiter } from "./limiter.js";
import type { LimiterAnswer } from "./used-up.js";

/** Counts failures, and nothing else, though it consumes before it is known whether there is one. */
export class FailureLimit {
  readonly #limiter: FailureLimiter & { readonly blockDuration?: unknown };
  readonly #asked: Asked;

  constructor(limiter: FailureLimiter, logger: Logger) {
    this.#limiter = limiter;
    this.#asked = new Asked("the limiter rateLimits.failures", logger);
  }

  /**
   * Does some work for a point, and gives that back unless the work fails as `counts` says.
   *
   * @throws RateLimited
   * @throws LimiterUnavailable
   */
  async around<T>(key: string, work: () => Promise<T>, counts: (error: unknown) => boolean): Promise<T> {
    await this.#consume(key);
    let failed = false;
    try {
      return await work();
    } catch (error) {
      failed = counts(error);
      throw error;
    } finally {
      if (!failed) await this.#giveBack(key);
    }
  }

  async #consume(key: string): Promise<void> {
    const consuming = begin(() => this.#limiter.consume(key));
    try {
      await this.#asked.answer(consuming);
    } catch (error) {
      // An attempt that was let in nowhere is no failure. The answer may still be under way.
      const undone = consuming.then(
        () => this.#giveBack(key),
        (rejection: unknown) => (this.#tookPoint(rejection) ? this.#giveBack(key) : undefined),
      );
      if (!(error instanceof LimiterUnavailable)) await undone;
      throw error;
    }
  }

  #giveBack(key: string): Promise<void> {
    return this.#asked.done(begin(() => this.#limiter.reward(key)));
  }

  /**
   * Limiters of rate-limiter-flexible count beyond their points, so that some logins too many at once would keep an address
   * out without a failure. Not where a limiter blocks for a time of its own: counted back, each attempt would begin it anew.
   */
  #tookPoint(rejection: unknown): boolean {
    const { consumedPoints } = Object(rejection) as LimiterAnswer;
    const { blockDuration } = this.#limiter;
    const blocks = typeof blockDuration === "number" && blockDuration > 0;
    return typeof consumedPoints === "number" && consumedPoints > 0 && !blocks;
  }
}
