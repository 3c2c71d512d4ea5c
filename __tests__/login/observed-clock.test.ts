import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import fc from "fast-check";

import { ObservedClock } from "../../lib/login/observed-clock.js";

/** Milliseconds, all of them whole: rounding would decide what ten minutes are. */
const START = 1_800_000_000_000;
const SECOND = 1_000;
const DAY = 86_400 * SECOND;
const MEMORY = 8 * DAY;

let wall: number;
let steady: number;
function begin(): void {
  [wall, steady] = [START, 1_000 * SECOND];
}
beforeEach(() => {
  begin();
  jest.spyOn(Date, "now").mockImplementation(() => wall);
  jest.spyOn(performance, "now").mockImplementation(() => steady);
});
afterEach(() => {
  jest.restoreAllMocks();
});

function pass(time: number): void {
  wall += time;
  steady += time;
}

const observed = () => new ObservedClock(MEMORY / SECOND);

/** How far ahead of the system clock it judges what may have been used since then. */
function ahead(clock: ObservedClock, from: number): number {
  return Math.round(clock.nowSince(from / SECOND) * SECOND) - wall;
}

/** The same by all that was ever seen. */
class Model {
  #lag = steady - wall;
  #looks = [{ wall, lag: this.#lag }];

  now(): void {
    const lag = steady - wall;
    const back = lag - this.#lag;
    if (back > 600 * SECOND) this.#looks = [];
    else this.#looks.push({ wall: wall + back, lag: this.#lag });
    this.#looks.push({ wall, lag });
    this.#looks = this.#looks.filter((look) => wall - look.wall <= MEMORY);
    this.#lag = lag;
  }

  ahead(from: number): number {
    const lag = steady - wall;
    return lag - Math.min(lag, ...this.#looks.filter((look) => look.wall >= from).map((look) => look.lag));
  }
}

describe("an observed clock", () => {
  const move = fc.record({
    passes: fc.oneof(fc.integer({ min: 0, max: 10 * SECOND }), fc.integer({ min: 0, max: 3 * DAY })),
    isSet: fc.oneof(
      fc.constant(0),
      fc.integer({ min: -2 * SECOND, max: 2 * SECOND }),
      fc.integer({ min: -700 * SECOND, max: 700 * SECOND }),
      fc.constantFrom(-600 * SECOND, -600 * SECOND - 1, -DAY, DAY),
    ),
    from: fc.oneof(fc.integer({ min: -1_000 * SECOND, max: 1_000 * SECOND }), fc.integer({ min: -9 * DAY, max: 0 })),
  });

  test("judges, give or take a second, by what all that it ever saw says", () => {
    fc.assert(
      fc.property(fc.array(move, { minLength: 1, maxLength: 60 }), (moves) => {
        begin();
        const [clock, model] = [observed(), new Model()];
        for (const { passes, isSet, from } of moves) {
          pass(passes);
          wall += isSet;
          expect(clock.now()).toBe(wall / SECOND);
          model.now();
          expect(Math.abs(ahead(clock, wall + from) - model.ahead(wall + from))).toBeLessThanOrEqual(SECOND);
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["set back by ten minutes, is not believed of what was before", -600 * SECOND, 600 * SECOND],
    ["set back by more, is believed", -600 * SECOND - 1, 0],
    ["set forward, is believed", 600 * SECOND, 0],
  ])("that was %s", (_, isSet, lost) => {
    const clock = observed();
    wall += isSet;
    clock.now();
    expect(ahead(clock, START)).toBe(lost);
  });

  test("counts until the last moment before it was set back, and no longer", () => {
    const clock = observed();
    pass(1_000 * SECOND);
    wall -= 100 * SECOND;
    clock.now();
    expect(ahead(clock, START + 1_000 * SECOND)).toBe(100 * SECOND);
    expect(ahead(clock, START + 1_000 * SECOND + 1)).toBe(0);
  });

  test("forgets what it saw longer ago than anything can be good for", () => {
    const clock = observed();
    wall -= 100 * SECOND;
    clock.now();
    pass(MEMORY + 100 * SECOND);
    clock.now();
    expect(ahead(clock, START)).toBe(100 * SECOND);
    pass(1);
    clock.now();
    expect(ahead(clock, START)).toBe(0);
  });
});
