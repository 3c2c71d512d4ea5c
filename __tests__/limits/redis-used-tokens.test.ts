import { randomUUID } from "node:crypto";

import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { Redis } from "ioredis";
import {
  MatrixError,
  redisUsedTokens,
  type JwtLogin,
  type RedisStoreClient,
  type UsedTokenStore,
} from "matrix-jwt-login";

import { expectOptionsError } from "../helpers/bad-options.js";
import { core, submission } from "../helpers/core.js";
import { inSeconds } from "../helpers/tokens.js";
import { until } from "../helpers/until.js";
import { freshToken, statuses, statusOf } from "./helpers.js";

const { REDIS_URL = "" } = process.env;
/** Not typed, as it need not be installed. */
const NODE_REDIS = ["redis"].join();

function hasNodeRedis(): boolean {
  try {
    return require.resolve("redis") !== "";
  } catch {
    return false;
  }
}

type Command = (...args: unknown[]) => Promise<unknown>;

describe("a store of used tokens over Redis", () => {
  const key = "0".repeat(64);
  const client = (reply: unknown) => ({ set: jest.fn<Command>().mockResolvedValue(reply), del: jest.fn<Command>() });
  const ioredis = (reply: unknown) => ({ ...client(reply), defineCommand: () => undefined });

  test("sets a key once, with the arguments that ioredis takes", async () => {
    const redis = ioredis("OK");
    const store = redisUsedTokens(redis);
    expect(await store.claim(key, 90)).toBe(true);
    await store.release(key);
    expect(redis.set.mock.calls).toEqual([[`matrix-jwt-login:used:${key}`, "1", "EX", 90, "NX"]]);
    expect(redis.del.mock.calls).toEqual([[`matrix-jwt-login:used:${key}`]]);
  });

  test.each<[string, object]>([
    ["node-redis", {}],
    ["node-redis, whatever else the client has", { isOpen: true, defineCommand: () => undefined }],
  ])("sets a key once, with the object that %s takes", async (_, more) => {
    const redis = { ...client("OK"), ...more };
    const store = redisUsedTokens(redis, { prefix: "used:" });
    expect(await store.claim(key, 90)).toBe(true);
    await store.release(key);
    expect(redis.set.mock.calls).toEqual([[`used:${key}`, "1", { EX: 90, NX: true }]]);
    expect(redis.del.mock.calls).toEqual([[`used:${key}`]]);
  });

  test.each([null, "OK"])("takes the reply %j for what it says", async (reply) => {
    expect(await redisUsedTokens(client(reply)).claim(key, 1)).toBe(reply !== null);
  });

  test.each([undefined, "", "QUEUED", 1, true, {}])("takes no other reply for either: %j", async (reply) => {
    await expect((async () => redisUsedTokens(client(reply)).claim(key, 1))()).rejects.toThrow("did not reply");
    const login = core({ singleUse: true }, { usedTokens: redisUsedTokens(ioredis(reply)) });
    expect(await statuses(login, [submission()])).toEqual([503]);
  });

  test.each([null, undefined, {}, "redis://127.0.0.1", { set: () => "OK" }, { del: () => 1 }])(
    "can't be made of %j",
    (value) => {
      expectOptionsError(() => redisUsedTokens(value as never), "client", /must be/);
    },
  );

  test("has no other option", () => {
    expectOptionsError(() => redisUsedTokens(client("OK"), { prfix: "a" } as never), "prfix", /is not an option/);
    expectOptionsError(() => redisUsedTokens(client("OK"), null as never), "", /must be an object/);
  });

  test.each(["", 5, null])("can't have the prefix %j", (prefix) => {
    expectOptionsError(() => redisUsedTokens(client("OK"), { prefix: prefix as never }), "prefix", /must/);
  });
});

interface Connected {
  readonly client: RedisStoreClient & { set(...args: never[]): unknown };
  readonly close: () => unknown;
}

interface NodeRedisClient extends RedisStoreClient {
  connect(): Promise<unknown>;
  close(): unknown;
}

async function nodeRedis(make: "createClient" | "createClientPool"): Promise<Connected> {
  const redis = (await import(NODE_REDIS)) as Record<typeof make, (options: object, pool: object) => NodeRedisClient>;
  // As the documentation asks for: a pool that gives up waiting for a connection would release no token.
  const client = redis[make]({ url: REDIS_URL }, { acquireTimeout: 0 });
  await client.connect();
  return { client, close: () => client.close() };
}

function ioredisClient(): Promise<Connected> {
  const client = new Redis(REDIS_URL);
  return Promise.resolve({
    client,
    close: () => {
      client.disconnect();
    },
  });
}

const CLIENTS: readonly (readonly [string, () => Promise<Connected>])[] = [
  ["ioredis", ioredisClient],
  ["node-redis", () => nodeRedis("createClient")],
  ["a pool of node-redis", () => nodeRedis("createClientPool")],
];

describe.each(CLIENTS)("used tokens in Redis by %s (REDIS_URL)", (name, connect) => {
  const runs = REDIS_URL !== "" && (name === "ioredis" || hasNodeRedis());
  (runs ? describe : describe.skip)("with its package installed", () => {
    inRedis(connect);
  });
});

function inRedis(connect: () => Promise<Connected>): void {
  let connected: readonly Connected[];
  const admin = new Redis(REDIS_URL, { lazyConnect: true });
  const run = `test-${randomUUID()}:`;

  beforeAll(async () => {
    await admin.connect();
    connected = await Promise.all([connect(), connect(), ioredisClient()]);
  });
  afterAll(async () => {
    const keys = await admin.keys(`${run}*`);
    if (keys.length > 0) await admin.del(keys);
    admin.disconnect();
    for (const { close } of connected) await close();
  });

  /** One store for each replica, all over the same keys. */
  function stores(prefix: string): readonly UsedTokenStore[] {
    return connected.map(({ client }) => redisUsedTokens(client, { prefix: `${run}${prefix}:` }));
  }

  const replica = (usedTokens: UsedTokenStore, more: object = {}): JwtLogin =>
    core({ singleUse: true }, { usedTokens, ...more });

  test("2,000 uses of 500 tokens at once, on three replicas: 500 logins", async () => {
    const logins = stores("many").map((store) => replica(store));
    const tokens = Array.from({ length: 500 }, () => freshToken());
    const use = (i: number): Promise<number> =>
      statusOf(logins[i % 3]?.login(submission({}, { token: tokens[(i * 7) % 500] })) ?? Promise.reject(new Error()));
    const logged = tokens.map(() => 0);
    const count = async (i: number) => {
      if ((await use(i)) === 200) logged[(i * 7) % 500] = Number(logged[(i * 7) % 500]) + 1;
    };
    await Promise.all(Array.from({ length: 2_000 }, (_, i) => count(i)));
    // On a busy machine the store may take more than two seconds: 503, and what it has claimed is released. A client asks again.
    await until(async () => {
      const left = Array.from({ length: 500 }, (_, i) => i).filter((i) => logged[(i * 7) % 500] === 0);
      await Promise.all(left.map(count));
      return left.length === 0;
    }, 20);
    expect(new Set(logged)).toEqual(new Set([1]));
    await until(async () => {
      const again = new Set(await Promise.all(tokens.map((_, i) => use(i))));
      expect(again).not.toContain(200);
      return !again.has(503);
    }, 20);
  });

  test("a token is remembered for as long as it could be accepted, and a minute more", async () => {
    const [usedTokens] = stores("time") as [UsedTokenStore];
    await core({ singleUse: true, clockTolerance: 30 }, { usedTokens }).login(submission({ exp: inSeconds(100) }));
    const keys = await admin.keys(`${run}time:*`);
    expect(keys).toEqual([expect.stringMatching(/:time:[\da-f]{64}$/)]);
    const seconds = await admin.ttl(keys[0] ?? "");
    expect(seconds).toBeGreaterThan(180);
    expect(seconds).toBeLessThanOrEqual(190);
  });

  test("a token whose login fails logs in on another replica, once", async () => {
    const [here, there] = stores("released") as [UsedTokenStore, UsedTokenStore];
    const issueToken = () => {
      throw new MatrixError("M_NOT_NOW", "later", { statusCode: 418 });
    };
    const once = submission();
    expect(await statuses(replica(here, { issueToken }), [once])).toEqual([418]);
    expect(await statuses(replica(there), [once, once])).toEqual([200, 403]);
    expect(await statuses(replica(here), [once])).toEqual([403]);
  });
}
