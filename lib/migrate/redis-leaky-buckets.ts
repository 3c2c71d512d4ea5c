import type { FailureLimiter } from "../limits/limiter.js";
import { takesArguments } from "../limits/redis-used-tokens.js";
import { type BucketAnswer, type BucketSettings, full, taken } from "./leaky-buckets.js";

/** A client of Redis 5 or later, or Valkey: of ioredis or of node-redis (its package is `redis`). */
export interface RedisClient {
  /** Runs a Lua script (`EVAL`). */
  eval(...args: never[]): unknown;
}

/**
 * Fills the bucket `KEYS[1]` by some points, or drains it where they are negative. Gives the milliseconds until there is
 * room; 0 where there was. All replicas count in one place and by one clock, that of Redis.
 */
const SCRIPT = `
local interval, burst, points = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local level = math.max(tonumber(redis.call('GET', KEYS[1]) or now) - now, 0)
level = math.min(level, burst * interval) + points * interval
local wait = level - burst * interval
if wait > 0 then return math.ceil(wait / 1000) end
if level > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f', now + level), 'PX', math.ceil(level / 1000))
else
  redis.call('DEL', KEYS[1])
end
return 0
`;

const PREFIX = "matrix-jwt-login:";

/** Leaky buckets as {@link LeakyBuckets}, in Redis, shared by all that use it. */
export class RedisLeakyBuckets implements FailureLimiter {
  readonly #eval: (key: string, args: readonly string[]) => unknown;
  readonly #settings: BucketSettings;

  constructor(settings: BucketSettings, client: RedisClient) {
    this.#eval = evalOf(client);
    this.#settings = settings;
  }

  async consume(key: string, points = 1): Promise<BucketAnswer> {
    const wait = await this.#fill(key, points);
    return wait > 0 ? full(wait) : taken(this.#settings);
  }

  async reward(key: string, points = 1): Promise<void> {
    await this.#fill(key, -points);
  }

  async #fill(key: string, points: number): Promise<number> {
    const { interval, burst } = this.#settings;
    const reply = String(await this.#eval(PREFIX + key, [interval, burst, points].map(String)));
    if (/^\d+$/.test(reply)) return Number(reply);
    throw new Error("Redis gave something else than milliseconds");
  }
}

interface Scripting {
  eval(script: string, ...rest: unknown[]): unknown;
}

function evalOf(client: RedisClient): (key: string, args: readonly string[]) => unknown {
  const redis: Scripting = client;
  return takesArguments(client)
    ? (key, args) => redis.eval(SCRIPT, 1, key, ...args)
    : (key, args) => redis.eval(SCRIPT, { keys: [key], arguments: args });
}
