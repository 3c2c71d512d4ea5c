import { jsonAnswer, PREFLIGHT, unrecognized, type Answer } from "./http/answer.js";
import { answerLogin } from "./http/endpoint.js";
import { BodyStream } from "./http/node/body-stream.js";
import { takeSubmission } from "./http/node/body.js";
import {
  addressOf,
  assertNoRequest,
  hangUpOf,
  type NodeRequest,
  type NodeResponse,
  proxyCheck,
} from "./http/node/request.js";
import { addFlows } from "./http/node/flows.js";
import { sendAnswer } from "./http/node/send.js";
import type { HttpOptions } from "./http/options.js";
import { isLogin } from "./http/routes.js";
import { contextOf, loginOverHttp } from "./login-over-http.js";
import type { JwtLogin, JwtLoginOptions } from "./create-jwt-login.js";
import { browserHandler } from "./sso-over-http.js";
import { once } from "./support/once.js";

/**
 * The options of the middleware.
 *
 * @typeParam User - the host's own type, inferred from `findUser`
 * @typeParam Req - the type of the request in callbacks and events, e.g. Express's `Request`
 */
export type MatrixJwtLoginOptions<User, Req = unknown> = JwtLoginOptions<User, Req> & HttpOptions<Req>;

/** The middleware, and the login that it uses. They share limits, keys and used tokens. */
export interface MatrixJwtLogin<Req = NodeRequest> {
  /**
   * Answers a request for `/login` or for the paths of single sign-on, or calls `next`: for all other requests, and for
   * logins that are the host's.
   *
   * @param req - a request of Node's
   * @param res - its response
   * @param next - calls your own handlers; without it, all other requests are 404 `M_UNRECOGNIZED`
   */
  (req: Req, res: NodeResponse, next?: (error?: unknown) => void): void;
  /** The login that it uses, with the same limits, keys and used tokens. */
  readonly jwtLogin: JwtLogin<Req>;
}

/**
 * Makes a middleware for Express and its like, or a handler for `node:http` and HTTP/2's compatibility API, that answers
 * `/login` for your login types. All other requests reach your own handlers untouched.
 *
 * @param options - checked here, never later
 * @throws OptionsError if an option is invalid
 */
export function matrixJwtLogin<User, Req extends NodeRequest = NodeRequest>(
  options: MatrixJwtLoginOptions<User, Req>,
): MatrixJwtLogin<Req> {
  assertNoRequest(options, "matrixJwtLogin");
  const { http, bodies, jwtLogin, logger, flows, countsAddresses } = loginOverHttp(options);
  const clientAddress = http.clientAddress ?? addressOf;

  const onLost = {
    toFormParser: once(() => {
      logger.warn(
        "matrix-jwt-login: a form parser (express.urlencoded?) took a login's JSON apart; mount this middleware before it",
      );
    }),
    toReader: once(() => {
      logger.warn(
        "matrix-jwt-login: a handler in front read the body of a request for /login and left nothing in req.body; mount " +
          "this middleware before it",
      );
    }),
  };
  const checkProxy = proxyCheck(logger, countsAddresses && http.clientAddress === undefined);

  const post = (req: Req, res: NodeResponse, stream: BodyStream): ReturnType<typeof answerLogin> => {
    const isGone = hangUpOf(req);
    return answerLogin(
      {
        context: () => contextOf(req, clientAddress(req), req.headers["user-agent"], isGone),
        submission: () => takeSubmission(req, res, stream, bodies, onLost),
        isGone,
      },
      (submission, context) => {
        checkProxy(req);
        return jwtLogin.login(submission, context);
      },
      logger,
    );
  };

  const browsers =
    jwtLogin.sso &&
    browserHandler<Req>(jwtLogin.sso, {
      ...http,
      context: (req) => {
        checkProxy(req);
        return contextOf(req, clientAddress(req), req.headers["user-agent"], hangUpOf(req));
      },
      logger,
    });

  const handle = (req: Req, res: NodeResponse, next?: (error?: unknown) => void): void => {
    const send = (answer: Answer): void => {
      sendAnswer(res, answer, http);
    };
    const pass = (): void => {
      if (next === undefined) send(unrecognized());
      else next();
    };
    const fail = (error: unknown): void => {
      if (next !== undefined) {
        next(error);
        return;
      }
      logger.error(error);
      res.destroy();
    };
    if (browsers?.(req, res, pass, fail) === true) return;
    if (!isLogin(req)) {
      pass();
    } else if (req.method === "POST") {
      const stream = new BodyStream(req);
      const outcome = post(req, res, stream);
      if (outcome === undefined) {
        pass();
        return;
      }
      Promise.resolve(outcome).then((answer) => {
        stream.release(answer === undefined);
        if (answer === undefined) {
          pass();
          return;
        }
        try {
          if (answer !== "gone") send(answer);
        } catch (error) {
          fail(error);
        }
      }, fail);
    } else if (req.method === "GET" || req.method === "HEAD") {
      if (http.flows === "replace" || next === undefined) {
        send(jsonAnswer(200, flows));
      } else {
        // What has been begun already can't be added to.
        if (!res.headersSent) addFlows(req, res, jwtLogin.flows, http);
        next();
      }
    } else if (req.method === "OPTIONS" && http.cors) {
      send(PREFLIGHT);
    } else {
      pass();
    }
  };
  return Object.assign(handle, { jwtLogin });
}
