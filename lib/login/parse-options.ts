import { types } from "node:util";

import type { Limiters, LoginLimits } from "../limits/login-limits.js";
import { MemoryUsedTokens } from "../limits/memory-used-tokens.js";
import { limitsOf, RATE_LIMITS, usedTokenStore } from "../limits/parse-options.js";
import { UsedTokens, type UsedTokenStore } from "../limits/used-tokens.js";
import { serverName } from "../matrix/identifiers.js";
import { SPECIFIED_LOGIN_TYPES } from "../matrix/login-flows.js";
import { namesHomeserver, tellOfMisnamed } from "../matrix/response.js";
import { anyObject, at, callback, type Check, unknownOption } from "../support/checks.js";
import { anyLogger, consoleLogger, type Logger } from "../support/logger.js";
import { notifier, type Notify } from "../support/notify.js";
import { type Inner, optional, type OptionsOf, optionsOf, required, type Values } from "../support/options.js";
import { OptionsError } from "../support/options-error.js";
import type { Entries } from "../tokens/by-issuer.js";
import { type TokenContext, tokenContexts } from "../tokens/context.js";
import { keyCache } from "../tokens/keys/shared-jwks.js";
import { LOGIN_TYPE_OPTIONS, type LoginRules, parseLoginType } from "./login-type.js";
import type { ExternalIds, LoginEvent, RejectEvent, TokenLoginOptions } from "./options.js";
import { SingleUse } from "./single-use.js";

export interface LoginConfig<User, Req> extends Pick<
  TokenLoginOptions<User, Req>,
  "serverName" | "findUser" | "registerUser" | "issueToken" | "wellKnown"
> {
  readonly loginTypes: ReadonlyMap<string, Entries<LoginRules>>;
  /** Undefined: there are none. */
  readonly limits: LoginLimits | undefined;
  readonly singleUse: SingleUse;
  /** Undefined: accounts are not linked. */
  readonly externalIds: ExternalIds<User, Req> | undefined;
  /** What key sources of another way in share with those of the login types. */
  readonly contextFor: (loginType: string) => TokenContext;
  readonly logger: Logger;
  /** Looks for wrong names in what `issueToken` gave. */
  readonly checkIssued: ReturnType<typeof tellOfMisnamed>;
  readonly onLogin: Notify<LoginEvent<Req>> | undefined;
  readonly onReject: Notify<RejectEvent<Req>> | undefined;
}

/** Names, checks and defaults of {@link TokenLoginOptions}. */
export function loginOptions<User, Req>() {
  type Options = Required<TokenLoginOptions<User, Req>>;
  return {
    serverName: required(serverName),
    /** Checked later, by {@link parseLoginOptions}: several of them share keys. */
    loginTypes: required(anyObject),
    findUser: required(callback<Options["findUser"]>),
    registerUser: optional(callback<Options["registerUser"]>),
    issueToken: required(callback<Options["issueToken"]>),
    rateLimits: optional<Limiters>(optionsOf(RATE_LIMITS), {}),
    usedTokens: optional(usedTokenStore),
    externalIds: optional(linkedAccounts<User, Req>),
    wellKnown: optional(jsonObject),
    logger: optional(anyLogger, consoleLogger),
    onLogin: optional(callback<Options["onLogin"]>),
    onReject: optional(callback<Options["onReject"]>),
    onKeysError: optional(callback<Options["onKeysError"]>),
    keyCache: optional(keyCache),
  } satisfies OptionsOf<Options>;
}

const SSO_TYPES = ["m.login.sso", "m.login.token"];

const LOGIN_TYPE_PATH = 'loginTypes["org.matrix.login.jwt"]';

/** Options of a login type, which are often put beside `loginTypes` by mistake. */
export const WITHIN_LOGIN: Inner = { [LOGIN_TYPE_PATH]: Object.keys(LOGIN_TYPE_OPTIONS) };

export type LoginValues<User, Req> = Values<ReturnType<typeof loginOptions<User, Req>>>;

/**
 * @param mayBeEmpty - may there be no login type? There is another way in, by `sso`
 * @throws OptionsError
 */
export function parseLoginOptions<User, Req>(
  options: LoginValues<User, Req>,
  mayBeEmpty: boolean,
): LoginConfig<User, Req> {
  const { serverName, findUser, registerUser, issueToken, wellKnown, externalIds, logger } = options;
  const contextFor = tokenContexts(options);
  if (wellKnown !== undefined && !namesHomeserver(wellKnown)) {
    logger.warn(
      'matrix-jwt-login: wellKnown has no text at ["m.homeserver"].base_url, where clients look for the URL of your server',
    );
  }
  const loginTypes = mapOf(options.loginTypes, "loginTypes", mayBeEmpty, (value, path, name) => {
    const entries = parseLoginType(value, path, contextFor(name));
    if (Array.isArray(value) && externalIds === undefined) {
      throw new OptionsError(
        "externalIds",
        `is required with a list of issuers (${path}), as a name that two of them give would be one account; false allows that`,
      );
    }
    for (const [index, entry] of entries.all.entries()) {
      assertRegistrar(entry, registerUser, Array.isArray(value) ? at(path, index) : path);
    }
    return entries;
  });
  return {
    serverName,
    loginTypes,
    limits: limitsOf(options.rateLimits, logger),
    singleUse: singleUseOf(
      options.usedTokens,
      [...loginTypes.values()].flatMap(({ all }) => all),
      logger,
    ),
    externalIds: externalIds === false ? undefined : externalIds,
    findUser,
    ...(registerUser && { registerUser }),
    issueToken,
    ...(wellKnown && { wellKnown }),
    contextFor,
    logger,
    checkIssued: tellOfMisnamed(logger),
    onLogin: notifier(options.onLogin, "onLogin", logger),
    onReject: notifier(options.onReject, "onReject", logger),
  };
}

/**
 * @param path - of the login type's options
 * @throws OptionsError
 */
export function assertRegistrar({ allowRegistration }: LoginRules, registerUser: unknown, path: string): void {
  if (!allowRegistration || registerUser !== undefined) return;
  throw new OptionsError(at(path, "allowRegistration"), "needs the callback registerUser");
}

function singleUseOf(
  store: UsedTokenStore = new MemoryUsedTokens(),
  loginTypes: readonly LoginRules[],
  logger: Logger,
): SingleUse {
  const tolerances = loginTypes.map(({ singleUse, verifier }) =>
    singleUse ? verifier.config.rules.clockTolerance : 0,
  );
  return new SingleUse(new UsedTokens(store, logger), Math.max(0, ...tolerances));
}

function mapOf<T>(
  object: Readonly<Record<string, unknown>>,
  path: string,
  mayBeEmpty: boolean,
  check: (value: unknown, path: string, name: string) => T,
): ReadonlyMap<string, T> {
  const names = Object.keys(object);
  if (names.length === 0 && !mayBeEmpty) {
    throw new OptionsError(
      path,
      "must hold at least one login type; fromSynapseJwtConfig makes none unless jwt_config is enabled, and fromTokenAuthenticatorConfig none of empty sections",
    );
  }
  return new Map(
    names.map((name) => {
      const here = at(path, name);
      if (name === "") throw new OptionsError(here, "must have a name, e.g. org.matrix.login.jwt");
      if (Object.hasOwn(LOGIN_TYPE_OPTIONS, name) && typeof object[name] !== "object") {
        throw new OptionsError(here, `is an option of a login type: it belongs in ${LOGIN_TYPE_PATH}`);
      }
      if (SPECIFIED_LOGIN_TYPES.has(name)) {
        throw new OptionsError(
          here,
          `is a login type of the specification, with rules of its own; choose another name${SSO_TYPES.includes(name) ? ", or set the option sso" : ""}`,
        );
      }
      const value = object[name];
      if (!Array.isArray(value)) assertInPlace(value, here);
      else for (const [index, entry] of value.entries()) assertInPlace(entry, at(here, index));
      return [name, check(object[name], here, name)];
    }),
  );
}

/** @throws OptionsError for what belongs beside `loginTypes` */
function assertInPlace(loginType: unknown, path: string): void {
  const outer = loginOptions();
  for (const name of Object.keys(Object(loginType) as object)) {
    if (!Object.hasOwn(outer, name) || Object.hasOwn(LOGIN_TYPE_OPTIONS, name)) continue;
    throw unknownOption(at(path, name), Object.keys(LOGIN_TYPE_OPTIONS), "; it belongs beside loginTypes");
  }
}

function asJson(object: object, path: string): unknown {
  try {
    return JSON.parse(JSON.stringify(object)) as unknown;
  } catch (cause) {
    throw new OptionsError(path, "must be an object that can be written as JSON", { cause });
  }
}

const jsonObject: Check<Readonly<Record<string, unknown>>> = (value, path) => {
  // JSON has no members of these.
  if (types.isMap(value) || types.isSet(value)) {
    throw new OptionsError(path, `must be an object with its members, not a ${types.isMap(value) ? "Map" : "Set"}`);
  }
  return anyObject(asJson(anyObject(value, path), path), path);
};

const externalIds = optionsOf({
  find: required(callback<ExternalIds<never, never>["find"]>),
  link: required(callback<ExternalIds<never, never>["link"]>),
  existingUsers: optional(existingUsers, "refuse"),
} satisfies OptionsOf<ExternalIds<never, never>>);

function existingUsers(value: unknown, path: string): NonNullable<ExternalIds<never, never>["existingUsers"]> {
  if (typeof value === "function") return callback(value, path);
  if (value === "refuse" || value === "link") return value;
  throw new OptionsError(path, 'must be one of "refuse", "link", or a function');
}

/** False: accounts are explicitly not linked. */
function linkedAccounts<User, Req>(value: unknown, path: string): ExternalIds<User, Req> | false {
  return value === false ? false : (externalIds(value, path) as ExternalIds<User, Req>);
}
