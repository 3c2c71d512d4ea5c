import { randomUUID } from "node:crypto";

import { afterAll, afterEach, describe, expect, jest, test } from "@jest/globals";
import fc from "fast-check";
import { Redis } from "ioredis";
import { redisUsedTokens, type JwtLogin, type UsedTokenStore } from "matrix-jwt-login";

import { MemoryUsedTokens } from "../../lib/limits/memory-used-tokens.js";
import { movableClock } from "../helpers/clock.js";
import { core, submission } from "../helpers/core.js";
import { inSeconds } from "../helpers/tokens.js";
import { freshToken } from "./helpers.js";

const { REDIS_URL = "" } = process.env;
const ALICE = "@alice:example.org";
const TOKENS = 2;
const REPLICAS = 3;
const SCHEDULES = 1_000;

/** How a call of the store fails: before it has done anything, after, or without an answer for five seconds. */
type Fault = "before" | "after" | "late";

type Step =
  | {
      readonly does: "log in";
      readonly replica: number;
      readonly token: number;
      readonly slow: number;
      readonly fails: boolean;
    }
  | { readonly does: "ask again"; readonly replica: number; readonly token: number; readonly slow: number }
  | { readonly does: "pass"; readonly seconds: number }
  | { readonly does: "jump"; readonly seconds: -90 | 90 }
  | { readonly does: "fail"; readonly faults: readonly Fault[] };

const replica = fc.nat({ max: REPLICAS - 1 });
const token = fc.nat({ max: TOKENS - 1 });
/** Seconds that a callback takes. */
const slow = fc.constantFrom(0, 0, 1, 3, 40, 130);

function steps(faults: readonly Fault[]): fc.Arbitrary<Step[]> {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ does: fc.constant("log in" as const), replica, token, slow, fails: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ does: fc.constant("ask again" as const), replica, token, slow }) },
    {
      weight: 3,
      arbitrary: fc.record({ does: fc.constant("pass" as const), seconds: fc.constantFrom(0, 1, 4, 35, 95, 160) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ does: fc.constant("jump" as const), seconds: fc.constantFrom(-90 as const, 90 as const) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        does: fc.constant("fail" as const),
        faults: fc.array(fc.constantFrom(...faults), { minLength: 1, maxLength: 3 }),
      }),
    },
  );
  return fc.array(step, { minLength: 2, maxLength: 14 });
}

/** A store whose next calls fail as a test says. */
function faulty(store: UsedTokenStore, faults: Fault[], later: (ms: number) => Promise<void>): UsedTokenStore {
  const through = async <T>(call: () => T | Promise<T>): Promise<T> => {
    const fault = faults.shift();
    if (fault === "before") throw new Error("no store");
    if (fault === "late") await later(5_000);
    const answer = await call();
    if (fault === "after") throw new Error("no answer");
    return answer;
  };
  return {
    claim: (key, seconds) => through(() => store.claim(key, seconds)),
    release: (key) => through(() => store.release(key)),
  };
}

interface World {
  /** One for each replica. */
  readonly stores: readonly UsedTokenStore[];
  /** Seconds pass, for callbacks. */
  readonly takes: (seconds: number) => Promise<void>;
  readonly later: (ms: number) => Promise<void>;
  readonly pass: (seconds: number) => Promise<void>;
  readonly jump: (seconds: number) => void;
}

/** Runs a schedule. Resolves to how often each token was good for something. */
async function run(schedule: readonly Step[], world: World): Promise<readonly number[]> {
  const uses = Array<number>(TOKENS).fill(0);
  const faults: Fault[] = [];
  const callbacks = new Map<number, { readonly slow: number; readonly fails: boolean }>();
  const logins: readonly JwtLogin[] = world.stores.map((store) =>
    core(
      { singleUse: true, clockTolerance: 30, authorize: () => true },
      {
        usedTokens: faulty(store, faults, world.later),
        logger: false,
        findUser: async (id, { req }) => {
          await world.takes(callbacks.get(req as number)?.slow ?? 0);
          return { id };
        },
        issueToken: (_user, { req }) => {
          if (callbacks.get(req as number)?.fails === true) throw new Error("down");
          return { accessToken: "an access token" };
        },
      },
    ),
  );
  // Of a minute and of five: some expire on the way.
  const sent = Array.from({ length: TOKENS }, (_, i) =>
    submission({}, { token: freshToken({ exp: inSeconds(60 + i * 240), iat: undefined }) }),
  );
  const running: Promise<void>[] = [];
  for (const [req, step] of schedule.entries()) {
    if (step.does === "pass") await world.pass(step.seconds);
    else if (step.does === "jump") world.jump(step.seconds);
    else if (step.does === "fail") faults.push(...step.faults);
    else {
      const login = logins[step.replica % logins.length] ?? core();
      callbacks.set(req, { slow: step.slow, fails: step.does === "log in" && step.fails });
      const asking: Promise<unknown> =
        step.does === "log in"
          ? login.login(sent[step.token], { req })
          : login.reauthenticate(sent[step.token], ALICE, { req });
      running.push(
        asking.then(
          () => {
            uses[step.token] = (uses[step.token] ?? 0) + 1;
          },
          () => undefined,
        ),
      );
    }
  }
  await world.pass(400);
  await Promise.all(running);
  return uses;
}

describe("no token is good twice, whatever comes when: slow callbacks, a clock that is set, a store that fails", () => {
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  test(`in memory, in ${String(SCHEDULES)} schedules`, async () => {
    jest.useFakeTimers({ doNotFake: ["nextTick", "queueMicrotask", "setImmediate"] });
    const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    let logged = 0;
    await fc.assert(
      fc.asyncProperty(steps(["before", "after", "late"]), async (schedule) => {
        const uses = await run(schedule, {
          stores: [new MemoryUsedTokens()],
          takes: (seconds) => sleep(seconds * 1_000),
          later: sleep,
          pass: (seconds) => jest.advanceTimersByTimeAsync(seconds * 1_000),
          jump: (seconds) => {
            jest.setSystemTime(Date.now() + seconds * 1_000);
          },
        });
        logged += Math.max(...uses);
        expect(Math.max(...uses)).toBeLessThanOrEqual(1);
      }),
      { numRuns: SCHEDULES },
    );
    // Or it would say nothing.
    expect(logged).toBeGreaterThan(SCHEDULES / 10);
  });

  (REDIS_URL === "" ? describe.skip : describe)("in Redis (REDIS_URL)", () => {
    const clients = Array.from({ length: REPLICAS }, () => new Redis(REDIS_URL, { lazyConnect: true }));
    const prefix = `test-${randomUUID()}:`;
    afterAll(async () => {
      const [client] = clients;
      const keys = (await client?.keys(`${prefix}*`)) ?? [];
      if (keys.length > 0) await client?.del(keys);
      for (const one of clients) one.disconnect();
    });

    test(`with three replicas, in ${String(SCHEDULES)} schedules`, async () => {
      const turns = async (count: number) => {
        for (let i = 0; i < count; i += 1) await new Promise(setImmediate);
      };
      let logged = 0;
      await fc.assert(
        fc.asyncProperty(steps(["before", "after"]), async (schedule) => {
          const clock = movableClock();
          try {
            const uses = await run(schedule, {
              stores: clients.map((client) => redisUsedTokens(client, { prefix })),
              takes: async (seconds) => {
                clock.move(seconds);
                await turns(seconds);
              },
              later: () => turns(50),
              pass: async (seconds) => {
                clock.move(seconds);
                await turns(seconds);
              },
              jump: clock.move,
            });
            logged += Math.max(...uses);
            expect(Math.max(...uses)).toBeLessThanOrEqual(1);
          } finally {
            clock.restore();
          }
        }),
        { numRuns: SCHEDULES },
      );
      expect(logged).toBeGreaterThan(SCHEDULES / 10);
    }, 120_000);
  });
});
