import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";

import { MemoryUsedTokens } from "../../lib/limits/memory-used-tokens.js";
import { movableClock, type Clock } from "../helpers/clock.js";
import { core, recordingLogger, submission } from "../helpers/core.js";
import { inSeconds } from "../helpers/tokens.js";
import { freshToken, statuses } from "./helpers.js";

describe("used tokens in memory", () => {
  let clock: Clock;
  beforeEach(() => {
    clock = movableClock();
  });
  afterEach(() => {
    clock.restore();
  });

  test("stay used for as long as they are accepted", async () => {
    const once = submission({ exp: inSeconds(300) });
    const login = core({ singleUse: true, clockTolerance: 600 });
    expect(await statuses(login, [once])).toEqual([200]);
    for (let seconds = 0; seconds < 895; seconds += 30) {
      clock.move(30);
      expect(await statuses(login, [once])).toEqual([403]);
    }
  });
});

describe("the memory of used tokens", () => {
  let now: number;
  beforeEach(() => {
    now = 1_000;
    jest.spyOn(performance, "now").mockImplementation(() => now);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const claims = (store: MemoryUsedTokens, prefix: string, count: number, seconds: number) =>
    Array.from({ length: count }, (_, i) => store.claim(`${prefix}${String(i)}`, seconds));

  test("that is full refuses, and forgets nothing", () => {
    const store = new MemoryUsedTokens(3);
    expect(claims(store, "one", 3, 300)).toEqual([true, true, true]);
    expect(() => store.claim("another", 300)).toThrow("full, with 3 tokens");
    expect(claims(store, "one", 3, 300)).toEqual([false, false, false]);
    store.release("one1");
    expect(store.claim("another", 300)).toBe(true);
    expect(() => store.claim("one1", 300)).toThrow("full");
  });

  test("has room again when the time of tokens is over", () => {
    const store = new MemoryUsedTokens(10);
    claims(store, "short", 5, 100);
    claims(store, "long", 5, 1_000);
    expect(() => claims(store, "more", 1, 1)).toThrow("full");
    now += 99_999;
    expect(() => claims(store, "more", 1, 1)).toThrow("full");
    now += 1_000;
    expect(claims(store, "more", 5, 1_000)).toEqual(Array(5).fill(true));
    expect(() => claims(store, "yet more", 1, 1)).toThrow("full");
  });

  test("takes a token again when its time is over, and not before", () => {
    const store = new MemoryUsedTokens();
    expect(store.claim("one", 100)).toBe(true);
    now += 99_999;
    expect(store.claim("one", 100)).toBe(false);
    now += 1;
    expect(store.claim("one", 100)).toBe(true);
  });

  test("counts right what is released twice, or was never claimed", () => {
    const store = new MemoryUsedTokens(1);
    store.release("one");
    store.claim("one", 300);
    store.release("one");
    store.release("one");
    expect(store.claim("two", 300)).toBe(true);
    expect(() => store.claim("one", 300)).toThrow("full");
  });

  test("keeps up with logins: a hundred thousand, with a week of expiries", () => {
    const store = new MemoryUsedTokens();
    const before = process.cpuUsage();
    for (let i = 0; i < 100_000; i += 1) {
      now += 10;
      store.claim(String(i), 3_600 + ((i * 6) % 604_800));
    }
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(4);
    expect(() => store.claim("one more", 60)).toThrow("full");
  });
});

test("a login whose token can't be remembered is 503, and the logger says why", async () => {
  const logger = recordingLogger();
  const claim = jest.spyOn(MemoryUsedTokens.prototype, "claim").mockImplementation(() => {
    throw new Error("the memory of used tokens is full");
  });
  const sent = submission({}, { token: freshToken() });
  expect(await statuses(core({ singleUse: true }, { logger }), [sent])).toEqual([503]);
  expect(logger.lines).toMatchObject([
    { level: "error", message: { cause: { message: expect.stringContaining("full") } } },
  ]);
  claim.mockRestore();
});
