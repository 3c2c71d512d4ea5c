import { randomUUID } from "node:crypto";

import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";
import { fromSynapseRcLogin, type JwtLogin, type RateLimits } from "matrix-jwt-login";
import { RateLimiterRedis } from "rate-limiter-flexible";

import { core, submission } from "../helpers/core.js";
import { forged, statuses, statusOf } from "./helpers.js";

const { REDIS_URL = "" } = process.env;
const described = REDIS_URL === "" ? describe.skip : describe;
const REPLICAS = 3;
const RUN = `test-${randomUUID()}`;

described("over Redis (REDIS_URL)", () => {
  /** Each replica has a connection of its own. */
  let clients: Redis[];
  let keyPrefix: string;

  beforeAll(() => {
    clients = Array.from({ length: REPLICAS }, () => new Redis(REDIS_URL));
  });

  afterEach(async () => {
    const [client] = clients;
    for (const pattern of [`${RUN}*`, "matrix-jwt-login:*"]) {
      const keys = (await client?.keys(pattern)) ?? [];
      if (keys.length > 0) await client?.del(keys);
    }
  });

  afterAll(() => {
    for (const client of clients) client.disconnect();
  });

  /** The same limiter for each replica, over its own connection. */
  function limiters(options: object = {}): RateLimiterRedis[] {
    keyPrefix = `${RUN}-${randomUUID()}`;
    return clients.map(
      (storeClient) => new RateLimiterRedis({ storeClient, points: 5, duration: 60, keyPrefix, ...options }),
    );
  }

  function replicas(rateLimits: (limiter: RateLimiterRedis) => RateLimits, options: object = {}): JwtLogin[] {
    return limiters(options).map((limiter) => core({}, { rateLimits: rateLimits(limiter) }));
  }

  /** What comes of many attempts at once, spread over the replicas. */
  async function spread(logins: readonly JwtLogin[], attempts: readonly object[]): Promise<Record<number, number>> {
    const context = { ip: "192.0.2.1" };
    const all = await Promise.all(attempts.map((one, i) => statusOf(nth(logins, i).login(one, context))));
    return Object.fromEntries(
      Array.from(new Set(all), (status) => [status, all.filter((one) => one === status).length]),
    );
  }

  function nth(logins: readonly JwtLogin[], i: number): JwtLogin {
    return logins[i % logins.length] ?? core();
  }

  test.each<[string, (limiter: RateLimiterRedis) => RateLimits]>([
    ["address", (address) => ({ address })],
    ["account", (account) => ({ account })],
  ])("of 300 logins at once on three replicas, the limit by %s lets its points through", async (_, rateLimits) => {
    const attempts = Array.from({ length: 300 }, () => submission());
    expect(await spread(replicas(rateLimits, { points: 20 }), attempts)).toEqual({ 200: 20, 429: 280 });
  });

  test("of 300 forged tokens at once on three replicas, the limit of failures looks at its points", async () => {
    const logins = replicas((failures) => ({ failures }), { points: 20 });
    const attempts = Array.from({ length: 300 }, () => forged());
    expect(await spread(logins, attempts)).toEqual({ 403: 20, 429: 280 });
    expect(await spread(logins, [submission(), submission(), submission()])).toEqual({ 429: 3 });
  });

  test("honest logins, however many, leave nothing in the limit of failures", async () => {
    const logins = replicas((failures) => ({ failures }), { points: 20 });
    for (let i = 0; i < 5; i += 1)
      await spread(
        logins,
        Array.from({ length: 60 }, () => submission()),
      );
    expect(await spread(logins, [...Array<object>(20).fill(forged())])).toEqual({ 403: 20 });
  });

  describe("Synapse's limits", () => {
    const rcLogin = { address: { per_second: 0.003, burst_count: 20 }, account: { per_second: 1e6, burst_count: 1e6 } };

    test("are one for three replicas: a burst gets through, and the next in 333 seconds", async () => {
      const logins = clients.map((client) => core({}, { rateLimits: fromSynapseRcLogin(rcLogin, client) }));
      const attempts = Array.from({ length: 200 }, () => submission());
      expect(await spread(logins, attempts)).toEqual({ 200: 20, 429: 180 });
      const error = await logins[0]?.login(submission(), { ip: "192.0.2.1" }).catch((reason: unknown) => reason);
      const { retryAfterMs } = error as { retryAfterMs: number };
      expect(retryAfterMs).toBeGreaterThan(330_000);
      expect(retryAfterMs).toBeLessThanOrEqual(333_334);
      const ttl = await clients[0]?.pttl("matrix-jwt-login:address:192.0.2.1");
      expect(Number(ttl) / 1_000).toBeGreaterThan(20 * 333 - 10);
      expect(Number(ttl) / 1_000).toBeLessThanOrEqual(20 * 333.4);
    });

    test("drain as time goes by, and leave nothing behind when they are empty", async () => {
      const { address } = fromSynapseRcLogin({ address: { per_second: 20, burst_count: 2 } }, clients[0]);
      const consumed = () =>
        Promise.resolve(address.consume("address:drained")).then(
          () => true,
          () => false,
        );
      expect([await consumed(), await consumed(), await consumed()]).toEqual([true, true, false]);
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(await consumed()).toBe(true);
      await address.reward("address:drained", 5);
      expect(await clients[0]?.exists("matrix-jwt-login:address:drained")).toBe(0);
    });
  });

  test("while Redis can't be reached logins are 503 within two seconds, and go on by themselves when it can", async () => {
    const client = new Redis(REDIS_URL, { lazyConnect: true, enableOfflineQueue: true });
    keyPrefix = `${RUN}-${randomUUID()}`;
    const address = new RateLimiterRedis({ storeClient: client, points: 50, duration: 60, keyPrefix });
    const login = core({}, { rateLimits: { address } });
    expect(await statuses(login, [submission()])).toEqual([200]);
    client.disconnect();
    const startedAt = performance.now();
    expect(await statuses(login, [submission()])).toEqual([503]);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    await client.connect();
    expect(await statuses(login, [submission()])).toEqual([200]);
    client.disconnect();
  });
});
