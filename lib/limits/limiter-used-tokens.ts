import type { Logger } from "../support/logger.js";
import { Asked, begin } from "./asked.js";
import { RateLimited } from "./errors.js";
import type { UsedTokenLimiter } from "./limiter.js";
import { asStore } from "./limiter-store.js";
import type { LimiterAnswer } from "./used-up.js";
import type { TokenUse, UsedTokens } from "./used-tokens.js";

/** Used tokens in a limiter's store, shared by all that use it. */
export class LimiterUsedTokens implements UsedTokens {
  readonly #limiter: UsedTokenLimiter & { readonly points?: unknown };
  readonly #asked: Asked;

  constructor(limiter: UsedTokenLimiter, logger: Logger) {
    this.#limiter = asStore(limiter);
    this.#asked = new Asked("the limiter usedTokens", logger);
  }

  async claim({ key, until }: TokenUse): Promise<boolean> {
    const { points } = this.#limiter;
    const all = typeof points === "number" && points >= 1 ? points : undefined;
    const customDuration = Math.max(1, Math.ceil(until - Date.now() / 1_000));
    try {
      const answer = await this.#asked.answer(begin(() => this.#limiter.consume(key, all ?? 1, { customDuration })));
      return isFirst(Object(answer) as LimiterAnswer, all);
    } catch (error) {
      if (error instanceof RateLimited) return false;
      throw error;
    }
  }

  giveBack({ key }: TokenUse): Promise<void> {
    return this.#asked.done(begin(() => this.#limiter.delete(key)));
  }
}

/**
 * A limiter that lets several in, or some always in, says so in its answer. One that says nothing is believed only where
 * all its points were taken.
 *
 * @param all - the limiter's points, where they are known
 */
function isFirst({ isFirstInDuration, consumedPoints }: LimiterAnswer, all: number | undefined): boolean {
  if (isFirstInDuration !== undefined) return isFirstInDuration === true;
  return consumedPoints === undefined ? all !== undefined : consumedPoints === (all ?? 1);
}
