import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { MatrixError, type UsedTokenStore } from "matrix-jwt-login";
import pg from "pg";

import { core, submission } from "../helpers/core.js";
import { runExamples } from "../helpers/examples.js";
import { freshToken, statuses, statusOf } from "../limits/helpers.js";

const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "used-tokens-postgres.md"), "utf8");
const [, sql = ""] = /^```sql\n([^`]*)/m.exec(page) ?? [];
const [, store = ""] = /^```ts\n([\s\S]*?)^```/m.exec(page) ?? [];

const { DATABASE_URL = "" } = process.env;
const described = DATABASE_URL.startsWith("postgres") ? describe : describe.skip;
const REPLICAS = 3;

interface Modules {
  readonly store: {
    readonly postgresUsedTokens: (pool: pg.Pool) => UsedTokenStore;
    readonly deleteOldUsedTokens: (pool: pg.Pool) => Promise<void>;
  };
}

described("the page's store, in Postgres (DATABASE_URL)", () => {
  const schema = `used_${randomUUID().replaceAll("-", "")}`;
  let pools: readonly pg.Pool[];
  let modules: Modules;

  beforeAll(async () => {
    modules = await runExamples<Modules>({ store });
    const options = `-c search_path=${schema}`;
    pools = Array.from({ length: REPLICAS }, () => new pg.Pool({ connectionString: DATABASE_URL, options, max: 5 }));
    await pools[0]?.query(`CREATE SCHEMA ${schema}`);
    await pools[0]?.query(sql);
  });
  afterAll(async () => {
    await pools[0]?.query(`DROP SCHEMA ${schema} CASCADE`);
    await Promise.all(pools.map((pool) => pool.end()));
  });

  const logins = (options: object = {}) =>
    pools.map((pool) => core({ singleUse: true }, { usedTokens: modules.store.postgresUsedTokens(pool), ...options }));

  test("300 uses of 100 single-use tokens at once, on three replicas: 100 logins", async () => {
    const replicas = logins();
    const tokens = Array.from({ length: 100 }, () => freshToken());
    const all = await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        statusOf(
          replicas[i % REPLICAS]?.login(submission({}, { token: tokens[(i * 7) % 100] })) ??
            Promise.reject(new Error()),
        ),
      ),
    );
    expect(all.filter((status) => status === 200)).toHaveLength(100);
    expect(all.filter((status) => status === 403)).toHaveLength(200);
  });

  test("a token whose login fails logs in on another replica, once", async () => {
    const issueToken = () => {
      throw new MatrixError("M_NOT_NOW", "later", { statusCode: 418 });
    };
    const [failing = core()] = logins({ issueToken });
    const [, other = core()] = logins();
    const once = submission({}, { token: freshToken() });
    expect(await statuses(failing, [once])).toEqual([418]);
    expect(await statuses(other, [once, once])).toEqual([200, 403]);
  });

  test("a key is free again when its time is over, and is deleted", async () => {
    const [pool] = pools as [pg.Pool];
    const store = modules.store.postgresUsedTokens(pool);
    const count = async () =>
      Number((await pool.query<{ n: string }>("SELECT count(*) n FROM used_tokens")).rows[0]?.n);
    const before = await count();
    expect([await store.claim("one", 60), await store.claim("one", 60), await store.claim("two", 60)]).toEqual([
      true,
      false,
      true,
    ]);
    await pool.query("UPDATE used_tokens SET until = now() WHERE key IN ('one', 'two')");
    expect([await store.claim("one", 60), await store.claim("one", 60)]).toEqual([true, false]);
    await modules.store.deleteOldUsedTokens(pool);
    expect(await count()).toBe(before + 1);
  });

  test("a database that is gone is 503", async () => {
    const pool = new pg.Pool({ connectionString: DATABASE_URL });
    await pool.end();
    const login = core({ singleUse: true }, { usedTokens: modules.store.postgresUsedTokens(pool), logger: false });
    expect(await statuses(login, [submission({}, { token: freshToken() })])).toEqual([503]);
  });
});
