import type { Logger } from "../support/logger.js";
import { LimiterUnavailable, RateLimited } from "./errors.js";
import { Outage } from "./outage.js";
import { msUntilPoints } from "./used-up.js";

/** Milliseconds after which a limiter that has not answered counts as down. */
const DEADLINE = 2_000;

/** Asks one limiter of the host's, so that no login waits long for it, and none gets past it without an answer. */
export class Asked {
  readonly #outage: Outage;

  constructor(what: string, logger: Logger) {
    this.#outage = new Outage(what, logger);
  }

  /**
   * @param asked - what the limiter was asked, by {@link begin}
   * @throws RateLimited
   * @throws LimiterUnavailable
   */
  async answer(asked: Promise<unknown>): Promise<unknown> {
    try {
      const answer = await inTime(asked);
      this.#outage.over();
      return answer;
    } catch (reason) {
      const retryAfterMs = msUntilPoints(reason);
      if (retryAfterMs === undefined) {
        this.#outage.seen(reason);
        throw new LimiterUnavailable("a limiter can't be asked", { cause: reason });
      }
      this.#outage.over();
      throw new RateLimited(retryAfterMs);
    }
  }

  /** For what changes no answer: a limiter that fails is the operator's to know. */
  async done(asked: Promise<unknown>): Promise<void> {
    await this.answer(asked).catch(() => undefined);
  }
}

/** Calls a limiter: one that throws rejects. */
export async function begin(call: () => unknown): Promise<unknown> {
  return await call();
}

async function inTime(asked: Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${String(DEADLINE / 1_000)} s`));
    }, DEADLINE).unref();
  });
  try {
    return await Promise.race([asked, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
