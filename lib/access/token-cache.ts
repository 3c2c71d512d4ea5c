import { hash } from "node:crypto";

import { LRUCache } from "lru-cache";

import { type Moment, now, since } from "../support/moment.js";
import { UnderWay } from "../support/under-way.js";

/** How long what was verified may be used without another look. */
interface Validity {
  /** By `Date.now()`: when the token ends by its own times, leeway included. */
  readonly endsAt: number;
  /** Is the key that verified it still in use? */
  readonly isCurrent: () => boolean | Promise<boolean>;
}

/** What a token was verified to say. */
export interface Verified<T> extends Validity {
  readonly value: T;
}

export interface CacheSettings {
  readonly maxEntries: number;
  /** Seconds. */
  readonly maxAge: number;
}

interface Kept<T> extends Verified<T> {
  readonly keptAt: Moment;
}

/** A refusal of code `inactive`, and when it came. */
interface Inactive {
  readonly error: unknown;
  readonly keptAt: Moment;
}

/** Milliseconds after which a verification that is still under way is begun anew: by default, other servers have less. */
const PATIENCE = 60_000;

/** Milliseconds that an answer `active: false` is kept. */
const INACTIVE_AGE = 5_000;

/**
 * Verified tokens by the SHA-256 of their text, least recently used out first. What fails is never kept, but for answers
 * that a token is not active: these have a place of their own, so that no flood of them evicts a token in use.
 */
export class TokenCache<T> {
  readonly #maxAge: number;
  readonly #isInactive: (error: unknown) => boolean;
  readonly #verified: LRUCache<string, Kept<T>>;
  readonly #inactive: LRUCache<string, Inactive>;
  /** Verifications under way, so that concurrent first uses of a token are one. */
  readonly #underWay = new UnderWay<T>(PATIENCE);

  /** @param isInactive - is an error of a verification the answer that the token is not active? */
  constructor({ maxEntries, maxAge }: CacheSettings, isInactive: (error: unknown) => boolean) {
    this.#maxAge = maxAge * 1_000;
    this.#isInactive = isInactive;
    this.#verified = new LRUCache({ max: maxEntries });
    this.#inactive = new LRUCache({ max: maxEntries });
  }

  /** What is known of a token without verifying it: at once, unless its key is in a file that has to be looked at. */
  find(key: string): T | undefined | Promise<T | undefined> {
    const kept = this.#verified.get(key);
    if (kept === undefined) return undefined;
    const isFresh = since(kept.keptAt) < this.#maxAge && Date.now() < kept.endsAt;
    const isCurrent = isFresh && kept.isCurrent();
    return isCurrent instanceof Promise
      ? isCurrent.then((late) => this.#found(key, kept, late))
      : this.#found(key, kept, isCurrent);
  }

  /** @throws the answer that the token was not active, if it came just now */
  refuseInactive(key: string): void {
    const kept = this.#inactive.get(key);
    if (kept === undefined) return;
    if (since(kept.keptAt) < INACTIVE_AGE) throw kept.error;
    this.#inactive.delete(key);
  }

  /** What a verification that another request has begun will bring. */
  underWay(key: string): Promise<T> | undefined {
    return this.#underWay.get(key);
  }

  /** Verifies a token that is not in the cache. Requests for the same token share one verification. Synchronous if `verify` is. */
  verify(key: string, verify: () => Verified<T> | Promise<Verified<T>>): T | Promise<T> {
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    // What was verified is as old as the question.
    const startedAt = now();
    const verified = verify();
    if (!(verified instanceof Promise)) return this.#keep(key, verified, startedAt);
    return this.#underWay.share(key, () => this.#outcome(key, verified, startedAt));
  }

  #found(key: string, kept: Kept<T>, isCurrent: boolean): T | undefined {
    if (isCurrent) return kept.value;
    // Another request may have verified it again meanwhile.
    if (this.#verified.peek(key) === kept) this.#verified.delete(key);
    return undefined;
  }

  async #outcome(key: string, verification: Promise<Verified<T>>, startedAt: Moment): Promise<T> {
    try {
      return this.#keep(key, await verification, startedAt);
    } catch (error) {
      if (this.#isInactive(error)) this.#inactive.set(key, { error, keptAt: now() });
      throw error;
    }
  }

  #keep(key: string, { value, endsAt, isCurrent }: Verified<T>, keptAt: Moment): T {
    this.#verified.set(key, { value, endsAt, isCurrent, keptAt });
    return value;
  }
}

/** What a token is known by: its text is kept nowhere. */
export function cacheKey(token: string): string {
  return hash("sha256", token, "base64url");
}
