import { randomBytes } from "node:crypto";

import { afterAll, describe } from "@jest/globals";
import { Redis } from "ioredis";
import pg from "pg";

const { DATABASE_URL, REDIS_URL } = process.env;

/** Tests that need a service skip themselves where there is none, and say in their name what they need. */
const needing = (variables: Readonly<Record<string, string | undefined>>): typeof describe | typeof describe.skip =>
  Object.values(variables).includes(undefined) ? describe.skip : describe;

export const withPostgres = needing({ DATABASE_URL });
export const withRedis = needing({ REDIS_URL });
export const withBoth = needing({ DATABASE_URL, REDIS_URL });

const cleanups: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const cleanUp of cleanups) await cleanUp();
});

/** The URL of an empty database of the test's own. */
export async function newPostgres(): Promise<string> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  const url = new URL(DATABASE_URL ?? "");
  await query(url.href, `CREATE DATABASE ${name}`);
  cleanups.push(() => query(DATABASE_URL ?? "", `DROP DATABASE ${name} WITH (FORCE)`));
  url.pathname = name;
  return url.href;
}

export async function query(databaseUrl: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text);
    return rows;
  } finally {
    await client.end();
  }
}

/** The URL of a Redis in which the test has keys of its own. */
export function newRedis(): string {
  const prefix = `test:${randomBytes(6).toString("hex")}:`;
  cleanups.push(async () => {
    const redis = new Redis(REDIS_URL ?? "");
    const keys = await redis.keys(`${prefix}*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
  });
  const url = new URL(REDIS_URL ?? "");
  url.searchParams.set("keyPrefix", prefix);
  return url.href;
}
