import { anyObject, type Check, kindOf } from "../support/checks.js";
import { isJsonObject } from "../support/json.js";
import type { Logger } from "../support/logger.js";
import { optional, type OptionsOf } from "../support/options.js";
import { OptionsError } from "../support/options-error.js";
import type { FailureLimiter, RateLimiter, RateLimits } from "./limiter.js";
import { type Limiters, LoginLimits } from "./login-limits.js";
import type { UsedTokenStore } from "./used-tokens.js";

export const RATE_LIMITS = {
  address: optional(limiterWith<RateLimiter>("consume")),
  account: optional(limiterWith<RateLimiter>("consume")),
  failures: optional(limiterWith<FailureLimiter>("consume", "reward")),
} satisfies OptionsOf<RateLimits>;

/** By shape, not by class: two copies of rate-limiter-flexible can be loaded beside each other. */
function limiterWith<L>(...methods: readonly (string & keyof L)[]): Check<L> {
  return (value, path) => {
    const missing = missingMethods(value, methods);
    if (missing.length === 0) return value as L;
    const wanted = "a limiter of rate-limiter-flexible, or have its shape";
    if (!isJsonObject(value)) throw new OptionsError(path, `must be an object, not ${kindOf(value)}: ${wanted}`);
    anyObject(value, path);
    throw new OptionsError(path, `must be ${wanted}; it lacks the method ${missing.join(" and ")}`);
  };
}

export const usedTokenStore: Check<UsedTokenStore> = (value, path) => {
  const missing = missingMethods(value, ["claim", "release"]);
  if (missing.length === 0) return value as UsedTokenStore;
  const isLimiter = typeof anyObject(value, path)["consume"] === "function";
  throw new OptionsError(
    path,
    isLimiter
      ? "is a limiter, which version 1 took here; it must be a store with the methods claim and release, e.g. " +
          "redisUsedTokens(client)"
      : `must be a store, e.g. redisUsedTokens(client); it lacks the method ${missing.join(" and ")}`,
  );
};

/** @param value - an object, or a class with static methods */
function missingMethods(value: unknown, methods: readonly string[]): readonly string[] {
  const object = Object(value) as Readonly<Record<string, unknown>>;
  return methods.filter((name) => typeof object[name] !== "function");
}

/** Undefined if there are none. */
export function limitsOf(limiters: Limiters, logger: Logger): LoginLimits | undefined {
  const isEmpty = Object.values(limiters).every((limiter) => limiter === undefined);
  return isEmpty ? undefined : new LoginLimits(limiters, logger);
}
