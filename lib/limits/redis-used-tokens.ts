import { text } from "../support/checks.js";
import { optional, optionsOf } from "../support/options.js";
import { OptionsError } from "../support/options-error.js";
import type { UsedTokenStore } from "./used-tokens.js";

/** A client made by ioredis or by node-redis (the package `redis`), for one server or a cluster: Redis 2.6.12 or later, or Valkey. */
export interface RedisStoreClient {
  /** Sets a key (`SET`). */
  set(...args: never[]): unknown;
  /** Deletes a key (`DEL`). */
  del(...args: never[]): unknown;
}

interface Commands {
  set(key: string, value: string, ...options: unknown[]): unknown;
  del(key: string): unknown;
}

const storeOptions = optionsOf({ prefix: optional(text, "matrix-jwt-login:used:") }, {}, "absent");

/**
 * Makes a store of used tokens (`usedTokens`) in Redis, shared by all processes that use it with the same prefix.
 *
 * @remarks
 * Redis must not evict keys (`maxmemory-policy noeviction`), nor lose them when it restarts: a token whose key is gone logs
 * in again. A client should send no command twice: with ioredis, set `autoResendUnfulfilledCommands` to false and
 * `maxRetriesPerRequest` to 0. A busy pool of node-redis may give up before it releases the token of a login that failed,
 * which is then used up: set its `acquireTimeout` to 0.
 *
 * @param client - of ioredis or node-redis, connected by the host
 * @param options - `prefix`: what keys begin with, `matrix-jwt-login:used:` unless given
 * @throws OptionsError if `client` has no methods `set` and `del`, or an option is invalid
 */
export function redisUsedTokens(
  client: RedisStoreClient,
  options: { readonly prefix?: string | undefined } = {},
): UsedTokenStore {
  const { set, del } = Object(client) as { readonly set?: unknown; readonly del?: unknown };
  if (typeof set !== "function" || typeof del !== "function") {
    throw new OptionsError("client", "must be a client of Redis or Valkey, of ioredis or node-redis");
  }
  const { prefix } = storeOptions(options, "");
  const redis: Commands = client;
  const setIfNew = takesArguments(client)
    ? (key: string, seconds: number) => redis.set(key, "1", "EX", seconds, "NX")
    : (key: string, seconds: number) => redis.set(key, "1", { EX: seconds, NX: true });
  return {
    async claim(key, seconds) {
      const reply = await setIfNew(prefix + key, seconds);
      if (reply === null) return false;
      if (reply === "OK") return true;
      throw new Error("Redis did not reply to SET with NX as it should");
    },
    async release(key) {
      await redis.del(prefix + key);
    },
  };
}

/**
 * ioredis takes arguments in a row, and can define commands; node-redis takes an object, and says whether it is open.
 * If in doubt, an object: ioredis makes a syntax error of it, while node-redis would ignore arguments in a row.
 */
export function takesArguments(client: object): boolean {
  return "defineCommand" in client && !("isOpen" in client);
}
