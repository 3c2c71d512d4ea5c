import { now } from "../support/moment.js";

/** Milliseconds. A clock that is set back by more than this was wrong before, and is believed. */
const LARGEST_STEP_BACK = 600_000;
/** Milliseconds. Lags that differ by less are one: two clocks are never read at once. */
const SAME_LAG = 100;
const MOST_LOOKS = 500;

/** What both clocks said, in milliseconds: of several looks, what the worst case of them needs. */
interface Look {
  /** The system clock, at the latest. */
  wall: number;
  /** How far it was behind the steady one, at the least. */
  lag: number;
}

/**
 * Sees how much the system clock has been set back, or lost, since a token may have been used. A store forgets a used token by
 * real time, so that by the system clock alone the token could be good again.
 */
export class ObservedClock {
  /** Milliseconds. */
  readonly #memory: number;
  #last: Look;
  #lag: number;
  /** One for all looks of about the same lag: none that another one makes needless. */
  #looks: Look[];

  /** @param memory - seconds after which no token can still be good that was used before */
  constructor(memory: number) {
    this.#memory = memory * 1_000;
    // From the start: a clock that is set back before the first token comes must not go unnoticed.
    const { wall, steady } = now();
    this.#lag = steady - wall;
    this.#last = { wall, lag: this.#lag };
    this.#looks = [this.#last];
  }

  /** Seconds since 1970, by the system clock. */
  now(): number {
    const { wall, steady } = now();
    this.#note(wall, steady - wall);
    return wall / 1_000;
  }

  /**
   * The time by which a token must be judged that may have been used at any moment since then: what the system clock would say
   * now if it had lost nothing.
   *
   * @param from - seconds since 1970
   */
  nowSince(from: number): number {
    const lags = this.#looks.filter(({ wall }) => wall >= from * 1_000).map(({ lag }) => lag);
    const { wall, steady } = now();
    const lag = steady - wall;
    return (wall + lag - Math.min(lag, ...lags)) / 1_000;
  }

  #note(wall: number, lag: number): void {
    const back = lag - this.#lag;
    if (back > LARGEST_STEP_BACK) this.#looks = [];
    // Another process may have seen the clock as it was until just now.
    else this.#last.wall = Math.max(this.#last.wall, wall + back);
    this.#lag = lag;
    const look = this.#lookLike(lag) ?? { wall, lag };
    look.wall = Math.max(look.wall, wall);
    look.lag = Math.min(look.lag, lag);
    const others = this.#looks.filter(
      (one) => one !== look && (one.wall > look.wall || one.lag < look.lag) && wall - one.wall < this.#memory,
    );
    this.#last = look;
    this.#looks = [...others, look];
    if (this.#looks.length > MOST_LOOKS) this.#mergeClosest();
  }

  #lookLike(lag: number): Look | undefined {
    return this.#looks.find((one) => Math.abs(one.lag - lag) < SAME_LAG);
  }

  #mergeClosest(): void {
    const looks = this.#looks.filter((look) => look !== this.#last).sort((one, other) => one.lag - other.lag);
    const gaps = looks.map(({ lag }, index) => lag - (looks[index - 1]?.lag ?? -Infinity));
    const [one, other] = looks.splice(gaps.indexOf(Math.min(...gaps)) - 1, 2) as [Look, Look];
    this.#looks = [...looks, { wall: Math.max(one.wall, other.wall), lag: one.lag }, this.#last];
  }
}
