import type { FailureLimiter, UsedTokenStore } from "matrix-jwt-login";

import { LIMIT } from "./settings.js";
import { seconds, sleep } from "./time.js";

/** How a call of a store fails: before it has done anything, after, or without an answer for five seconds. */
export const FAULTS = ["before", "after", "late"] as const;
export type Fault = (typeof FAULTS)[number];

/** What replicas share, as Redis would hold it: it goes by a clock of its own, and its next calls fail as a schedule says. */
class Store {
  readonly #faults: Fault[] = [];

  fail(faults: readonly Fault[]): void {
    this.#faults.push(...faults);
  }

  protected async call<T>(work: () => T): Promise<T> {
    const fault = this.#faults.shift();
    if (fault === "before") throw new Error("not reached");
    if (fault === "late") await sleep(5);
    const answer = work();
    if (fault === "after") throw new Error("no answer");
    return answer;
  }
}

export class UsedTokenTable extends Store implements UsedTokenStore {
  readonly #until = new Map<string, number>();

  claim(key: string, duration: number): Promise<boolean> {
    return this.call(() => {
      if ((this.#until.get(key) ?? 0) > seconds()) return false;
      this.#until.set(key, seconds() + duration);
      return true;
    });
  }

  release(key: string): Promise<void> {
    return this.call(() => {
      this.#until.delete(key);
    });
  }
}

/** A time in which a limiter counts what one address does. */
export interface Window {
  readonly begins: number;
  consumed: number;
  /** Points that were given back so late that another window has them. */
  strayed: number;
}

/** Counts as the limiters of rate-limiter-flexible do: what is given back after a window goes to the next one. */
export class WindowLimiter extends Store implements FailureLimiter {
  readonly #windows = new Map<string, Window>();
  readonly #onConsume: (window: Window) => void;

  constructor(onConsume: (window: Window) => void) {
    super();
    this.#onConsume = onConsume;
  }

  consume(key: string): Promise<unknown> {
    return this.call(() => {
      const window = this.#window(key);
      window.consumed += 1;
      const msBeforeNext = (window.begins + LIMIT.duration - seconds()) * 1_000;
      const answer = { msBeforeNext, consumedPoints: window.consumed };
      // A limiter rejects with an answer.
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      if (window.consumed > LIMIT.points) throw answer;
      this.#onConsume(window);
      return answer;
    });
  }

  reward(key: string): Promise<unknown> {
    const asked = seconds();
    return this.call(() => {
      const window = this.#window(key);
      window.consumed -= 1;
      if (seconds() > asked) window.strayed += 1;
    });
  }

  #window(key: string): Window {
    const known = this.#windows.get(key);
    if (known !== undefined && seconds() < known.begins + LIMIT.duration) return known;
    const window = { begins: seconds(), consumed: 0, strayed: 0 };
    this.#windows.set(key, window);
    return window;
  }
}
