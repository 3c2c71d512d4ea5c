import type { UsedTokenStore } from "./used-tokens.js";

/** Tokens at once: about 15 MB. */
const CAPACITY = 100_000;
/** Milliseconds between two looks for what may be forgotten; shorter if there is no room left. */
const SWEEP_INTERVAL = 60_000;
const SWEEP_INTERVAL_IF_FULL = 1_000;

/**
 * Used tokens of one login in one process. `claim` sweeps out those whose time is over, once a minute at most, or once a second while the
 * store is full: there is no timer. A full store refuses, and forgets none early. It goes by the monotonic clock, so that setting the
 * system clock changes nothing.
 */
export class MemoryUsedTokens implements UsedTokenStore {
  /** Until when they are remembered, in milliseconds of `performance.now()`. */
  readonly #until = new Map<string, number>();
  readonly #capacity: number;
  #sweptAt = performance.now();

  constructor(capacity = CAPACITY) {
    this.#capacity = capacity;
  }

  claim(key: string, seconds: number): boolean {
    const now = performance.now();
    if (now - this.#sweptAt >= (this.#isFull() ? SWEEP_INTERVAL_IF_FULL : SWEEP_INTERVAL)) this.#sweep(now);
    if ((this.#until.get(key) ?? -Infinity) > now) return false;
    if (this.#isFull()) {
      throw new Error(`the memory of used tokens is full, with ${String(this.#until.size)} tokens; set usedTokens`);
    }
    this.#until.set(key, now + seconds * 1_000);
    return true;
  }

  release(key: string): void {
    this.#until.delete(key);
  }

  #isFull(): boolean {
    return this.#until.size >= this.#capacity;
  }

  #sweep(now: number): void {
    this.#sweptAt = now;
    for (const [key, until] of this.#until) if (until <= now) this.#until.delete(key);
  }
}
