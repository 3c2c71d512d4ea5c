import { setImmediate, setTimeout as sleep } from "node:timers/promises";

import { heldOpen } from "../support/held-open.js";
import { type Moment, now, since } from "../support/moment.js";
import { KeysUnavailableError, outageText } from "./errors.js";
import type { KeyWatcher } from "./watchers.js";

const NEVER: Moment = { wall: -Infinity, steady: -Infinity };
/** How many may wait for one fetch, so that a flood of unknown keys fills no memory. */
const MAX_WAITING = 1_000;

export interface RefreshSettings {
  /** All in seconds. */
  readonly cacheMaxAge: number;
  readonly staleIfError: number;
  readonly cooldown: number;
  readonly timeout: number;
}

/**
 * Fetches once.
 *
 * @param asking - to be called with the URL right before it is asked: whoever came earlier is answered by this fetch
 */
export type FetchOnce<T> = (asking: (url: string) => void, before: T | undefined) => Promise<T>;

/**
 * Something fetched and kept: one snapshot, one fetch at a time, and no two closer together than `cooldown`. It is keys, or what
 * says where keys are: its errors speak of keys.
 *
 * What is known never waits for what is being fetched, but for one case: a snapshot that nobody asked for in a long
 * time may hold keys that were withdrawn meanwhile, so it waits for its refresh.
 */
export class Refreshed<T> {
  readonly #fetch: FetchOnce<T>;
  readonly #settings: RefreshSettings;
  readonly #watcher: KeyWatcher;
  readonly #name: string;
  readonly #foundBy: string | undefined;
  #value: T | undefined;
  #fetchedAt = NEVER;
  #endedAt = NEVER;
  #failedAt = NEVER;
  #failing = false;
  #underWay = false;
  /** The fetch under way began before the snapshot was too old to be used meanwhile. */
  #startedInTime = false;
  #next: Promise<T> | undefined;
  #waiting = 0;
  /** Questions so far, and how many of them the last fetch came after. */
  #questions = 0;
  #answered = 0;

  /**
   * @param name - what is fetched, for the operator
   * @param foundBy - the URL of what says where it is, if something does
   */
  constructor(name: string, fetch: FetchOnce<T>, settings: RefreshSettings, watcher: KeyWatcher, foundBy?: string) {
    this.#name = name;
    this.#foundBy = foundBy;
    this.#fetch = fetch;
    this.#settings = settings;
    this.#watcher = watcher;
  }

  /** Did the last fetch fail? */
  get isFailing(): boolean {
    return this.#failing;
  }

  /** The next fetch is not allowed yet. */
  get isCoolingDown(): boolean {
    return !this.#underWay && this.#pause() > 0;
  }

  /** What may be used without waiting. Starts its refresh in the background when that is due. */
  current(): T | undefined {
    if (this.#value === undefined) return undefined;
    const age = secondsSince(this.#fetchedAt);
    if (age <= this.#settings.cacheMaxAge) return this.#value;
    const usable = this.#servesWhileRefreshed(age) ? this.#value : undefined;
    this.#soon().catch(() => undefined);
    return usable;
  }

  /** Fetches again as soon as that is allowed, if the last fetch failed: so that the end of an outage is seen. */
  retry(): void {
    if (this.#failing) this.#soon().catch(() => undefined);
  }

  /** What is left to use when the refresh has failed. */
  fallback(): T | undefined {
    const usable = this.#failing && secondsSince(this.#fetchedAt) <= this.#settings.staleIfError;
    return usable ? this.#value : undefined;
  }

  /** Settles when there is something to use. Takes no place from those who wait for {@link next}. */
  async ready(): Promise<void> {
    if (this.current() === undefined) await heldOpen(this.#soon());
  }

  /**
   * What the fetch under way brings, if it suits; else what the first fetch that starts after this call brings.
   *
   * Rejects with {@link KeysUnavailableError}.
   */
  next(suits: (value: T) => boolean | Promise<boolean>): Promise<T> {
    this.#questions += 1;
    const question = this.#questions;
    return this.#waited(async () => {
      const value = await this.#soon().catch((error: unknown) => {
        if (this.#answered >= question || this.fallback() === undefined) throw error;
        return undefined;
      });
      if (value !== undefined && (this.#answered >= question || (await suits(value)))) return value;
      return this.#soon();
    });
  }

  /** What the fetch under way brings, or the next one allowed, or what is left to use if that fails. */
  async latest(): Promise<T> {
    try {
      return await this.#waited(() => this.#soon());
    } catch (error) {
      const value = this.fallback();
      if (value === undefined) throw error;
      return value;
    }
  }

  async #waited(fetch: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MAX_WAITING) throw this.#unavailable("too many tokens wait for keys already");
    this.#waiting += 1;
    try {
      return await fetch();
    } finally {
      this.#waiting -= 1;
    }
  }

  #servesWhileRefreshed(age: number): boolean {
    const { cacheMaxAge, staleIfError, cooldown, timeout } = this.#settings;
    if (this.#failing && age > staleIfError) return false;
    if (age <= 2 * cacheMaxAge) return true;
    // An attempt that fails takes up to `timeout`, and the next one waits for `cooldown` first.
    const failedLately = this.#failing && secondsSince(this.#failedAt) <= Math.max(cacheMaxAge, cooldown + timeout);
    return failedLately || (this.#underWay && this.#startedInTime);
  }

  #soon(): Promise<T> {
    this.#next ??= this.#afterCooldown().finally(() => {
      this.#next = undefined;
    });
    return this.#next;
  }

  async #afterCooldown(): Promise<T> {
    const pause = this.#pause();
    if (pause > 0) await sleep(pause * 1_000, undefined, { ref: false });
    return this.#fetchNow();
  }

  /** Seconds. */
  #pause(): number {
    return this.#settings.cooldown - secondsSince(this.#endedAt);
  }

  async #fetchNow(): Promise<T> {
    this.#underWay = true;
    const startedAt = now();
    this.#startedInTime = secondsSince(this.#fetchedAt) <= 2 * this.#settings.cacheMaxAge;
    let asked = this.#foundBy;
    try {
      // Whoever asks in the same turn is answered by this fetch.
      await setImmediate();
      const value = await this.#fetch((url) => {
        asked = url;
        this.#answered = this.#questions;
      }, this.#value);
      if (this.#failing) this.#watcher.recovered(this);
      this.#failing = false;
      this.#value = value;
      // What was fetched is as old as the question.
      this.#fetchedAt = startedAt;
      return value;
    } catch (cause) {
      this.#failing = true;
      this.#failedAt = now();
      const error = this.#unavailable("keys could not be fetched", cause, asked);
      this.#watcher.failed(error, this);
      throw error;
    } finally {
      this.#underWay = false;
      this.#endedAt = now();
    }
  }

  #unavailable(message: string, cause?: unknown, asked?: string): KeysUnavailableError {
    const detail =
      cause === undefined ? message : outageText(`cannot fetch ${this.#name}`, cause, asked, this.#meanwhile());
    const retryAfter = Math.max(1, Math.ceil(this.#settings.cooldown));
    return new KeysUnavailableError(message, { cause, retryAfter, detail });
  }

  #meanwhile(): string {
    if (this.fallback() === undefined) return "logins get 503 until this works again";
    const until = new Date(this.#fetchedAt.wall + this.#settings.staleIfError * 1_000);
    return `what was fetched before serves ${Number.isNaN(until.getTime()) ? "on" : `until ${until.toISOString()}`}`;
  }
}

function secondsSince(moment: Moment): number {
  return since(moment) / 1_000;
}
