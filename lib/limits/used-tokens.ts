import type { Logger } from "../support/logger.js";
import { begin, LimiterCall } from "./limiter-call.js";

type Awaitable<T> = T | Promise<T>;

/**
 * Remembers used tokens. {@link redisUsedTokens} makes one over Redis. If a store rejects, throws, or does not answer within 2
 * seconds, the login is 503.
 */
export interface UsedTokenStore {
  /**
   * Remembers a key for some seconds, unless it is remembered already.
   *
   * @remarks
   * Must be atomic: of several calls with one key, from any process, only one may return true.
   *
   * @param key - 64 hexadecimal digits
   * @param seconds - how long the key must be remembered at least, in whole seconds
   * @returns true for the first call with this key; false for every other one until the time is over
   */
  claim(key: string, seconds: number): boolean | Promise<boolean>;
  /** Forgets a key, if it is there. */
  release(key: string): Awaitable<void> | Promise<unknown>;
}

/** Calls a store with a deadline. If it cannot claim in time, the login is 503; if it cannot release, that is logged. */
export class UsedTokens {
  readonly #store: UsedTokenStore;
  readonly #call: LimiterCall;

  constructor(store: UsedTokenStore, logger: Logger) {
    this.#store = store;
    this.#call = new LimiterCall("the store usedTokens", logger);
  }

  /**
   * Claims a key. False: it was claimed before.
   *
   * @throws Refusal `limiter_unavailable`; `rate_limited` if the store rejects as a limiter does
   */
  async claim(key: string, seconds: number): Promise<boolean> {
    const claiming = begin(() => this.#store.claim(key, seconds)).then(assertBoolean);
    try {
      return await this.#call.answer(claiming);
    } catch (error) {
      // It may succeed yet, for a login that has had its answer.
      claiming.then(
        (first) => (first ? this.release(key) : undefined),
        () => undefined,
      );
      throw error;
    }
  }

  /** Never throws: a failure is logged. */
  release(key: string): Promise<void> {
    return this.#call.done(begin(() => this.#store.release(key)));
  }
}

function assertBoolean(first: unknown): boolean {
  if (typeof first === "boolean") return first;
  throw new TypeError("claim must return true or false");
}
