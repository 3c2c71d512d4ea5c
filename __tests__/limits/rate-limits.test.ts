import { describe, expect, jest, test } from "@jest/globals";
import { MatrixError, type Claims, type RateLimits, type RejectEvent } from "matrix-jwt-login";
import { BurstyRateLimiter, RateLimiterUnion, RLWrapperBlackAndWhite } from "rate-limiter-flexible";

import { core, recordingLogger, submission } from "../helpers/core.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { LOGIN_TYPE, login, loginWith } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { token } from "../helpers/tokens.js";
import { forged, keysOf, limiter, refusal, scripted, statuses, statusOf, usedUp } from "./helpers.js";

const CONTEXT = { ip: "192.0.2.1" };

describe.each(EXPRESS_VERSIONS)("rate limits under %s", (_, express) => {
  const mount = mounting(express);

  test.each<[string, RateLimits]>([
    ["address", { address: limiter({ points: 1, keyPrefix: "a" }) }],
    ["account", { account: limiter({ points: 1, keyPrefix: "b" }) }],
  ])("%s: one login too many is 429, and says when to come again", async (_name, rateLimits) => {
    const url = await mount({}, { rateLimits });
    await loginWith(url, token());
    const { status, headers, body } = await loginWith(url, token());
    expect(status).toBe(429);
    expect(body).toEqual({
      errcode: "M_LIMIT_EXCEEDED",
      error: "Too many login attempts; try again later",
      retry_after_ms: expect.any(Number),
    });
    const ms = Number(body["retry_after_ms"]);
    expect(ms).toBeGreaterThan(50_000);
    expect(ms).toBeLessThanOrEqual(60_000);
    expect(headers.get("Retry-After")).toBe(String(Math.ceil(ms / 1_000)));
    expect(headers.get("Access-Control-Expose-Headers")).toBe("Retry-After");
  });

  test("say a whole second at least, as some clients fail on a fraction of one", async () => {
    const address = scripted();
    address.consume.mockRejectedValue(usedUp(1));
    const { headers, body } = await loginWith(await mount({}, { rateLimits: { address } }), token());
    expect(headers.get("Retry-After")).toBe("1");
    expect(body["retry_after_ms"]).toBe(1);
  });

  test("count by the address that Express says", async () => {
    const address = scripted();
    const url = await mount({}, { rateLimits: { address } });
    await loginWith(url, token());
    expect(keysOf(address.consume)).toEqual(["address:127.0.0.1"]);
  });

  test("are nothing to logins of other types, and to flows", async () => {
    const limits = { address: scripted(), account: scripted(), failures: scripted() };
    const url = await mount({}, { rateLimits: limits, unknownLoginType: "reject" });
    await login(url, { type: "m.login.password" });
    await fetch(`${url}/_matrix/client/v3/login`);
    for (const { consume } of Object.values(limits)) expect(consume).not.toHaveBeenCalled();
  });
});

describe("the address limit", () => {
  test("counts every attempt whose fields are right, and none whose fields are wrong", async () => {
    const address = scripted();
    const login = core({}, { rateLimits: { address } });
    const good = [submission(), forged(), submission({}, { token: undefined }), submission({ exp: 1 })];
    const wrong = [submission({}, { device_id: 1 }), submission({}, { refresh_token: "yes" })];
    await statuses(login, [...good, ...wrong]);
    await statusOf(login.authenticate(submission(), CONTEXT));
    expect(keysOf(address.consume)).toEqual(Array(good.length + 1).fill("address:192.0.2.1"));
  });

  test("comes before anything of the token is looked at", async () => {
    const address = scripted();
    address.consume.mockRejectedValue(usedUp());
    expect(await statuses(core({}, { rateLimits: { address } }), [forged(), submission({}, { token: 1 })])).toEqual([
      429, 429,
    ]);
  });

  test.each([undefined, "", null as unknown as string])(
    "counts all who have no address together, and warns once: %j",
    async (ip) => {
      const address = limiter({ points: 3, keyPrefix: "a" });
      const failures = limiter({ points: 1, keyPrefix: "f" });
      const logger = recordingLogger();
      const login = core({}, { rateLimits: { address, failures }, logger });
      const context = ip === undefined ? {} : { ip };
      const sent = [submission(), forged(), submission(), submission()];
      expect(await statuses(login, sent, context)).toEqual([200, 403, 429, 429]);
      expect(await statuses(login, [submission()])).toEqual([200]);
      expect((await address.get("address:unknown"))?.consumedPoints).toBe(4);
      expect((await failures.get("failures:unknown"))?.consumedPoints).toBe(1);
      expect(logger.lines).toEqual([{ level: "warn", message: expect.stringContaining("address is not known") }]);
    },
  );

  test("says nothing of an address that nobody counts by", async () => {
    const logger = recordingLogger();
    expect(await statuses(core({}, { logger, rateLimits: { account: limiter() } }), [submission()], {})).toEqual([200]);
    expect(logger.lines).toEqual([]);
  });
});

describe("the account limit", () => {
  test("counts by user ID in lower case, once the token is verified and authorized", async () => {
    const account = scripted();
    const options = { rateLimits: { account }, findUser: (id: string) => ({ id }) };
    const login = core({ authorize: ({ sub }: Claims) => sub !== "mallory" }, options);
    await statuses(login, [
      submission(),
      submission({ sub: "ALICE" }),
      forged(),
      submission({ exp: 1 }),
      submission({ sub: "mallory" }),
      submission({ sub: "a b" }),
    ]);
    expect(keysOf(account.consume)).toEqual(["account:@alice:example.org", "account:@alice:example.org"]);
  });

  test("comes before findUser, and needs no address", async () => {
    const account = scripted();
    account.consume.mockRejectedValue(usedUp());
    const findUser = jest.fn<() => undefined>();
    const login = core({}, { rateLimits: { account }, findUser });
    expect(await statuses(login, [submission()], {})).toEqual([429]);
    expect(findUser).not.toHaveBeenCalled();
  });

  test("counts those whom nobody knows, and verified attempts that log nobody in", async () => {
    const account = scripted();
    const login = core({}, { rateLimits: { account } });
    await statusOf(login.login(submission({ sub: "carol" })));
    await login.authenticate(submission());
    expect(keysOf(account.consume)).toEqual(["account:@carol:example.org", "account:@alice:example.org"]);
  });
});

test("the limits come in their order: address, failures, and account after the token", async () => {
  const order: string[] = [];
  const named = (name: string) => {
    const limit = scripted();
    limit.consume.mockImplementation((key) => {
      order.push(String(key));
      return Promise.resolve();
    });
    limit.reward.mockImplementation((key) => {
      order.push(`back ${name} ${String(key)}`);
      return Promise.resolve();
    });
    return limit;
  };
  const rateLimits = { address: named("address"), account: named("account"), failures: named("failures") };
  const authorize = () => {
    order.push("authorize");
    return true;
  };
  const findUser = () => {
    order.push("findUser");
    return { id: "alice" };
  };
  await core({ authorize }, { rateLimits, findUser }).login(submission(), CONTEXT);
  expect(order).toEqual([
    "address:192.0.2.1",
    "failures:192.0.2.1",
    "authorize",
    "account:@alice:example.org",
    "findUser",
    "back failures failures:192.0.2.1",
  ]);
});

describe("when to come again", () => {
  test.each<[unknown, number]>([
    [1_500, 1_500],
    [1, 1],
    [0.25, 1],
    [1_000.5, 1_001],
    [0, 1],
    [-1, 1_000],
    [NaN, 1_000],
    ["soon", 1_000],
    [null, 1_000],
    [Infinity, 2_147_483_647],
    [Number.MAX_SAFE_INTEGER, 2_147_483_647],
  ])("if the limiter says %s ms, is %d", async (said, ms) => {
    const address = scripted();
    address.consume.mockRejectedValue(usedUp(said));
    const error = await refusal(core({}, { rateLimits: { address } }).login(submission(), CONTEXT));
    expect(error).toBeInstanceOf(MatrixError);
    expect(error).toMatchObject({ statusCode: 429, errcode: "M_LIMIT_EXCEEDED", retryAfterMs: ms });
    expect(error.toJSON()).toMatchObject({ retry_after_ms: ms });
  });
});

describe("other limiters of rate-limiter-flexible", () => {
  test("a union is used up when one of its members is, for as long as the longest of them", async () => {
    const address = new RateLimiterUnion(
      limiter({ keyPrefix: "minute", points: 1 }),
      limiter({ keyPrefix: "hour", points: 1, duration: 3_600 }),
      limiter({ keyPrefix: "day", points: 9, duration: 86_400 }),
    );
    const login = core({}, { rateLimits: { address } });
    expect(await statuses(login, [submission()])).toEqual([200]);
    const { statusCode, retryAfterMs } = await refusal(login.login(submission(), CONTEXT));
    expect(statusCode).toBe(429);
    expect(retryAfterMs).toBeGreaterThan(3_500_000);
    expect(retryAfterMs).toBeLessThanOrEqual(3_600_000);
  });

  test("a union with a member whose store fails is down", async () => {
    const broken = limiter({ keyPrefix: "broken" });
    broken.consume = () => Promise.reject(new Error("no store"));
    const address = new RateLimiterUnion(limiter({ points: 0 }), broken);
    expect(await statuses(core({}, { rateLimits: { address } }), [submission()])).toEqual([503]);
  });

  test("a burst", async () => {
    const address = new BurstyRateLimiter(limiter({ points: 1 }), limiter({ points: 2, keyPrefix: "burst" }));
    const login = core({}, { rateLimits: { address } });
    expect(await statuses(login, Array(5).fill(submission()))).toEqual([200, 200, 200, 429, 429]);
  });

  test("black and white lists", async () => {
    const address = new RLWrapperBlackAndWhite({
      limiter: limiter({ points: 0 }),
      whiteList: ["address:192.0.2.1"],
      blackList: ["address:192.0.2.66"],
    });
    const login = core({}, { rateLimits: { address } });
    const statusFrom = (ip: string) => statuses(login, [submission()], { ip });
    expect([await statusFrom("192.0.2.1"), await statusFrom("192.0.2.66"), await statusFrom("192.0.2.2")]).toEqual([
      [200],
      [429],
      [429],
    ]);
  });
});

test("onReject hears of an attempt too many as rate_limited, with the user only if the token is verified", async () => {
  const onReject = jest.fn<(event: RejectEvent) => void>();
  const logger = recordingLogger();
  const options = { onReject, logger };
  await refusal(core({}, { ...options, rateLimits: { address: limiter({ points: 0 }) } }).login(submission(), CONTEXT));
  await refusal(core({}, { ...options, rateLimits: { account: limiter({ points: 0 }) } }).login(submission(), CONTEXT));
  const event = {
    loginType: LOGIN_TYPE,
    statusCode: 429,
    errcode: "M_LIMIT_EXCEEDED",
    reason: "rate_limited",
    durationMs: expect.any(Number),
  };
  expect(onReject.mock.calls).toEqual([[event], [{ ...event, userId: "@alice:example.org" }]]);
  expect(logger.lines).toEqual([]);
});
