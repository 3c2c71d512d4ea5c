import { anyObject, type Check, type OptionReader } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";
import type { RateLimits, UsedTokenLimiter } from "../limits/limiter.js";
import { readerOf } from "../tokens/parse-options.js";

const RATE_LIMIT_NAMES = ["address", "account", "failures"] as const satisfies readonly (keyof RateLimits)[];

/** @throws OptionsError */
export function parseRateLimits(options: OptionReader): RateLimits {
  return options.optional("rateLimits", rateLimits, {});
}

/** @throws OptionsError */
export function parseUsedTokens(options: OptionReader): UsedTokenLimiter | undefined {
  return options.optional("usedTokens", limiterWith<UsedTokenLimiter>("consume", "delete"));
}

const rateLimits: Check<RateLimits> = (value, path) => {
  const limits = readerOf(value, path, RATE_LIMIT_NAMES);
  const address = limits.optional("address", limiterWith<NonNullable<RateLimits["address"]>>("consume"));
  const account = limits.optional("account", limiterWith<NonNullable<RateLimits["account"]>>("consume"));
  const failures = limits.optional("failures", limiterWith<NonNullable<RateLimits["failures"]>>("consume", "reward"));
  return { ...(address && { address }), ...(account && { account }), ...(failures && { failures }) };
};

/** By shape, not by class: two copies of rate-limiter-flexible can be loaded beside each other. */
function limiterWith<L>(...methods: readonly (string & keyof L)[]): Check<L> {
  return (value, path) => {
    const limiter = anyObject(value, path);
    const missing = methods.filter((name) => typeof limiter[name] !== "function");
    if (missing.length === 0) return value as L;
    throw new OptionsError(
      path,
      `must be a limiter of rate-limiter-flexible, or have its shape; it lacks the method ${missing.join(" and ")}`,
    );
  };
}
