import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import fc from "fast-check";

import { ObservedClock } from "../../lib/login/observed-clock.js";

const START = 1_800_000_000;
/** Seconds. */
const MEMORY = 8 * 86_400;

let wall: number;
let steady: number;
beforeEach(() => {
  wall = START;
  steady = 1_000;
  jest.spyOn(Date, "now").mockImplementation(() => wall * 1_000);
  jest.spyOn(performance, "now").mockImplementation(() => steady * 1_000);
});
afterEach(() => {
  jest.restoreAllMocks();
});

function pass(seconds: number): void {
  wall += seconds;
  steady += seconds;
}

/** The same by all that was ever seen. */
class Model {
  #lag = steady - wall;
  #looks = [{ wall, lag: this.#lag }];

  now(): void {
    const lag = steady - wall;
    const back = lag - this.#lag;
    if (back > 600) this.#looks = [];
    else this.#looks.push({ wall: wall + back, lag: this.#lag });
    this.#looks.push({ wall, lag });
    this.#looks = this.#looks.filter((look) => wall - look.wall <= MEMORY);
    this.#lag = lag;
  }

  nowSince(from: number): number {
    return steady - Math.min(steady - wall, ...this.#looks.filter((look) => look.wall >= from).map(({ lag }) => lag));
  }
}

describe("an observed clock", () => {
  const move = fc.record({
    passes: fc.oneof(fc.double({ min: 0, max: 10, noNaN: true }), fc.integer({ min: 0, max: 3 * 86_400 })),
    isSet: fc.oneof(
      fc.constant(0),
      fc.double({ min: -2, max: 2, noNaN: true }),
      // At ten minutes to the second, rounding decides.
      fc.integer({ min: -700, max: 700 }).filter((seconds) => seconds !== -600),
      fc.constantFrom(-599, -601, -86_400, 86_400),
    ),
    from: fc.oneof(fc.integer({ min: -1_000, max: 1_000 }), fc.integer({ min: -9 * 86_400, max: 0 })),
  });

  test("judges, give or take a second, by what all that it ever saw says", () => {
    fc.assert(
      fc.property(fc.array(move, { minLength: 1, maxLength: 60 }), (moves) => {
        [wall, steady] = [START, 1_000];
        const [clock, model] = [new ObservedClock(MEMORY), new Model()];
        for (const { passes, isSet, from } of moves) {
          pass(passes);
          wall += isSet;
          expect(clock.now()).toBeCloseTo(wall, 3);
          model.now();
          expect(Math.abs(clock.nowSince(wall + from) - model.nowSince(wall + from))).toBeLessThanOrEqual(1.001);
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["set back by ten minutes, is not believed of what was before", -600, 600],
    ["set back by more, is believed", -601, 0],
    ["set forward, is believed", 600, 0],
  ])("that was %s", (_, isSet, lost) => {
    const clock = new ObservedClock(MEMORY);
    wall += isSet;
    clock.now();
    expect(clock.nowSince(START) - wall).toBeCloseTo(lost, 3);
  });

  test("counts until the last moment before it was set back, and no longer", () => {
    const clock = new ObservedClock(MEMORY);
    pass(1_000);
    wall -= 100;
    clock.now();
    expect(clock.nowSince(START + 1_000) - wall).toBeCloseTo(100, 3);
    expect(clock.nowSince(START + 1_000.01) - wall).toBe(0);
  });

  test("forgets what it saw longer ago than anything can be good for", () => {
    const clock = new ObservedClock(MEMORY);
    wall -= 100;
    clock.now();
    pass(MEMORY + 100);
    clock.now();
    expect(clock.nowSince(START) - wall).toBeCloseTo(100, 3);
    pass(1);
    clock.now();
    expect(clock.nowSince(START) - wall).toBe(0);
  });
});
