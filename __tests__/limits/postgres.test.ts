import { randomUUID } from "node:crypto";

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import pg from "pg";
import { RateLimiterPostgres } from "rate-limiter-flexible";

import { core, submission } from "../helpers/core.js";
import { statuses } from "./helpers.js";

const { DATABASE_URL = "" } = process.env;
const described = DATABASE_URL.startsWith("postgres") ? describe : describe.skip;

described("over Postgres (DATABASE_URL)", () => {
  const tableName = `limits_${randomUUID().replaceAll("-", "")}`;
  let pools: pg.Pool[];

  beforeAll(async () => {
    pools = Array.from({ length: 3 }, () => new pg.Pool({ connectionString: DATABASE_URL, max: 5 }));
    await limiter(pools[0], {});
  });

  afterAll(async () => {
    await pools[0]?.query(`DROP TABLE "${tableName}"`);
    await Promise.all(pools.map((pool) => pool.end()));
  });

  function limiter(storeClient: pg.Pool | undefined, options: object): Promise<RateLimiterPostgres> {
    return new Promise((resolve, reject) => {
      const settings = { storeClient, tableName, points: 5, duration: 60, clearExpiredByTimeout: false, ...options };
      const made: RateLimiterPostgres = new RateLimiterPostgres(settings, (error) => {
        if (error) reject(error);
        // The constructor may call back before it returns.
        else
          setImmediate(() => {
            resolve(made);
          });
      });
    });
  }

  const limiters = (options: object) => Promise.all(pools.map((pool) => limiter(pool, options)));

  test("one limit of three replicas lets its points through", async () => {
    const logins = (await limiters({ keyPrefix: "one" })).map((address) => core({}, { rateLimits: { address } }));
    const all = await Promise.all(
      Array.from({ length: 60 }, (_, i) => statuses(logins[i % 3] ?? core(), [submission()])),
    );
    expect(all.flat().filter((status) => status === 200)).toHaveLength(5);
    expect(all.flat().filter((status) => status === 429)).toHaveLength(55);
  });

  test("a pool that has ended is a limiter that is down", async () => {
    const pool = new pg.Pool({ connectionString: DATABASE_URL });
    const address = await limiter(pool, { keyPrefix: "ended" });
    await pool.end();
    expect(await statuses(core({}, { rateLimits: { address } }), [submission()])).toEqual([503]);
  });
});
