import type { Logger } from "../support/logger.js";
import { LimiterUnavailable } from "./errors.js";
import { Outage } from "./outage.js";
import type { TokenUse, UsedTokens } from "./used-tokens.js";

/** Tokens at once: about 20 MB. */
const CAPACITY = 100_000;
/** Seconds: what ends within one is forgotten together. */
const SLICE = 60;

/**
 * Used tokens of this process alone. Forgets them once they have expired, when the next one comes and without a timer; and
 * none before, so that it refuses when it is full.
 */
export class MemoryUsedTokens implements UsedTokens {
  /** By the slice of time in which they expire. */
  readonly #slices = new Map<number, Set<string>>();
  readonly #capacity: number;
  readonly #outage: Outage;
  #size = 0;
  #cleanedIn = 0;

  constructor(logger: Logger, capacity = CAPACITY) {
    this.#capacity = capacity;
    this.#outage = new Outage("the store of used tokens, which is full,", logger);
  }

  claim({ key, until }: TokenUse): boolean {
    this.#forgetExpired();
    const slice = sliceOf(until);
    const keys = this.#slices.get(slice) ?? new Set();
    if (keys.has(key)) return false;
    if (this.#size >= this.#capacity) {
      const cause = new Error(`it holds ${String(this.#size)} tokens; give a limiter as usedTokens`);
      this.#outage.seen(cause);
      throw new LimiterUnavailable("the store of used tokens is full", { cause });
    }
    this.#outage.over();
    this.#slices.set(slice, keys.add(key));
    this.#size += 1;
    return true;
  }

  giveBack({ key, until }: TokenUse): void {
    if (this.#slices.get(sliceOf(until))?.delete(key) === true) this.#size -= 1;
  }

  #forgetExpired(): void {
    const now = sliceOf(Date.now() / 1_000);
    if (now === this.#cleanedIn) return;
    this.#cleanedIn = now;
    for (const [slice, keys] of this.#slices) {
      if (slice >= now) continue;
      this.#slices.delete(slice);
      this.#size -= keys.size;
    }
  }
}

function sliceOf(seconds: number): number {
  return Math.floor(seconds / SLICE);
}
