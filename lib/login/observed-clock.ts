import { now } from "../support/moment.js";

/** Milliseconds. A clock that is set back by more than this was wrong before, and is believed. */
const LARGEST_STEP_BACK = 600_000;

/**
 * Sees by how much the system clock was set back, or ran slow, since a token may have been used. A store forgets a used token by
 * real time, so that by the system clock alone the token could be good again: one that expired at 12:05 and was used at 12:00 is
 * forgotten after 12:06; if the clock was set back by ten minutes at 12:01, it says 11:56 then. `nowSince` 12:00 says 12:06.
 */
export class ObservedClock {
  /** Milliseconds. */
  readonly #memory: number;
  /** How far the system clock was behind the steady one when it was looked at last, in milliseconds. */
  #lag: number;
  /** Of each such lag, in whole seconds, what the system clock said at the latest. */
  readonly #latest = new Map<number, number>();

  /** @param memory - seconds after which no token can still be good that was used before */
  constructor(memory: number) {
    this.#memory = memory * 1_000;
    // From the start: a clock that is set back before the first token comes must not go unnoticed.
    const { wall, steady } = now();
    this.#lag = steady - wall;
  }

  /** Seconds since 1970, by the system clock. */
  now(): number {
    const { wall, steady } = now();
    const lag = steady - wall;
    const back = lag - this.#lag;
    if (back > LARGEST_STEP_BACK) this.#latest.clear();
    // Another process may have seen the clock as it was until just now.
    else this.#see(this.#lag, wall + back);
    this.#lag = lag;
    this.#see(lag, wall);
    for (const [second, latest] of this.#latest) if (wall - latest > this.#memory) this.#latest.delete(second);
    return wall / 1_000;
  }

  /**
   * The time by which a token must be judged that may have been used at any moment since then: what the system clock would say
   * now if it had lost nothing, give or take a second.
   *
   * @param from - seconds since 1970
   */
  nowSince(from: number): number {
    const { wall, steady } = now();
    const lag = wholeSeconds(steady - wall);
    let least = lag;
    for (const [second, latest] of this.#latest) if (latest >= from * 1_000) least = Math.min(least, second);
    return least < lag ? steady / 1_000 - least : wall / 1_000;
  }

  #see(lag: number, wall: number): void {
    const second = wholeSeconds(lag);
    this.#latest.set(second, Math.max(wall, this.#latest.get(second) ?? wall));
  }
}

function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}
