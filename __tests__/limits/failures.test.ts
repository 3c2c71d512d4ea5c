import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { MatrixError, type FailureLimiter, type JwtLogin, type JwtLoginOptions } from "matrix-jwt-login";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";

import { movableClock, type Clock } from "../helpers/clock.js";
import { core, recordingLogger, submission } from "../helpers/core.js";
import { serveJwks, text } from "../helpers/jwks-server.js";
import type { User } from "../helpers/login.js";
import { inSeconds, token } from "../helpers/tokens.js";
import { forged, keysOf, limiter, refusal, scripted, statuses, statusOf, stoppedTimers, usedUp } from "./helpers.js";

const KEY = "failures:192.0.2.1";
const CONTEXT = { ip: "192.0.2.1" };

interface Case {
  readonly what: string;
  readonly loginType?: object;
  readonly options?: Partial<JwtLoginOptions<User>>;
  readonly sent: object;
  readonly status?: number;
}

const failing = (error: unknown) => () => {
  throw error;
};
const identifier = (user: string) => ({ identifier: { type: "m.id.user", user } });
const aud = { aud: "somebody" };

test("an answer of a limiter that can't be read is the server's fault, and no more", async () => {
  const unreadable = new Proxy(Object.create(null) as object, {
    get: (_, name) => {
      if (name === "then") return undefined;
      throw new Error("hands off");
    },
  });
  const failures = { consume: () => Promise.resolve(unreadable), reward: () => Promise.resolve() };
  const login = core({}, { rateLimits: { failures: failures as unknown as FailureLimiter }, logger: false });
  expect(await refusal(login.login(submission(), CONTEXT))).toMatchObject({ statusCode: 500 });
  // An unhandled rejection would fail the test.
  await new Promise(setImmediate);
});

const COUNT: readonly Case[] = [
  { what: "no token", sent: submission({}, { token: undefined }) },
  { what: "a token that is no string", sent: submission({}, { token: 1 }) },
  { what: "a malformed token", sent: submission({}, { token: "nonsense" }) },
  { what: "a token that is too long", loginType: { maxTokenLength: 9 }, sent: submission() },
  { what: "a forged token", sent: forged() },
  { what: "an algorithm that is not allowed", loginType: { algorithms: ["HS512"] }, sent: submission() },
  { what: "an expired token", sent: submission({ exp: 1 }) },
  { what: "a token that is not valid yet", sent: submission({ nbf: inSeconds(600) }) },
  { what: "another issuer", loginType: { issuer: "https://idp.example.org" }, sent: submission() },
  { what: "another audience", sent: submission(aud) },
  { what: "a missing scope", loginType: { requiredScopes: ["login"] }, sent: submission() },
  { what: "another type of token", loginType: { tokenType: "at+jwt" }, sent: submission() },
  { what: "no subject", sent: submission({ sub: undefined }) },
  { what: "a subject that is no localpart", sent: submission({ sub: "a:b" }) },
  {
    what: "a user of another server",
    loginType: { subjectFormat: "userId" },
    sent: submission({ sub: "@alice:example.com" }),
  },
  {
    what: "another user than identifier names",
    loginType: { identifier: "match" },
    sent: submission({}, identifier("bob")),
  },
  { what: "no identifier, where it is required", loginType: { identifier: "require" }, sent: submission() },
  { what: "authorize says no", loginType: { authorize: () => false }, sent: submission() },
  { what: "an expiry too far off", loginType: { singleUse: true }, sent: submission({ exp: inSeconds(8 * 86_400) }) },
];

const COUNT_NOT: readonly Case[] = [
  { what: "a login", sent: submission(), status: 200 },
  { what: "an unknown user", sent: submission({ sub: "carol" }) },
  { what: "an impossible user ID", sent: submission({ sub: "a b" }), status: 400 },
  {
    what: "a new user outside the grammar",
    loginType: { allowRegistration: true },
    options: { registerUser: (id) => ({ id }) },
    sent: submission({ sub: "CAROL" }),
    status: 400,
  },
  {
    what: "authorize throws our own 403",
    loginType: { authorize: failing(new MatrixError("M_FORBIDDEN")) },
    sent: submission(),
  },
  {
    what: "findUser throws our own 403",
    options: { findUser: failing(new MatrixError("M_FORBIDDEN")) },
    sent: submission(),
  },
  {
    what: "findUser throws something",
    options: { findUser: failing(new Error("down")) },
    sent: submission(),
    status: 500,
  },
  {
    what: "issueToken throws a 403",
    options: { issueToken: failing({ errcode: "M_FORBIDDEN" }) },
    sent: submission(),
  },
  {
    what: "the account is over its limit",
    options: { rateLimits: { account: limiter({ points: 0 }) } },
    sent: submission(),
    status: 429,
  },
];

async function afterOne({ loginType, options, sent, status = 403 }: Case): Promise<number> {
  const failures = limiter();
  const login = core(loginType, { ...options, rateLimits: { ...options?.rateLimits, failures } });
  expect(await statuses(login, [sent])).toEqual([status]);
  return (await failures.get(KEY))?.consumedPoints ?? 0;
}

describe("the limit of failures", () => {
  test.each(COUNT)("counts $what", async (one) => {
    expect(await afterOne(one)).toBe(1);
  });

  test.each(COUNT_NOT)("does not count it if it is $what", async (one) => {
    expect(await afterOne(one)).toBe(0);
  });

  test("counts a token that was used before, and not its first use", async () => {
    const failures = limiter();
    const login = core({ singleUse: true }, { rateLimits: { failures } });
    const once = submission();
    expect(await statuses(login, [once, once, once])).toEqual([200, 403, 403]);
    expect((await failures.get(KEY))?.consumedPoints).toBe(2);
  });

  test("does not count that keys are unavailable", async () => {
    const jwks = await serveJwks();
    jwks.answer(text("down", 500));
    const sent = submission({}, { token: token({}, { algorithm: "RS256" }) });
    const loginType = { secret: undefined, jwksUri: jwks.url };
    expect(await afterOne({ what: "", loginType, sent, status: 503 })).toBe(0);
    await jwks.close();
  });

  test("counts neither wrong fields nor what another limit refuses", async () => {
    const failures = scripted();
    const login = core({}, { rateLimits: { failures, address: limiter({ points: 0 }) } });
    expect(await statuses(login, [submission({}, { device_id: 1 }), submission()])).toEqual([400, 429]);
    expect(failures.consume).not.toHaveBeenCalled();
  });

  test("lets its points fail, and nothing in then: not even an honest login", async () => {
    const failures = limiter({ points: 3 });
    const login = core({}, { rateLimits: { failures } });
    const sent = [submission(), forged(), forged(), submission(), forged(), forged(), submission()];
    expect(await statuses(login, sent)).toEqual([200, 403, 403, 200, 403, 429, 429]);
    expect(await statuses(login, [submission()], { ip: "192.0.2.2" })).toEqual([200]);
  });

  test("holds for attempts at once", async () => {
    const login = core({}, { rateLimits: { failures: limiter({ points: 3 }) } });
    const all = await Promise.all(Array.from({ length: 50 }, () => statusOf(login.login(forged(), CONTEXT))));
    expect(all.filter((status) => status === 403)).toHaveLength(3);
    expect(all.filter((status) => status === 429)).toHaveLength(47);
  });

  test("keeps no address out for honest logins that were too many at once", async () => {
    const failures = limiter({ points: 3 });
    const findUser = async () => {
      await new Promise(setImmediate);
      return { id: "alice" };
    };
    const login = core({}, { rateLimits: { failures }, findUser });
    const all = await Promise.all(Array.from({ length: 50 }, () => statusOf(login.login(submission(), CONTEXT))));
    expect(all.filter((status) => status === 200)).toHaveLength(3);
    expect((await failures.get(KEY))?.consumedPoints).toBe(0);
    expect(await statuses(login, [submission(), submission()])).toEqual([200, 200]);
  });

  test("leaves a block of the limiter's own its time", async () => {
    const failures = limiter({ points: 1, blockDuration: 600 });
    const login = core({}, { rateLimits: { failures } });
    expect(await statuses(login, [forged(), forged(), submission()])).toEqual([403, 429, 429]);
    expect((await failures.get(KEY))?.consumedPoints).toBe(3);
  });

  test("gives nothing back if nothing was consumed: a limiter may remember by itself that it is used up", async () => {
    const failures = scripted();
    failures.consume.mockRejectedValue(usedUp(1_000, 0));
    expect(await statuses(core({}, { rateLimits: { failures } }), [forged()])).toEqual([429]);
    expect(failures.reward).not.toHaveBeenCalled();
  });

  test("is gone through by authenticate as by login", async () => {
    const failures = limiter({ points: 2 });
    const login = core({}, { rateLimits: { failures } });
    await login.authenticate(submission(), CONTEXT);
    await refusal(login.authenticate(forged(), CONTEXT));
    expect((await failures.get(KEY))?.consumedPoints).toBe(1);
  });

  test.each<[string, () => unknown]>([
    ["rejects", () => Promise.reject(new Error("no store"))],
    ["throws", failing(new Error("no store"))],
  ])("answers as it would where giving back %s, and the logger is told", async (_, reward) => {
    const failures = scripted();
    failures.reward.mockImplementation(reward as () => Promise<unknown>);
    const logger = recordingLogger();
    const login = core({}, { rateLimits: { failures }, logger });
    expect(await statuses(login, [submission(), submission({ sub: "carol" })])).toEqual([200, 403]);
    expect(logger.lines).toContainEqual({
      level: "error",
      message: expect.objectContaining({ message: expect.stringContaining("rateLimits.failures") }),
    });
  });
});

describe("a point whose window has passed is not given back", () => {
  let clock: Clock;
  beforeEach(() => {
    clock = movableClock();
  });
  afterEach(() => {
    clock.restore();
    jest.restoreAllMocks();
  });

  /** How many of these forged tokens get through at once. */
  async function forgedTokensThrough(login: JwtLogin, count = 40): Promise<number> {
    const all = await statuses(login, Array<object>(count).fill(forged()));
    return all.filter((status) => status === 403).length;
  }

  /** Logins that are under way until the test lets them go on. */
  function slowLogins(failures: FailureLimiter, count: number) {
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const findUser = (id: string) => gate.then(() => ({ id }));
    const login = core({}, { rateLimits: { failures }, findUser });
    const all = Array.from({ length: count }, () => statusOf(login.login(submission(), CONTEXT)));
    return { login, end: () => (go(), Promise.all(all)) };
  }

  test("by the clock on the wall", async () => {
    const { login, end } = slowLogins(limiter({ points: 30 }), 30);
    await new Promise(setImmediate);
    clock.move(60);
    expect(await end()).toEqual(Array(30).fill(200));
    expect(await forgedTokensThrough(login)).toBe(30);
  });

  test("by time that passes", async () => {
    let now = performance.now();
    jest.spyOn(performance, "now").mockImplementation(() => now);
    const failures = scripted();
    failures.consume.mockResolvedValue(new RateLimiterRes(1, 60_000, 1));
    const { end } = slowLogins(failures, 3);
    await new Promise(setImmediate);
    now += 59_950;
    expect(await end()).toEqual([200, 200, 200]);
    expect(failures.reward).not.toHaveBeenCalled();
  });

  test("nor that of an attempt that was refused", async () => {
    const failures = scripted();
    failures.consume.mockRejectedValue(usedUp(0, 6));
    expect(await statuses(core({}, { rateLimits: { failures } }), [submission()])).toEqual([429]);
    expect(failures.reward).not.toHaveBeenCalled();
  });

  test("and so in the next one no more than its points fail", async () => {
    const failures = limiter({ points: 5 });
    for (let window = 0; window < 6; window += 1) {
      const { end } = slowLogins(failures, 5);
      await new Promise(setImmediate);
      clock.move(60);
      await end();
    }
    expect(await forgedTokensThrough(core({}, { rateLimits: { failures } }))).toBe(5);
  });

  test.each([undefined, "soon", -1, NaN])("unless the limiter has none: %j", async (msBeforeNext) => {
    const failures = scripted();
    failures.consume.mockResolvedValue({ msBeforeNext });
    const { end } = slowLogins(failures, 1);
    await new Promise(setImmediate);
    clock.move(86_400);
    await end();
    expect(failures.reward).toHaveBeenCalledTimes(1);
  });
});

describe("a point that is consumed too late", () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  /** A limiter whose answers take as long as the test likes. */
  function late(points: number) {
    const memory = new RateLimiterMemory({ points, duration: 60 });
    const waiting: (() => void)[] = [];
    const failures = {
      consume: async (key: string) => {
        await new Promise<void>((resolve) => waiting.push(resolve));
        return memory.consume(key);
      },
      reward: (key: string, given?: number) => memory.reward(key, given),
    };
    return { memory, waiting, failures };
  }

  test.each([5, 0])("is given back, as no token failed: of %d points", async (points) => {
    const { pass } = stoppedTimers();
    const { memory, waiting, failures } = late(points);
    const status = statusOf(core({}, { rateLimits: { failures } }).login(submission(), CONTEXT));
    await pass(2_000);
    expect(await status).toBe(503);
    expect(await memory.get(KEY)).toBeNull();
    for (const go of waiting) go();
    await pass(0);
    expect((await memory.get(KEY))?.consumedPoints).toBe(0);
  });
});

test("the key of failures is that of the address limit, under its own name", async () => {
  const failures = scripted();
  await statuses(core({}, { rateLimits: { failures } }), [submission()], { ip: "2001:db8::1" });
  expect(keysOf(failures.consume)).toEqual(["failures:2001:db8:0:0::/64"]);
  expect(keysOf(failures.reward)).toEqual(["failures:2001:db8:0:0::/64"]);
});
