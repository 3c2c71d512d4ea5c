import type { OptionReader } from "../support/checks.js";
import { anyObject, at, callback, text, type Check } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";
import type { RateLimits, UsedTokenLimiter } from "../limits/limiter.js";
import { LimiterUsedTokens } from "../limits/limiter-used-tokens.js";
import { LoginLimits } from "../limits/login-limits.js";
import { MemoryUsedTokens } from "../limits/memory-used-tokens.js";
import type { UsedTokens } from "../limits/used-tokens.js";
import { SharedJwks } from "../tokens/keys/shared-jwks.js";
import { consoleLogger, neverThrowing, silentLogger, type Logger } from "../support/logger.js";
import { isServerName } from "../matrix/identifiers.js";
import { SPECIFIED_LOGIN_TYPES } from "../matrix/login-flows.js";
import { keyWatcher, notifier, type Notify } from "./events.js";
import type { JwtLoginOptions, KeysErrorEvent, LoginEvent, RejectEvent } from "./options.js";
import { parseRateLimits, parseUsedTokens } from "./parse-limits.js";
import { parseLoginType, type LoginType } from "./parse-login-type.js";

export interface LoginConfig<User, Req> extends Pick<
  JwtLoginOptions<User, Req>,
  "serverName" | "findUser" | "registerUser" | "issueToken" | "wellKnown"
> {
  readonly loginTypes: ReadonlyMap<string, LoginType>;
  /** Undefined: there are none. */
  readonly limits: LoginLimits | undefined;
  readonly singleUse: SingleUse;
  readonly logger: Logger;
  readonly onLogin: Notify<LoginEvent<Req>> | undefined;
  readonly onReject: Notify<RejectEvent<Req>> | undefined;
}

/** What login types that take a token once have in common. */
export interface SingleUse {
  readonly usedTokens: UsedTokens;
  /** The widest of theirs, in seconds: a token may be sent under each of them. */
  readonly clockTolerance: number;
}

export const LOGIN_OPTION_NAMES = [
  "serverName",
  "loginTypes",
  "findUser",
  "registerUser",
  "issueToken",
  "rateLimits",
  "usedTokens",
  "wellKnown",
  "logger",
  "onLogin",
  "onReject",
  "onKeysError",
] as const satisfies readonly (keyof JwtLoginOptions<unknown>)[];

/** @throws OptionsError */
export function parseLoginOptions<User, Req>(options: OptionReader): LoginConfig<User, Req> {
  type Options = JwtLoginOptions<User, Req>;
  const logger = parseLogger(options);
  const onKeysError = notifier<KeysErrorEvent>(options, "onKeysError", logger);
  const registerUser = options.optional("registerUser", callback<NonNullable<Options["registerUser"]>>);
  const wellKnown = options.optional("wellKnown", jsonObject);
  const shared = new SharedJwks();
  const loginTypes = options.required(
    "loginTypes",
    mapOf((value, path, name) => {
      const loginType = parseLoginType(value, path, { shared, watcher: keyWatcher(name, logger, onKeysError) });
      if (loginType.allowRegistration && registerUser === undefined) {
        throw new OptionsError(at(path, "allowRegistration"), "needs the callback registerUser");
      }
      return loginType;
    }),
  );
  return {
    serverName: options.required("serverName", serverName),
    loginTypes,
    limits: limitsOf(parseRateLimits(options), logger),
    singleUse: singleUseOf(parseUsedTokens(options), Array.from(loginTypes.values()), logger),
    findUser: options.required("findUser", callback<Options["findUser"]>),
    ...(registerUser && { registerUser }),
    issueToken: options.required("issueToken", callback<Options["issueToken"]>),
    ...(wellKnown && { wellKnown }),
    logger,
    onLogin: notifier(options, "onLogin", logger),
    onReject: notifier(options, "onReject", logger),
  };
}

function limitsOf(limits: RateLimits, logger: Logger): LoginLimits | undefined {
  return Object.keys(limits).length === 0 ? undefined : new LoginLimits(limits, logger);
}

function singleUseOf(
  limiter: UsedTokenLimiter | undefined,
  loginTypes: readonly LoginType[],
  logger: Logger,
): SingleUse {
  return {
    usedTokens: limiter === undefined ? new MemoryUsedTokens(logger) : new LimiterUsedTokens(limiter, logger),
    clockTolerance: Math.max(
      ...loginTypes.map(({ singleUse, verifier }) => (singleUse ? verifier.config.rules.clockTolerance : 0)),
    ),
  };
}

/** @throws OptionsError */
export function parseLogger(options: OptionReader): Logger {
  return neverThrowing(options.optional("logger", anyLogger, consoleLogger));
}

const serverName: Check<string> = (value, path) => {
  if (isServerName(text(value, path))) return value as string;
  throw new OptionsError(path, "must be a Matrix server name, e.g. example.org or example.org:8448, not a URL");
};

function mapOf<T>(check: (value: unknown, path: string, name: string) => T): Check<ReadonlyMap<string, T>> {
  return (value, path) => {
    const names = Object.keys(anyObject(value, path));
    if (names.length === 0) throw new OptionsError(path, "must hold at least one login type");
    return new Map(
      names.map((name) => {
        const here = at(path, name);
        if (name === "") throw new OptionsError(here, "must have a name, e.g. org.matrix.login.jwt");
        if (SPECIFIED_LOGIN_TYPES.has(name)) {
          throw new OptionsError(
            here,
            "is a login type of the specification, with rules of its own; choose another name",
          );
        }
        return [name, check((value as Record<string, unknown>)[name], here, name)];
      }),
    );
  };
}

const anyLogger: Check<Logger> = (value, path) => {
  if (value === false) return silentLogger;
  const logger = anyObject(value, path);
  for (const level of ["debug", "info", "warn", "error"]) callback(logger[level], at(path, level));
  return value as Logger;
};

function asJson(object: object, path: string): unknown {
  try {
    return JSON.parse(JSON.stringify(object)) as unknown;
  } catch (cause) {
    throw new OptionsError(path, "must be an object that can be written as JSON", { cause });
  }
}

const jsonObject: Check<Readonly<Record<string, unknown>>> = (value, path) => {
  return anyObject(asJson(anyObject(value, path), path), path);
};
