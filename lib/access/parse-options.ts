import { introspectionWatcher, keyWatcher, notifier, type Notify } from "../login/events.js";
import { parseLogger, RATE_LIMITS, serverName } from "../login/parse-options.js";
import { LoginLimits, type Limiters } from "../limits/login-limits.js";
import { together } from "../remote/watchers.js";
import { callback, numberFrom, type Check, type OptionReader } from "../support/checks.js";
import type { Logger } from "../support/logger.js";
import { optional, optionsOf, required, type OptionsOf } from "../support/options.js";
import { OptionsError } from "../support/options-error.js";
import { TokenError } from "../tokens/errors.js";
import { keyCache, SharedJwks } from "../tokens/keys/shared-jwks.js";
import type {
  AccessKeysErrorEvent,
  AccessRejectEvent,
  BearerAuthOptions,
  TokenCacheOptions,
  VerifiedAccess,
} from "./options.js";
import { TokenCache, type CacheSettings } from "./token-cache.js";
import { parseTokenSources, warnOfSharedNames, type TokenSources } from "./token-source.js";
import type { AccessConfig } from "./verify-access.js";

/** The options of {@link BearerAuthOptions}, in the form that requests use. */
export interface BearerConfig<User, Req> extends AccessConfig {
  readonly sources: TokenSources;
  readonly findUser: BearerAuthOptions<User, Req>["findUser"];
  /** Undefined: nothing is kept. */
  readonly cache: TokenCache<VerifiedAccess> | undefined;
  readonly limits: LoginLimits | undefined;
  readonly logger: Logger;
  readonly onReject: Notify<AccessRejectEvent<Req>> | undefined;
}

export const BEARER_OPTION_NAMES = [
  "serverName",
  "tokens",
  "externalIds",
  "findUser",
  "cache",
  "rateLimits",
  "logger",
  "onReject",
  "onKeysError",
  "keyCache",
] as const satisfies readonly (keyof BearerAuthOptions)[];

/** @throws OptionsError */
export function parseBearerOptions<User, Req>(options: OptionReader): BearerConfig<User, Req> {
  type Options = BearerAuthOptions<User, Req>;
  const logger = parseLogger(options);
  const onKeysError = notifier<AccessKeysErrorEvent>(options, "onKeysError", logger);
  const shared = options.optional("keyCache", keyCache) ?? new SharedJwks();
  const watcher = together(keyWatcher("access tokens", logger, onKeysError));
  const introspection = introspectionWatcher("access tokens", logger, onKeysError);
  const sources = options.required("tokens", (value, path) =>
    parseTokenSources(value, path, () => ({ shared, watcher: watcher(), introspectionWatcher: introspection })),
  );
  if (!options.has("externalIds")) warnOfSharedNames(sources.all);
  return {
    serverName: options.required("serverName", serverName),
    sources,
    externalIds: options.optional("externalIds", externalIds),
    findUser: options.optional("findUser", callback<NonNullable<Options["findUser"]>>),
    cache: cacheOf(options.optional("cache", cache, DEFAULT_CACHE)),
    limits: limitsOf(options.optional<Limiters>("rateLimits", rateLimits, {}), logger),
    logger,
    onReject: notifier(options, "onReject", logger),
  };
}

const DEFAULT_CACHE: CacheSettings = { maxEntries: 10_000, maxAge: 120 };

const moreThanZero: Check<number> = (value, path) => {
  if (numberFrom(0, Number.MAX_SAFE_INTEGER, { unit: "seconds" })(value, path) > 0) return value as number;
  throw new OptionsError(path, "must be more than 0 seconds");
};

const cacheOptions = optionsOf({
  maxEntries: optional(numberFrom(1, 1_000_000, { unit: "tokens", integer: true }), DEFAULT_CACHE.maxEntries),
  maxAge: optional(moreThanZero, DEFAULT_CACHE.maxAge),
} satisfies OptionsOf<TokenCacheOptions>);

const cache: Check<CacheSettings | false> = (value, path) => (value === false ? false : cacheOptions(value, path));

function cacheOf(settings: CacheSettings | false): TokenCache<VerifiedAccess> | undefined {
  return settings === false ? undefined : new TokenCache(settings, isInactive);
}

/** RFC 7662 section 2.2: the server said so, and may say so again for a while. */
function isInactive(error: unknown): boolean {
  return error instanceof TokenError && error.code === "inactive";
}

const externalIdOptions = optionsOf({
  find: required(callback<NonNullable<AccessConfig["externalIds"]>["find"]>),
});

const externalIds: Check<AccessConfig["externalIds"]> = (value, path) =>
  value === false ? undefined : externalIdOptions(value, path);

/** The limits of logins count attempts, which requests are not. */
const rateLimits = optionsOf({ failures: RATE_LIMITS.failures });

function limitsOf({ failures }: Limiters, logger: Logger): LoginLimits | undefined {
  return failures && new LoginLimits({ failures }, logger);
}
