import type { NextFunction, Request, RequestHandler, Response } from "express";

import { sendError, sendJson, sendPreflight } from "./http/answer.js";
import { addFlows } from "./http/flows-answer.js";
import { takeLoginBody, type BodyOptions, type Take } from "./http/login-body.js";
import { isLogin } from "./http/routes.js";
import { loginCore, type JwtLogin } from "./login/jwt-login.js";
import { readerOf } from "./tokens/parse-options.js";
import { isMatrixError } from "./matrix/errors.js";
import { internalError } from "./matrix/host-error.js";
import { asSubmission, typeOf, unknownType, type JsonObject } from "./matrix/submission.js";
import type { HttpOptions } from "./http/options.js";
import type { JwtLoginOptions } from "./login/options.js";
import { LOGIN_OPTION_NAMES, parseLogger, parseRateLimits } from "./login/parse-options.js";
import { checkTokensFit, HTTP_OPTION_NAMES, parseHttpOptions } from "./http/parse-options.js";

/**
 * The options of the middleware.
 *
 * @typeParam User - the host's own type, inferred from `findUser`
 */
export type MatrixJwtLoginOptions<User, Req = unknown> = JwtLoginOptions<User, Req> & HttpOptions;

/** The middleware, and the login under it: what is known to one is known to the other. */
export type MatrixJwtLogin = RequestHandler & {
  /** The login under it, with the same limits, keys and used tokens. */
  readonly jwtLogin: JwtLogin<Request>;
};

/**
 * Makes an Express middleware, for `app.use`, that answers `/login` for the given login types and hands on the rest.
 *
 * @param options - checked here, never later
 * @throws OptionsError where an option can't be right
 */
export function matrixJwtLogin<User>(options: MatrixJwtLoginOptions<User, Request>): MatrixJwtLogin {
  const reader = readerOf(options, "", [...LOGIN_OPTION_NAMES, ...HTTP_OPTION_NAMES]);
  const http = parseHttpOptions(reader);
  const { jwtLogin } = loginCore<User, Request>(reader);
  checkTokensFit(options, http);
  const logger = parseLogger(reader);
  const flows = JSON.stringify({ flows: jwtLogin.flows });
  const types = new Set(jwtLogin.flows.map(({ type }) => type));
  const body: BodyOptions = {
    bodyLimit: http.bodyLimit,
    encoded: http.unknownLoginType === "reject" ? "refuse" : "pass",
    onFormParser: once(() => {
      logger.warn(
        "matrix-jwt-login: a form parser (express.urlencoded?) took a login's JSON apart; mount this middleware before it",
      );
    }),
  };

  const { address, failures } = parseRateLimits(reader);
  const tellOfProxy = once(() => {
    logger.warn(
      "matrix-jwt-login: logins come with X-Forwarded-For, which Express is not told to trust, so that rateLimits take all " +
        'clients of a proxy for one address; set "trust proxy"',
    );
  });
  const checkProxy = (req: Request): void => {
    if (address === undefined && failures === undefined) return;
    if (req.headers["x-forwarded-for"] !== undefined && !req.app.get("trust proxy")) tellOfProxy();
  };

  const takeOurs: Take<JsonObject> = (json) => {
    const submission = asSubmission(json);
    if (types.has(submission["type"] as string)) return submission;
    if (http.unknownLoginType === "next") return undefined;
    typeOf(submission);
    throw unknownType();
  };

  /** True: answered, or nobody is left to answer. False: the host's to answer. */
  const logIn = async (req: Request, res: Response): Promise<boolean> => {
    // A client that hangs up takes its address with it.
    const { ip } = req;
    const submission = await takeLoginBody(req, body, takeOurs);
    if (typeof submission === "string") return submission === "aborted";
    checkProxy(req);
    const context = { ip, userAgent: req.headers["user-agent"], req };
    sendJson(res, 200, JSON.stringify(await jwtLogin.login(submission, context)), http);
    return true;
  };

  const post = async (req: Request, res: Response, next: NextFunction): Promise<void> => {
    let answered = true;
    try {
      answered = await logIn(req, res);
    } catch (error) {
      if (!isMatrixError(error)) logger.error(error);
      sendError(res, isMatrixError(error) ? error : internalError(), http);
    }
    if (answered) req.resume();
    else next();
  };

  const handle: RequestHandler = (req, res, next) => {
    if (!isLogin(req)) {
      next();
    } else if (req.method === "POST") {
      post(req, res, next).catch(next);
    } else if (req.method === "GET" || req.method === "HEAD") {
      if (http.flows === "replace") {
        sendJson(res, 200, flows, http);
      } else {
        addFlows(req, res, jwtLogin.flows, http);
        next();
      }
    } else if (req.method === "OPTIONS" && http.cors) {
      sendPreflight(res);
    } else {
      next();
    }
  };
  return Object.assign(handle, { jwtLogin });
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}
