import { Redis } from "ioredis";
import { redisUsedTokens, type RateLimits, type UsedTokenStore } from "matrix-jwt-login";
import type { Logger } from "pino";
import { RateLimiterMemory, RateLimiterRedis } from "rate-limiter-flexible";

import type { Config } from "./config.js";

/** What holds logins back. */
export interface Limits {
  readonly rateLimits: RateLimits;
  /** Undefined: the package's own memory of them. */
  readonly usedTokens: UsedTokenStore | undefined;
  readonly close: () => Promise<void>;
}

/** Shared by all replicas that have the same Redis; without one, each process counts for itself. */
export async function openLimits({ redisUrl, rateLimits }: Config, log: Logger): Promise<Limits> {
  if (redisUrl === undefined) {
    return {
      rateLimits: limiters(rateLimits, (points) => new RateLimiterMemory({ points, duration })),
      usedTokens: undefined,
      close: () => Promise.resolve(),
    };
  }
  const storeClient = await connectRedis(redisUrl, log);
  const shared = (points: number) => new RateLimiterRedis({ storeClient, keyPrefix, points, duration });
  return {
    rateLimits: limiters(rateLimits, shared),
    usedTokens: redisUsedTokens(storeClient, { prefix: `${keyPrefix}:used:` }),
    close: () => {
      storeClient.disconnect();
      return Promise.resolve();
    },
  };
}

/** Seconds. */
const duration = 60;
/** The package's keys say what each counts. */
const keyPrefix = "matrix-login";

type Limiter = RateLimiterMemory | RateLimiterRedis;

function limiters({ address, account, failures }: Config["rateLimits"], make: (points: number) => Limiter): RateLimits {
  return {
    ...(address > 0 && { address: make(address) }),
    ...(account > 0 && { account: make(account) }),
    ...(failures > 0 && { failures: make(failures) }),
  };
}

/**
 * While Redis is away, a command fails at once, and is neither kept nor sent again: the login that it belonged to has had
 * its answer by then, and a claim that counts twice would shut a good token out. Redis is tried again all the while.
 */
async function connectRedis(url: string, log: Logger): Promise<Redis> {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2000,
    commandTimeout: 1500,
    // A connection on which nothing comes any more is made anew.
    socketTimeout: 2000,
    retryStrategy: (attempt) => Math.min(attempt * 50, 500),
  });
  let lastError: Error | undefined;
  redis.on("error", (error) => {
    // One line an outage, not one an attempt.
    if (lastError === undefined) log.error({ err: error }, "Redis can't be reached; logins by token are refused");
    lastError = error;
  });
  redis.on("ready", () => {
    if (lastError !== undefined) log.info("Redis is reached again");
    lastError = undefined;
  });
  try {
    await redis.connect();
    return redis;
  } catch (error) {
    redis.disconnect();
    const { message } = lastError ?? (error as Error);
    throw new Error(`Redis can't be used: ${message}`, { cause: error });
  }
}
