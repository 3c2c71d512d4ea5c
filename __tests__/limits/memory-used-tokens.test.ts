import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { LimiterUnavailable } from "../../lib/limits/errors.js";
import { MemoryUsedTokens } from "../../lib/limits/memory-used-tokens.js";
import { core, recordingLogger, submission } from "../helpers/core.js";
import { movableClock, type Clock } from "../helpers/clock.js";
import { inSeconds } from "../helpers/tokens.js";
import { statuses } from "./helpers.js";

let clock: Clock;
beforeEach(() => {
  clock = movableClock();
});
afterEach(() => {
  clock.restore();
});

test("a token stays used for as long as it is accepted", async () => {
  const once = submission({ exp: inSeconds(300) });
  const login = core({ singleUse: true, clockTolerance: 600 });
  expect(await statuses(login, [once])).toEqual([200]);
  for (let seconds = 0; seconds < 895; seconds += 30) {
    clock.move(30);
    expect(await statuses(login, [once])).toEqual([403]);
  }
});

describe("a store of used tokens in memory", () => {
  const uses = (count: number, until: number) =>
    Array.from({ length: count }, (_, i) => ({ key: `used:${String(i)} ${String(until)}`, until }));

  test("that is full refuses, and forgets nothing", () => {
    const logger = recordingLogger();
    const store = new MemoryUsedTokens(logger, 3);
    const [one, two, three, four] = uses(4, inSeconds(300)) as [never, never, never, never];
    expect([one, two, three].map((use) => store.claim(use))).toEqual([true, true, true]);
    expect(() => store.claim(four)).toThrow(LimiterUnavailable);
    expect(() => store.claim(four)).toThrow("full");
    expect([one, two, three].map((use) => store.claim(use))).toEqual([false, false, false]);
    expect(logger.lines).toMatchObject([{ level: "error", message: { message: expect.stringContaining("full") } }]);

    store.giveBack(two);
    expect(store.claim(four)).toBe(true);
    expect(logger.lines).toHaveLength(2);
    expect(() => store.claim(two)).toThrow(LimiterUnavailable);
  });

  test("has room again once tokens have expired", () => {
    const store = new MemoryUsedTokens(recordingLogger(), 10);
    for (const use of uses(5, inSeconds(100))) store.claim(use);
    for (const use of uses(5, inSeconds(1_000))) store.claim(use);
    const more = uses(5, inSeconds(2_000));
    expect(() => more.map((use) => store.claim(use))).toThrow("full");
    clock.move(99);
    expect(() => more.map((use) => store.claim(use))).toThrow("full");
    clock.move(62);
    expect(more.map((use) => store.claim(use))).toEqual(Array(5).fill(true));
    expect(() => uses(1, inSeconds(3_000)).map((use) => store.claim(use))).toThrow("full");
  });

  test("counts right what is given back twice, or was never claimed", () => {
    const store = new MemoryUsedTokens(recordingLogger(), 1);
    const [one, two] = uses(2, inSeconds(300)) as [never, never];
    store.giveBack(one);
    store.claim(one);
    store.giveBack(one);
    store.giveBack(one);
    expect(store.claim(two)).toBe(true);
    expect(() => store.claim(one)).toThrow("full");
  });

  test("keeps up with logins: a hundred thousand, with a week of expiries", () => {
    // The movable clock keeps every look at it.
    clock.restore();
    const store = new MemoryUsedTokens(recordingLogger());
    const now = inSeconds(0);
    const before = process.cpuUsage();
    for (let i = 0; i < 100_000; i += 1)
      store.claim({ key: `used:${String(i)}`, until: now + 60 + ((i * 6) % 604_800) });
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(2);
    expect(() => store.claim({ key: "used:one more", until: inSeconds(60) })).toThrow("full");
  });
});
