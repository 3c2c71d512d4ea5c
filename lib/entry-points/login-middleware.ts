import { type Answer, jsonAnswer, PREFLIGHT, unrecognized } from "../http/answer.js";
import { answerLogin, turnOf } from "../http/endpoint.js";
import { tellOfGuard } from "../http/flows.js";
import { takeSubmission, tellOfLostBodies } from "../http/node/body.js";
import { BodyStream } from "../http/node/body-stream.js";
import { addFlows } from "../http/node/flows.js";
import {
  addressOf,
  assertNoRequest,
  assertRequest,
  hangUpOf,
  type NodeRequest,
  type NodeResponse,
  proxyCheck,
} from "../http/node/request.js";
import { sendAnswer } from "../http/node/send.js";
import type { HttpOptions } from "../http/options.js";
import { isLogin } from "../http/routes.js";
import type { LoginContext } from "../login/options.js";
import type { Logger } from "../support/logger.js";
import type { JwtLogin, JwtLoginOptions } from "./create-jwt-login.js";
import { contextOf, loginOverHttp } from "./shared/login-over-http.js";
import { browserHandler } from "./shared/sso-over-http.js";

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
 * `/login` for your login types, and with `cors` its `OPTIONS`. All other requests reach your own handlers untouched, but for
 * `GET` and `HEAD /login`: your handlers answer `GET` without the headers that would compress or shorten the answer, as the
 * login types are added to it.
 *
 * @param options - checked here, never later
 * @throws OptionsError if an option is invalid
 */
export function matrixJwtLogin<User, Req extends NodeRequest = NodeRequest>(
  options: MatrixJwtLoginOptions<User, Req>,
): MatrixJwtLogin<Req> {
  assertNoRequest(options, "matrixJwtLogin");
  const { http, bodies, jwtLogin, logger, flowsJson, countsAddresses } = loginOverHttp(options);
  const checkProxy = proxyCheck(logger, countsAddresses && http.clientAddress === undefined);
  const clientAddress = http.clientAddress ?? addressOf;
  const onLost = tellOfLostBodies(logger);
  const flowsOptions = { cors: http.cors, onStatus: tellOfGuard(logger) };

  const context = (req: Req, isGone: () => boolean): LoginContext<Req> =>
    contextOf(req, clientAddress(req), req.headers["user-agent"], isGone);
  const browsers =
    jwtLogin.sso &&
    browserHandler<Req>(jwtLogin.sso, {
      ...http,
      context: (req) => {
        checkProxy(req);
        return context(req, hangUpOf(req));
      },
      logger,
    });

  const post = (req: Req, res: NodeResponse, ends: Endings): void => {
    const stream = new BodyStream(req);
    const isGone = hangUpOf(req);
    const outcome = answerLogin(
      {
        context: () => context(req, isGone),
        submission: () => takeSubmission(req, res, stream, bodies, onLost),
        isGone,
      },
      (submission, known) => {
        checkProxy(req);
        return jwtLogin.login(submission, known);
      },
      logger,
    );
    if (outcome === undefined) {
      ends.pass();
      return;
    }
    Promise.resolve(outcome).then((answer) => {
      stream.release(answer === undefined);
      if (answer === undefined) ends.pass();
      else if (answer !== "gone") ends.send(answer);
    }, ends.fail);
  };

  const handle = (req: Req, res: NodeResponse, next?: (error?: unknown) => void): void => {
    assertRequest(req, "matrixJwtLogin");
    const ends = endings(res, next, http, logger);
    if (browsers?.(req, res, ends.pass, ends.fail) === true) return;
    const turn = isLogin(req) ? turnOf(req.method, http, next !== undefined) : "host";
    if (turn === "login") {
      post(req, res, ends);
    } else if (turn === "flows") {
      ends.send(jsonAnswer(200, flowsJson));
    } else if (turn === "preflight") {
      ends.send(PREFLIGHT);
    } else {
      // What has been begun already can't be added to.
      if (turn === "host with flows" && !res.headersSent) addFlows(req, res, jwtLogin.flows, flowsOptions);
      ends.pass();
    }
  };
  return Object.assign(handle, { jwtLogin });
}

/** How a request can end. */
interface Endings {
  readonly send: (answer: Answer) => void;
  /** It is the host's to answer. */
  readonly pass: () => void;
  readonly fail: (error: unknown) => void;
}

function endings(
  res: NodeResponse,
  next: ((error?: unknown) => void) | undefined,
  http: Parameters<typeof sendAnswer>[2],
  logger: Logger,
): Endings {
  const fail = (error: unknown): void => {
    if (next !== undefined) {
      next(error);
      return;
    }
    logger.error(error);
    res.destroy();
  };
  const send = (answer: Answer): void => {
    try {
      sendAnswer(res, answer, http);
    } catch (error) {
      fail(error);
    }
  };
  const pass = (): void => {
    if (next === undefined) send(unrecognized());
    else next();
  };
  return { send, pass, fail };
}
