import { LoginBodies } from "./http/login-body.js";
import type { HttpOptions } from "./http/options.js";
import { checkTokensFit, httpOptions, type HttpConfig } from "./http/parse-options.js";
import { isLoginToken, jwtLoginOf, jwtLoginOptions, type JwtLogin, type JwtLoginOptions } from "./create-jwt-login.js";
import { HangUpSignal } from "./login/client-gone.js";
import type { LoginContext } from "./login/options.js";
import { WITHIN_LOGIN } from "./login/parse-options.js";
import type { Logger } from "./support/logger.js";
import { optionsOf } from "./support/options.js";
import { maxTokenLengthOf } from "./tokens/parse-options.js";

/** A login over HTTP, whatever carries its requests. */
export interface LoginOverHttp<Req> {
  readonly http: HttpConfig<Req>;
  readonly bodies: LoginBodies;
  readonly jwtLogin: JwtLogin<Req>;
  readonly logger: Logger;
  /** The `GET` answer of its own. */
  readonly flows: string;
  /** Do rate limits count by the client's address? */
  readonly countsAddresses: boolean;
}

/** @throws OptionsError */
export function loginOverHttp<User, Req>(options: JwtLoginOptions<User, Req> & HttpOptions<Req>): LoginOverHttp<Req> {
  const check = optionsOf({ ...jwtLoginOptions<User, Req>(), ...httpOptions<Req>() }, WITHIN_LOGIN, "absent");
  const { flows, unknownLoginType, bodyLimit, cors, clientAddress, ...values } = check(options, "");
  const http = { flows, unknownLoginType, bodyLimit, cors, clientAddress };
  const jwtLogin = jwtLoginOf(values);
  checkTokensFit(options.loginTypes, bodyLimit, maxTokenLengthOf);

  const { address, failures } = values.rateLimits;
  const types = Object.keys(options.loginTypes);
  const loginTokens = jwtLogin.sso === undefined ? undefined : isLoginToken;
  return {
    http,
    bodies: new LoginBodies(types, unknownLoginType, bodyLimit, loginTokens),
    jwtLogin,
    logger: values.logger,
    flows: JSON.stringify({ flows: jwtLogin.flows }),
    countsAddresses: address !== undefined || failures !== undefined,
  };
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
