import { setTimeout as sleep } from "node:timers/promises";

import { describe, expect, test } from "@jest/globals";
import type { UsedTokenLimiter } from "matrix-jwt-login";
import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  RLWrapperBlackAndWhite,
  RLWrapperTimeouts,
  type IRateLimiterOptions,
} from "rate-limiter-flexible";

import { core, submission } from "../helpers/core.js";
import { freshToken, limiter, scripted, statuses } from "./helpers.js";

const SINGLE_USE = { singleUse: true };

/** The statuses of three logins with one token, some time apart, so that what ends too early has ended. */
async function thrice(usedTokens: UsedTokenLimiter): Promise<number[]> {
  const login = core(SINGLE_USE, { usedTokens });
  const once = submission({}, { token: freshToken() });
  const first = await statuses(login, [once, once]);
  await sleep(60);
  return [...first, ...(await statuses(login, [once]))];
}

/** Redis, as far as a limiter of rate-limiter-flexible asks it. */
class FakeRedis {
  readonly values = new Map<string, { points: number; until: number }>();
  down = false;

  defineCommand(): void {
    // rlflxIncr is there already.
  }

  rlflxIncr([key = "", points, seconds]: string[]): Promise<number[]> {
    if (this.down) return Promise.reject(new Error("connection lost"));
    const now = Date.now();
    const known = this.values.get(key);
    const entry = known && known.until > now ? known : { points: 0, until: now + Number(seconds) * 1_000 };
    entry.points += Number(points);
    this.values.set(key, entry);
    return Promise.resolve([entry.points, entry.until - now]);
  }

  multi(): unknown {
    const commands: [string, number, number][] = [];
    const chain = {
      set: (key: string, points: number, _ex: string, seconds: number) => {
        commands.push([key, points, seconds]);
        return chain;
      },
      pttl: () => chain,
      exec: () => {
        for (const [key, points, seconds] of commands) this.values.set(key, { points, until: Date.now() + seconds });
        return Promise.resolve([]);
      },
    };
    return chain;
  }

  del(key: string): Promise<number> {
    return Promise.resolve(this.values.delete(key) ? 1 : 0);
  }
}

function redisLimiter(redis: FakeRedis, options: object = {}): RateLimiterRedis {
  return new RateLimiterRedis({ storeClient: redis, points: 5, duration: 60, ...options });
}

/** What an operator may have set with other limits in mind. */
const SETTINGS: readonly Partial<IRateLimiterOptions>[] = [
  { points: 1 },
  { points: 100 },
  { points: 5, duration: 0 },
  { points: 5, duration: 0.02 },
  { points: 5, blockDuration: 0.02 },
  { points: 1, blockDuration: 0.02 },
  { points: 5, execEvenly: true, execEvenlyMinDelayMs: 1 },
  { points: 5, keyPrefix: "" },
];

describe("a token logs in once with", () => {
  test.each(SETTINGS)("a limiter in memory: %j", async (settings) => {
    expect(await thrice(limiter(settings))).toEqual([200, 403, 403]);
  });

  test.each([{}, { duration: 0 }, { blockDuration: 0.02 }, { inMemoryBlockOnConsumed: 5 }])(
    "a limiter in Redis: %j",
    async (settings) => {
      expect(await thrice(redisLimiter(new FakeRedis(), settings))).toEqual([200, 403, 403]);
    },
  );

  test.each(SETTINGS)("a limiter that has a time limit of its own: %j", async (settings) => {
    const usedTokens = new RLWrapperTimeouts({ limiter: limiter(settings), timeoutMs: 1_000 });
    expect(await thrice(usedTokens)).toEqual([200, 403, 403]);
  });

  test.each(SETTINGS)("a limiter with lists: %j", async (settings) => {
    expect(await thrice(new RLWrapperBlackAndWhite({ limiter: limiter(settings) }))).toEqual([200, 403, 403]);
  });
});

describe("a token logs in never, rather than twice, with", () => {
  test.each<[string, UsedTokenLimiter]>([
    ["a limiter without points", limiter({ points: 0 })],
    ["a limiter that owes points", limiter({ points: -1 })],
    [
      "a list of keys that are always let in",
      new RLWrapperBlackAndWhite({ limiter: limiter(), isWhiteListed: () => true }),
    ],
    [
      "a list of keys that are never let in",
      new RLWrapperBlackAndWhite({ limiter: limiter(), isBlackListed: () => true }),
    ],
  ])("%s", async (_, usedTokens) => {
    expect(await thrice(usedTokens)).toEqual([403, 403, 403]);
  });

  test.each<[string, object]>([
    ["not the first", { isFirstInDuration: false }],
    ["first, in another way", { isFirstInDuration: "true" }],
    ["more consumed than was asked for", { consumedPoints: 2 }],
    ["nothing, where its points are not known", {}],
  ])("a limiter that answers: %s", async (_, answer) => {
    const usedTokens = scripted();
    usedTokens.consume.mockResolvedValue(answer);
    expect(await thrice(usedTokens)).toEqual([403, 403, 403]);
  });
});

describe("a limiter by its shape alone", () => {
  test.each<[string, object]>([
    ["says that it was the first", { isFirstInDuration: true }],
    ["says what was consumed", { consumedPoints: 3 }],
    ["says nothing", {}],
    ["gives nothing", undefined as never],
  ])("is believed where it %s, as all its points were taken", async (_, answer) => {
    const usedTokens = { ...scripted(), points: 3 };
    usedTokens.consume.mockResolvedValueOnce(answer);
    usedTokens.consume.mockRejectedValue(new RateLimiterRes(0, 1_000, 6));
    expect(await thrice(usedTokens)).toEqual([200, 403, 403]);
  });
});

describe("a limiter's own settings", () => {
  test("are left as they are", async () => {
    const usedTokens = limiter({ blockDuration: 9, execEvenly: true });
    await thrice(usedTokens);
    expect({ blockDuration: usedTokens.blockDuration, execEvenly: usedTokens.execEvenly }).toEqual({
      blockDuration: 9,
      execEvenly: true,
    });
    await expect(usedTokens.consume("other", 99)).rejects.toMatchObject({ msBeforeNext: 9_000 });
  });

  test("let no insurance in where the store is down", async () => {
    const redis = new FakeRedis();
    const insuranceLimiter = new RateLimiterMemory({ points: 5, duration: 60 });
    const login = core(SINGLE_USE, { usedTokens: redisLimiter(redis, { insuranceLimiter }) });
    const once = submission();
    expect(await statuses(login, [once])).toEqual([200]);
    redis.down = true;
    expect(await statuses(login, [once, submission({ jti: "another" })])).toEqual([503, 503]);
    redis.down = false;
    expect(await statuses(login, [once, submission({ jti: "another" })])).toEqual([403, 200]);
  });

  test("keep no process from a token that another one gave back", async () => {
    const redis = new FakeRedis();
    const settings = { inMemoryBlockOnConsumed: 5, inMemoryBlockDuration: 60 };
    const here = core(SINGLE_USE, { usedTokens: redisLimiter(redis, settings) });
    const once = submission();
    const issueToken = async () => {
      // Meanwhile the client has tried another one.
      expect(await statuses(here, [once])).toEqual([403]);
      throw new Error("down");
    };
    const there = core(SINGLE_USE, { usedTokens: redisLimiter(redis, settings), issueToken });
    expect(await statuses(there, [once])).toEqual([500]);
    expect(await statuses(here, [once])).toEqual([200]);
  });
});
