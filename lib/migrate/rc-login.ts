import { numberFrom, objectWith, OptionReader, type Check } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";
import { LeakyBuckets, settingsOf, type BucketSettings } from "../limits/leaky-bucket.js";
import type { FailureLimiter } from "../limits/limiter.js";
import { RedisLeakyBuckets, type RedisClient } from "../limits/redis-leaky-buckets.js";
import { withoutNulls } from "./yaml.js";

/** How many logins Synapse lets through. */
export interface SynapseRateLimit {
  /**
   * Logins a second, in the long run.
   *
   * @defaultValue `0.003`
   */
  readonly per_second?: number | null;
  /**
   * Logins at once, before that. A whole number.
   *
   * @defaultValue `5`
   */
  readonly burst_count?: number | null;
}

/** Synapse's `rc_login`, as it stands in its YAML. What is left out is as Synapse has it: 0.003 a second after 5. */
export interface SynapseRcLogin {
  /** Of one address. */
  readonly address?: SynapseRateLimit | null;
  /** Of one account. */
  readonly account?: SynapseRateLimit | null;
  /** Not acted on: Synapse counts failed passwords by it, and its login by token never looks at it. */
  readonly failed_attempts?: SynapseRateLimit | null;
}

/** Limiters that fill and drain as Synapse's do, for the option `rateLimits`. */
export interface SynapseRateLimits {
  /** Of login attempts, by address. */
  readonly address: FailureLimiter;
  /** Of verified logins, by user ID. */
  readonly account: FailureLimiter;
}

/** Synapse's own, of `address` and `account` alike. */
const DEFAULTS = { perSecond: 0.003, burst: 5 };

/**
 * `rateLimits` of the rates and bursts of Synapse's `rc_login`: a login attempt is let through while the bucket of its
 * address has room, a verified login while that of its account has; buckets drain at `per_second`, and what is refused
 * fills none. After a burst of 5 at 0.003 a second, the next one gets through after 333 seconds.
 *
 * @param rcLogin - `rc_login` as it stands in the YAML
 * @param storeClient - a client of Redis or Valkey, whose buckets all replicas share; without one they are in memory, each
 * process by itself
 * @throws OptionsError where `rc_login` holds what is unknown or can't be, or `storeClient` is no such client
 */
export function fromSynapseRcLogin(
  rcLogin: SynapseRcLogin | null | undefined,
  storeClient?: RedisClient,
): SynapseRateLimits {
  const names = ["address", "account", "failed_attempts"] as const satisfies readonly (keyof SynapseRcLogin)[];
  const options = new OptionReader(withoutNulls(objectWith(names)(rcLogin ?? {}, "rc_login")), "rc_login");
  const client = new OptionReader({ storeClient }, "").optional("storeClient", redisClient);
  options.optional("failed_attempts", rateLimit);
  const limiter = (name: (typeof names)[number]): FailureLimiter => {
    const settings = options.optional(name, rateLimit, settingsOf(DEFAULTS));
    return client === undefined ? new LeakyBuckets(settings) : new RedisLeakyBuckets(settings, client);
  };
  return { address: limiter("address"), account: limiter("account") };
}

const rateLimit: Check<BucketSettings> = (value, path) => {
  const names = ["per_second", "burst_count"] as const satisfies readonly (keyof SynapseRateLimit)[];
  const options = new OptionReader(withoutNulls(objectWith(names)(value, path)), path);
  const perSecond = numberFrom(1e-6, 1e6, { unit: "logins a second" });
  const burst = numberFrom(1, 1e6, { unit: "logins", integer: true });
  return settingsOf({
    perSecond: options.optional("per_second", perSecond, DEFAULTS.perSecond),
    burst: options.optional("burst_count", burst, DEFAULTS.burst),
  });
};

const redisClient: Check<RedisClient> = (value, path) => {
  const { eval: run } = Object(value) as { eval?: unknown };
  if (typeof run === "function") return value as RedisClient;
  throw new OptionsError(path, "must be a client of Redis or Valkey, of ioredis or node-redis");
};
