import type { Limiters, LoginLimits } from "../limits/login-limits.js";
import { limitsOf, RATE_LIMITS } from "../limits/parse-options.js";
import { serverName } from "../matrix/identifiers.js";
import { callback, type Check, moreThanZero, numberFrom, seconds } from "../support/checks.js";
import { anyLogger, consoleLogger, type Logger } from "../support/logger.js";
import { notifier, type Notify } from "../support/notify.js";
import { type Inner, optional, type OptionsOf, optionsOf, required, type Values } from "../support/options.js";
import type { Entries } from "../tokens/by-issuer.js";
import { tokenContexts, withoutLoginType } from "../tokens/context.js";
import { InactiveError } from "../tokens/introspection.js";
import { keyCache } from "../tokens/keys/shared-jwks.js";
import type { AccessRejectEvent, BearerAuthOptions, TokenCacheOptions, VerifiedAccess } from "./options.js";
import { type CacheSettings, TokenCache } from "./token-cache.js";
import { parseTokenSources, SOURCE_OPTIONS, type TokenSource, warnOfSharedNames } from "./token-source.js";
import type { AccessConfig } from "./verify-access.js";

/** The options of {@link BearerAuthOptions}, in the form that requests use. */
export interface BearerConfig<User, Req> extends AccessConfig {
  readonly sources: Entries<TokenSource>;
  readonly findUser: BearerAuthOptions<User, Req>["findUser"];
  /** Undefined: nothing is kept. */
  readonly cache: TokenCache<VerifiedAccess> | undefined;
  readonly limits: LoginLimits | undefined;
  readonly logger: Logger;
  readonly onReject: Notify<AccessRejectEvent<Req>> | undefined;
}

/** Names, checks and defaults of {@link BearerAuthOptions}. */
export function bearerOptions<User, Req>() {
  type Options = Required<BearerAuthOptions<User, Req>>;
  return {
    serverName: required(serverName),
    /** Checked later, by {@link parseBearerOptions}: several of them share keys. */
    tokens: required((value: unknown) => value),
    externalIds: optional(externalIds),
    findUser: optional(callback<Options["findUser"]>),
    cache: optional(cache, DEFAULT_CACHE),
    rateLimits: optional<Limiters>(optionsOf({ failures: RATE_LIMITS.failures }), {}),
    logger: optional(anyLogger, consoleLogger),
    onReject: optional(callback<Options["onReject"]>),
    onKeysError: optional(callback<Options["onKeysError"]>),
    keyCache: optional(keyCache),
  } satisfies OptionsOf<Options>;
}

/** What is easily written beside `tokens`. */
export const WITHIN_BEARER: Inner = { tokens: Object.keys(SOURCE_OPTIONS) };

/** @throws OptionsError */
export function parseBearerOptions<User, Req>(
  options: Values<ReturnType<typeof bearerOptions<User, Req>>>,
): BearerConfig<User, Req> {
  const { serverName, externalIds, findUser, logger } = options;
  const context = tokenContexts({ ...options, onKeysError: withoutLoginType(options.onKeysError) })("access tokens");
  const sources = parseTokenSources(options.tokens, "tokens", context);
  if (externalIds === undefined) warnOfSharedNames(sources.all);
  return {
    serverName,
    sources,
    externalIds: externalIds === false ? undefined : externalIds,
    findUser,
    cache: cacheOf(options.cache),
    limits: limitsOf(options.rateLimits, logger),
    logger,
    onReject: notifier(options.onReject, "onReject", logger),
  };
}

const DEFAULT_CACHE: CacheSettings = { maxEntries: 10_000, maxAge: 120 };

const cacheOptions = optionsOf({
  maxEntries: optional(numberFrom(1, 1_000_000, { unit: "tokens", integer: true }), DEFAULT_CACHE.maxEntries),
  maxAge: optional(moreThanZero(seconds(0)), DEFAULT_CACHE.maxAge),
} satisfies OptionsOf<TokenCacheOptions>);

const cache: Check<CacheSettings | false> = (value, path) => (value === false ? false : cacheOptions(value, path));

function cacheOf(settings: CacheSettings | false): TokenCache<VerifiedAccess> | undefined {
  return settings === false ? undefined : new TokenCache(settings, isInactive);
}

/** RFC 7662 section 2.2: the server said so, and may say so again for a while. */
function isInactive(error: unknown): boolean {
  return error instanceof InactiveError;
}

const externalIdOptions = optionsOf({
  find: required(callback<NonNullable<AccessConfig["externalIds"]>["find"]>),
});

/** False: users of one name are explicitly one user. */
const externalIds: Check<NonNullable<AccessConfig["externalIds"]> | false> = (value, path) =>
  value === false ? false : externalIdOptions(value, path);
