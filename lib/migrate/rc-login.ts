import type { FailureLimiter } from "../limits/limiter.js";
import { anyObject, type Check, numberFrom, objectWith } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";
import { type BucketSettings, LeakyBuckets, settingsOf } from "./leaky-buckets.js";
import { type RedisClient, RedisLeakyBuckets } from "./redis-leaky-buckets.js";
import { assertPart, SettingsReader, withoutNulls } from "./yaml.js";

/** How many logins Synapse lets through. */
export interface SynapseRateLimit {
  /**
   * Logins a second, in the long run.
   *
   * @defaultValue `0.003`; of `failed_attempts`, `0.17`
   */
  readonly per_second?: number | null;
  /**
   * Logins that may come at once, before `per_second` limits them. A whole number.
   *
   * @defaultValue `5`; of `failed_attempts`, `3`
   */
  readonly burst_count?: number | null;
}

/** Synapse's `rc_login`, as it stands in its YAML. What is left out is as in Synapse. */
export interface SynapseRcLogin {
  /** Of one address. */
  readonly address?: SynapseRateLimit | null;
  /** Of one account. */
  readonly account?: SynapseRateLimit | null;
  /**
   * Of failed logins. Synapse counts them by the user that a client claims to be. Here they count by address: otherwise a
   * stranger could lock a user out.
   */
  readonly failed_attempts?: SynapseRateLimit | null;
}

/** Limiters that fill and drain as Synapse's do, for the option `rateLimits`. */
export interface SynapseRateLimits {
  /** Of login attempts, by address. */
  readonly address: FailureLimiter;
  /** Of verified logins, by user ID. */
  readonly account: FailureLimiter;
  /** Of failed logins, by address. Present only if `rc_login` has `failed_attempts`. */
  readonly failures?: FailureLimiter;
}

interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Synapse's own. */
const DEFAULTS = {
  address: { perSecond: 0.003, burst: 5 },
  account: { perSecond: 0.003, burst: 5 },
  failed_attempts: { perSecond: 0.17, burst: 3 },
} as const satisfies Readonly<Record<keyof SynapseRcLogin, Rate>>;

/**
 * `rateLimits` of the rates and bursts of Synapse's `rc_login`: a login attempt is let through while the bucket of its
 * address has room, a verified login while that of its account has; buckets drain at `per_second`, and what is refused
 * fills none. `failed_attempts`, if it is there, makes the limit of failures. After a burst of 5 at 0.003 a second, the next one gets through after 333 seconds.
 *
 * @param rcLogin - `rc_login` as it stands in the YAML
 * @param storeClient - a client of Redis or Valkey, whose buckets all replicas share; without one they are in memory, each
 * process by itself
 * @throws OptionsError if `rc_login` is invalid, or `storeClient` is no such client
 */
export function fromSynapseRcLogin(
  rcLogin: SynapseRcLogin | null | undefined,
  storeClient?: RedisClient,
): SynapseRateLimits {
  const names = ["address", "account", "failed_attempts"] as const satisfies readonly (keyof SynapseRcLogin)[];
  assertPart(rcLogin, "rc_login");
  const options = new SettingsReader(withoutNulls(objectWith(names)(rcLogin ?? {}, "rc_login")), "rc_login");
  const client = storeClient === undefined ? undefined : redisClient(storeClient, "storeClient");
  const limiter = (name: (typeof names)[number]): FailureLimiter => {
    const settings = options.optional(name, rateLimit(DEFAULTS[name]), settingsOf(DEFAULTS[name]));
    return client === undefined ? new LeakyBuckets(settings) : new RedisLeakyBuckets(settings, client);
  };
  const counted = options.optional("failed_attempts", anyObject) !== undefined;
  return {
    address: limiter("address"),
    account: limiter("account"),
    ...(counted && { failures: limiter("failed_attempts") }),
  };
}

function rateLimit(byDefault: Rate): Check<BucketSettings> {
  const names = ["per_second", "burst_count"] as const satisfies readonly (keyof SynapseRateLimit)[];
  const perSecond = numberFrom(1e-6, 1e6, { unit: "logins a second" });
  const burst = numberFrom(1, 1e6, { unit: "logins", integer: true });
  return (value, path) => {
    const options = new SettingsReader(withoutNulls(objectWith(names)(value, path)), path);
    return settingsOf({
      perSecond: options.optional("per_second", perSecond, byDefault.perSecond),
      burst: options.optional("burst_count", burst, byDefault.burst),
    });
  };
}

const redisClient: Check<RedisClient> = (value, path) => {
  const { eval: run } = Object(value) as { eval?: unknown };
  if (typeof run === "function") return value as RedisClient;
  throw new OptionsError(path, "must be a client of Redis or Valkey, of ioredis or node-redis");
};
