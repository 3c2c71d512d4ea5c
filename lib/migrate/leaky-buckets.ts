import type { FailureLimiter } from "../limits/limiter.js";

/** How a bucket fills and drains. Times are in microseconds, and whole, so that sums of them are exact. */
export interface BucketSettings {
  /** In which one point drains. */
  readonly interval: number;
  /** Points that a bucket holds. */
  readonly burst: number;
}

/** What a bucket resolves with while there is room, and rejects with while there isn't. */
export interface BucketAnswer {
  /** Milliseconds: until a point that was taken drains, at the earliest; or until there is room. */
  readonly msBeforeNext: number;
  /** If there is room: the time is that of a point by itself, and not what is left of a window that all points share. */
  readonly isPerPoint?: true;
}

export function settingsOf({ perSecond, burst }: { perSecond: number; burst: number }): BucketSettings {
  return { interval: Math.max(1, Math.round(1e6 / perSecond)), burst };
}

export function taken({ interval }: BucketSettings): BucketAnswer {
  return { msBeforeNext: interval / 1_000, isPerPoint: true };
}

/** Rejects, as limiters of rate-limiter-flexible do, with what is no error: that would be a store that fails. */
export function full(waitMs: number): Promise<never> {
  const answer: unknown = { msBeforeNext: waitMs } satisfies BucketAnswer;
  return Promise.reject(answer);
}

/** Keys at once: about 15 MB. */
const CAPACITY = 100_000;

/**
 * Leaky buckets in memory, as meters: each key has one, that drains all the time and takes a point only where there is
 * room. Of a bucket no more is kept than when it will be empty (the generic cell rate algorithm of ITU-T I.371).
 *
 * Buckets that are empty are forgotten when others are filled, without a timer. With more keys than it can keep, it
 * forgets those that were longest without a point: whoever has that many keys gains nothing from it.
 */
export class LeakyBuckets implements FailureLimiter {
  readonly #settings: BucketSettings;
  readonly #capacity: number;
  /** When a bucket will be empty, by its key; last filled last. */
  readonly #emptyAt = new Map<string, number>();

  constructor(settings: BucketSettings, capacity = CAPACITY) {
    this.#settings = settings;
    this.#capacity = capacity;
  }

  /** Keys that are kept. */
  get size(): number {
    return this.#emptyAt.size;
  }

  consume(key: string, points = 1): Promise<BucketAnswer> {
    const { interval, burst } = this.#settings;
    const now = Date.now() * 1_000;
    const emptyAt = this.#levelled(key, now) + points * interval;
    const wait = emptyAt - now - burst * interval;
    if (wait > 0) return full(Math.ceil(wait / 1_000));
    this.#keep(key, emptyAt);
    this.#forgetSome(now);
    return Promise.resolve(taken(this.#settings));
  }

  reward(key: string, points = 1): Promise<void> {
    const now = Date.now() * 1_000;
    this.#keep(key, this.#levelled(key, now) - points * this.#settings.interval);
    this.#forgetSome(now);
    return Promise.resolve();
  }

  /** No bucket is less than empty, nor, where the clock was set back, more than full. */
  #levelled(key: string, now: number): number {
    const { interval, burst } = this.#settings;
    return Math.min(Math.max(this.#emptyAt.get(key) ?? now, now), now + burst * interval);
  }

  #keep(key: string, emptyAt: number): void {
    this.#emptyAt.delete(key);
    this.#emptyAt.set(key, emptyAt);
  }

  /** Two at most for the one that may have come: what is kept shrinks, and no login pays for all. */
  #forgetSome(now: number): void {
    let left = 2;
    for (const [key, emptyAt] of this.#emptyAt) {
      if (left === 0 || (emptyAt > now && this.#emptyAt.size <= this.#capacity)) return;
      this.#emptyAt.delete(key);
      left -= 1;
    }
  }
}
