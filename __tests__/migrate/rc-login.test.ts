import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { fromSynapseRcLogin, type SynapseRcLogin } from "matrix-jwt-login";

import { LeakyBuckets } from "../../lib/migrate/leaky-buckets.js";
import { expectOptionsError } from "../helpers/bad-options.js";
import { movableClock, type Clock } from "../helpers/clock.js";
import { core, rejection, submission } from "../helpers/core.js";
import { refusal, statuses } from "../limits/helpers.js";

const NOON = 1_800_000_000;

let clock: Clock;
beforeEach(() => {
  clock = movableClock();
  clock.stopAt(NOON);
});
afterEach(() => {
  jest.restoreAllMocks();
  clock.restore();
});

/** What Synapse's own limiter does: allowed or not, and the milliseconds until the next one would be. */
class SynapsesLimiter {
  #count = 0;
  #start = 0;

  constructor(
    readonly perSecond: number,
    readonly burst: number,
  ) {}

  canDo(now: number): number {
    if (this.#count - (now - this.#start) * this.perSecond < 0) {
      this.#count = 0;
      this.#start = now;
    }
    if (this.#count - (now - this.#start) * this.perSecond > this.burst - 1) {
      return (this.#start + (this.#count - this.burst + 1) / this.perSecond - now) * 1_000;
    }
    this.#count += 1;
    return 0;
  }
}

async function waitOf(consuming: PromiseLike<unknown>): Promise<number> {
  return Promise.resolve(consuming).then(
    () => 0,
    (answer: unknown) => (answer as { msBeforeNext: number }).msBeforeNext,
  );
}

describe.each(["address", "account"] as const)("Synapse's limit by %s", (name) => {
  test("by default lets five logins through at once, and the next after 333 seconds", async () => {
    const limit = fromSynapseRcLogin({})[name];
    const at = async () => waitOf(limit.consume("key"));
    expect([await at(), await at(), await at(), await at(), await at()]).toEqual([0, 0, 0, 0, 0]);
    expect(await at()).toBe(333_334);
    clock.move(333);
    expect(await at()).toBe(334);
    clock.move(1);
    expect(await at()).toBe(0);
    expect(await at()).toBeGreaterThan(332_000);
    expect(await waitOf(limit.consume("another key"))).toBe(0);
  });

  test.each<[SynapseRcLogin, number, number]>([
    [{ [name]: { per_second: 1, burst_count: 3 } }, 3, 1_000],
    [{ [name]: { per_second: 0.5 } }, 5, 2_000],
    [{ [name]: { burst_count: 1 } }, 1, 333_334],
    [{ [name]: { per_second: 1_000, burst_count: 2 } }, 2, 1],
    [{ [name]: { per_second: null, burst_count: null } }, 5, 333_334],
    [{ [name]: null }, 5, 333_334],
  ])("%j: a burst of %d, then one in %d ms", async (rcLogin, burst, ms) => {
    const limit = fromSynapseRcLogin(rcLogin)[name];
    const waits: number[] = [];
    for (let i = 0; i <= burst; i += 1) waits.push(await waitOf(limit.consume("key")));
    expect(waits).toEqual([...Array<number>(burst).fill(0), ms]);
  });
});

test("a limit answers as Synapse's does, whatever comes when", async () => {
  const limit = fromSynapseRcLogin({ address: { per_second: 0.25, burst_count: 4 } }).address;
  const synapses = new SynapsesLimiter(0.25, 4);
  let seed = 1;
  for (let i = 0, now = NOON; i < 2_000; i += 1) {
    seed = (seed * 16_807) % 2_147_483_647;
    // Quarters of a second are exact as floating-point numbers: Synapse's sums have no rounding to compare then.
    const pause = (seed % 40) / 4;
    now += seed % 3 === 0 ? 0 : pause;
    clock.stopAt(now);
    expect(await waitOf(limit.consume("key"))).toBe(synapses.canDo(now));
  }
});

test("a burst of many is let through whole", async () => {
  const limit = fromSynapseRcLogin({ address: { per_second: 0.003, burst_count: 1_000 } }).address;
  for (let i = 0; i < 1_000; i += 1) expect(await waitOf(limit.consume("key"))).toBe(0);
  expect(await waitOf(limit.consume("key"))).toBe(333_334);
});

describe("rateLimits from rc_login", () => {
  test("limit logins", async () => {
    const login = core({}, { rateLimits: fromSynapseRcLogin({ address: { per_second: 0.1, burst_count: 2 } }) });
    expect(await statuses(login, Array(3).fill(submission()))).toEqual([200, 200, 429]);
    expect(await refusal(login.login(submission(), { ip: "192.0.2.1" }))).toMatchObject({ retryAfterMs: 10_000 });
    clock.move(10);
    expect(await statuses(login, [submission()])).toEqual([200]);
  });

  test("limit the logins of an account from everywhere", async () => {
    const rateLimits = fromSynapseRcLogin({ account: { burst_count: 2 } });
    const login = core({}, { rateLimits });
    const from = (ip: string) => statuses(login, [submission()], { ip });
    expect([await from("192.0.2.1"), await from("192.0.2.2"), await from("192.0.2.3")]).toEqual([[200], [200], [429]]);
    expect(await statuses(login, [submission({ sub: "bob" })])).toEqual([200]);
  });

  test("take a point back, so that they can stand for failures too", async () => {
    const { address: failures } = fromSynapseRcLogin({ address: { per_second: 0.001, burst_count: 2 } });
    const login = core({}, { rateLimits: { failures } });
    const bad = submission({ exp: 1 });
    const sent = [submission(), submission(), submission(), bad, submission(), bad, bad, submission()];
    expect(await statuses(login, sent)).toEqual([200, 200, 200, 403, 200, 403, 429, 429]);
  });

  test.each([1, 10, 100])("take it back though %d drain in a second", async (per_second) => {
    const rateLimits = fromSynapseRcLogin({ failed_attempts: { per_second, burst_count: 2 } });
    const login = core({}, { rateLimits: { failures: rateLimits.failures as never } });
    // Both clocks stand still.
    const steady = performance.now();
    jest.spyOn(performance, "now").mockReturnValue(steady);
    expect(new Set(await statuses(login, Array(8).fill(submission())))).toEqual(new Set([200]));
    const bad = submission({ exp: 1 });
    expect(await statuses(login, [bad, bad, bad])).toEqual([403, 403, 429]);
  });

  test("do not take back a point that has drained meanwhile", async () => {
    const rateLimits = fromSynapseRcLogin({ failed_attempts: { per_second: 0.1, burst_count: 2 } });
    const bad = submission({ exp: 1 });
    const findUser = async () => {
      // Ten seconds drain one point: this login's.
      clock.move(10);
      expect(await statuses(core({}, { rateLimits: { failures: rateLimits.failures as never } }), [bad, bad])).toEqual([
        403, 403,
      ]);
      return { id: "alice" };
    };
    const login = core({}, { rateLimits: { failures: rateLimits.failures as never }, findUser });
    expect(await statuses(login, [submission(), bad])).toEqual([200, 429]);
  });

  test("take nothing back beyond empty", async () => {
    const { address } = fromSynapseRcLogin({ address: { burst_count: 1 } });
    await address.reward("key");
    await address.reward("key", 5);
    expect([await waitOf(address.consume("key")), await waitOf(address.consume("key"))]).toEqual([0, 333_334]);
  });

  test("are in no way longer if the clock is set back", async () => {
    const { address } = fromSynapseRcLogin({ address: { per_second: 1, burst_count: 5 } });
    for (let i = 0; i < 5; i += 1) await address.consume("key");
    clock.move(-86_400);
    expect(await waitOf(address.consume("key"))).toBe(1_000);
  });
});

describe("what rc_login can be", () => {
  test.each([
    ["rc_login.failed_attempts", { failed_attempts: undefined }],
    ["rc_login.address", { address: undefined }],
    ["rc_login.account.per_second", { account: { per_second: undefined } }],
  ])("%s of an unset variable is an options error", (path, rcLogin) => {
    expectOptionsError(() => fromSynapseRcLogin(rcLogin as never), path, /is undefined; is an environment variable/);
  });

  test.each([null, undefined, {}, { address: {}, account: {} }, { failed_attempts: null }])("%j", (rcLogin) => {
    expect(Object.keys(fromSynapseRcLogin(rcLogin))).toEqual(["address", "account"]);
  });

  test.each([{}, { per_second: 0.17 }, { burst_count: 3 }])(
    "failed_attempts, which makes failures: %j",
    async (rate) => {
      const { failures } = fromSynapseRcLogin({ failed_attempts: rate });
      const consumed = async () => waitOf(failures?.consume("key") ?? Promise.reject(new Error()));
      expect([await consumed(), await consumed(), await consumed(), await consumed()]).toEqual([0, 0, 0, 5_883]);
    },
  );

  test.each<[unknown, string, RegExp]>([
    [[], "rc_login", /must be an object, not a list/],
    ["0.003", "rc_login", /must be an object, not a string/],
    [{ rc_login: {} }, "rc_login", /must be what is under rc_login/],
    [{ adress: {} }, "rc_login.adress", /the options here are address, account, failed_attempts/],
    [{ address: 5 }, "rc_login.address", /must be an object/],
    [{ address: { per_minute: 5 } }, "rc_login.address.per_minute", /the options here are per_second, burst_count/],
    [{ address: { per_second: "1" } }, "rc_login.address.per_second", /must be a number of logins a second/],
    [{ account: { per_second: 0 } }, "rc_login.account.per_second", /0\.000001 to 1000000/],
    [{ account: { per_second: -1 } }, "rc_login.account.per_second", /must be a number/],
    [{ account: { per_second: NaN } }, "rc_login.account.per_second", /must be a number/],
    [{ account: { per_second: Infinity } }, "rc_login.account.per_second", /must be a number/],
    [{ address: { burst_count: 0 } }, "rc_login.address.burst_count", /must be a whole number of logins/],
    [{ address: { burst_count: 1.5 } }, "rc_login.address.burst_count", /must be a whole number/],
    [{ failed_attempts: { burst_count: "3" } }, "rc_login.failed_attempts.burst_count", /must be a whole number/],
  ])("not %j", (rcLogin, path, problem) => {
    expectOptionsError(() => fromSynapseRcLogin(rcLogin as never), path, problem);
  });

  test.each([null, {}, 6379, "redis://127.0.0.1", { eval: true }])("nor can its store client be %j", (client) => {
    expectOptionsError(() => fromSynapseRcLogin({}, client as never), "storeClient", /must be a client of Redis/);
  });
});

describe("buckets in memory", () => {
  test("that are empty are forgotten as others are filled", async () => {
    const buckets = new LeakyBuckets({ interval: 1e6, burst: 5 }, 1_000);
    for (let i = 0; i < 100; i += 1) await buckets.consume(`once ${String(i)}`);
    clock.move(2);
    for (let i = 0; i < 51; i += 1) await buckets.consume("often").then(undefined, () => undefined);
    expect(buckets.size).toBeLessThan(100);
    clock.move(60);
    for (let i = 0; i < 51; i += 1) {
      clock.move(1);
      await buckets.consume("often");
    }
    expect(buckets.size).toBe(1);
  });

  test("are bounded: the one longest without a point goes first, and no other", async () => {
    const buckets = new LeakyBuckets({ interval: 1e9, burst: 1 }, 3);
    const wait = (key: string) => waitOf(buckets.consume(key));
    expect([await wait("a"), await wait("b"), await wait("c"), await wait("a")]).toEqual([0, 0, 0, 1_000_000]);
    expect(await wait("d")).toBe(0);
    expect([await wait("b"), await wait("c"), await wait("d")]).toEqual([1_000_000, 1_000_000, 1_000_000]);
    expect(await wait("a")).toBe(0);
  });

  test("go by the last point, not the first", async () => {
    const buckets = new LeakyBuckets({ interval: 1e9, burst: 2 }, 3);
    const wait = (key: string) => waitOf(buckets.consume(key));
    for (const key of ["a", "b", "c", "a", "d"]) expect(await wait(key)).toBe(0);
    expect([await wait("a"), await wait("b"), await wait("b")]).toEqual([1_000_000, 0, 0]);
  });
});

describe("buckets in Redis", () => {
  type Eval = (...args: unknown[]) => Promise<unknown>;
  const replying = (...replies: unknown[]) => {
    const run = jest.fn<Eval>();
    for (const reply of replies) run.mockResolvedValueOnce(reply);
    return run;
  };

  test("are asked through ioredis with keys and arguments in a row", async () => {
    const run = replying(0, 0, 333_334);
    const { address } = fromSynapseRcLogin({}, { eval: run, defineCommand: () => undefined } as { eval: Eval });
    await address.consume("address:192.0.2.1");
    await address.reward("address:192.0.2.1");
    expect(run.mock.calls[0]?.slice(1)).toEqual([1, "matrix-jwt-login:address:192.0.2.1", "333333333", "5", "1"]);
    expect(run.mock.calls[1]?.slice(1)).toEqual([1, "matrix-jwt-login:address:192.0.2.1", "333333333", "5", "-1"]);
    expect(await rejection(Promise.resolve(address.consume("key")))).toEqual({ msBeforeNext: 333_334 });
  });

  test("are asked through node-redis with an object", async () => {
    const run = replying("0");
    const { account } = fromSynapseRcLogin({ account: { per_second: 2, burst_count: 3 } }, { eval: run });
    await account.reward("account:@alice:example.org", 2);
    expect(run.mock.calls[0]?.[1]).toEqual({
      keys: ["matrix-jwt-login:account:@alice:example.org"],
      arguments: ["500000", "3", "-2"],
    });
  });

  test("are called on their client, which may need itself", async () => {
    class Client {
      readonly waits = [0, 9];
      eval(): Promise<number | undefined> {
        return Promise.resolve(this.waits.shift());
      }
    }
    const { address } = fromSynapseRcLogin({}, new Client());
    expect([await waitOf(address.consume("key")), await waitOf(address.consume("key"))]).toEqual([0, 9]);
  });

  test.each([null, undefined, "", "OK", -1, NaN, {}])("let nobody in by the reply %j", async (reply) => {
    const rateLimits = fromSynapseRcLogin({}, { eval: replying(reply) });
    expect(await statuses(core({}, { rateLimits }), [submission()])).toEqual([503]);
  });

  test("let nobody in while Redis is down, and somebody again when it is back", async () => {
    const run = jest.fn<Eval>().mockRejectedValueOnce(new Error("connection lost")).mockResolvedValue(0);
    const login = core({}, { rateLimits: fromSynapseRcLogin({}, { eval: run }) });
    expect(await statuses(login, [submission(), submission()])).toEqual([503, 200]);
  });
});
