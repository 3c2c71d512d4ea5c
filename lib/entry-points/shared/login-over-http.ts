import { LoginBodies } from "../../http/login-body.js";
import type { HttpOptions } from "../../http/options.js";
import { type HttpConfig, httpOptions } from "../../http/parse-options.js";
import type { LoginTypeOptions } from "../../login/login-type.js";
import type { LoginContext } from "../../login/options.js";
import { at } from "../../support/checks.js";
import { HangUpSignal } from "../../support/client-gone.js";
import type { Logger } from "../../support/logger.js";
import { optionsOf } from "../../support/options.js";
import { OptionsError } from "../../support/options-error.js";
import { maxTokenLengthOf } from "../../tokens/parse-options.js";
import {
  isLoginToken,
  type JwtLogin,
  jwtLoginOf,
  type JwtLoginOptions,
  jwtLoginOptions,
  MISPLACED,
} from "../create-jwt-login.js";

/** A login over HTTP, whatever carries its requests. */
export interface LoginOverHttp<Req> {
  readonly http: HttpConfig<Req>;
  readonly bodies: LoginBodies;
  readonly jwtLogin: JwtLogin<Req>;
  readonly logger: Logger;
  /** The `GET` answer of its own. */
  readonly flowsJson: string;
  /** Do rate limits count by the client's address? */
  readonly countsAddresses: boolean;
}

/** @throws OptionsError */
export function loginOverHttp<User, Req>(options: JwtLoginOptions<User, Req> & HttpOptions<Req>): LoginOverHttp<Req> {
  const check = optionsOf({ ...jwtLoginOptions<User, Req>(), ...httpOptions<Req>() }, MISPLACED, "absent");
  const { flows, unknownLoginType, bodyLimit, cors, clientAddress, ...values } = check(options, "");
  const http = { flows, unknownLoginType, bodyLimit, cors, clientAddress };
  const jwtLogin = jwtLoginOf(values);
  checkTokensFit(options.loginTypes, bodyLimit);

  const { address, failures } = values.rateLimits;
  const types = Object.keys(options.loginTypes);
  const loginTokens = jwtLogin.sso === undefined ? undefined : isLoginToken;
  return {
    http,
    bodies: new LoginBodies(types, unknownLoginType, bodyLimit, loginTokens),
    jwtLogin,
    logger: values.logger,
    flowsJson: JSON.stringify({ flows: jwtLogin.flows }),
    countsAddresses: address !== undefined || failures !== undefined,
  };
}

/**
 * A token that its own limit allows and the body's stops would puzzle whoever set the first.
 *
 * @throws OptionsError
 */
function checkTokensFit(loginTypes: JwtLoginOptions<unknown>["loginTypes"], bodyLimit: number): void {
  const check = (options: LoginTypeOptions, path: string): void => {
    const length = maxTokenLengthOf(options);
    if (length <= bodyLimit) return;
    const problem = `must not be more than bodyLimit, ${String(bodyLimit)}; `;
    throw new OptionsError(
      at(path, "maxTokenLength"),
      options.maxTokenLength === undefined
        ? `is ${String(length)} unless set, and ${problem}set it too, or raise that`
        : `${problem}raise that too`,
    );
  };
  for (const [name, options] of Object.entries(loginTypes)) {
    const path = at("loginTypes", name);
    if (!isList(options)) check(options, path);
    else
      options.forEach((entry, index) => {
        check(entry, at(path, index));
      });
  }
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

/** What the login is told of the client. */
export function contextOf<Req>(
  req: Req,
  ip: string | undefined,
  userAgent: string | undefined,
  isGone: () => boolean,
): LoginContext<Req> {
  return { ip, userAgent, req, signal: new HangUpSignal(isGone) };
}
