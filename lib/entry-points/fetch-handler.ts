import { jsonAnswer, PREFLIGHT } from "../http/answer.js";
import { answerLogin, turnOf } from "../http/endpoint.js";
import { takeSubmission } from "../http/fetch/body.js";
import { withFlows } from "../http/fetch/flows.js";
import { GONE, responseOf } from "../http/fetch/send.js";
import { tellOfGuard } from "../http/flows.js";
import { isLoginPath, pathOf } from "../http/routes.js";
import type { LoginContext } from "../login/options.js";
import type { JwtLogin } from "./create-jwt-login.js";
import type { MatrixJwtLoginOptions } from "./login-middleware.js";
import { contextOf, loginOverHttp } from "./shared/login-over-http.js";
import { browserFetch } from "./shared/sso-over-http.js";

/** What comes with a request, and after it. */
export interface FetchContext {
  /**
   * The client's address, as the server has it.
   *
   * @defaultValue what the option `clientAddress` gives
   */
  readonly ip?: string | undefined;
  /**
   * Your own handler. It gets every request that is not ours, with an unread body. It also gets `GET /login`, and the login types
   * are added to its answer. Returns undefined if you have no answer.
   */
  readonly next?: ((request: Request) => Response | undefined | Promise<Response | undefined>) | undefined;
}

/** The handler, and the login that it uses. They share limits, keys and used tokens. */
export interface FetchHandler<Req = Request> {
  /**
   * Answers a request for `/login`, or for the paths of single sign-on.
   *
   * @returns for all other requests, and for logins that are the host's, the answer of `next`, or undefined without it
   */
  (request: Req, context?: FetchContext): Promise<Response | undefined>;
  /** The login that it uses, with the same limits, keys and used tokens. */
  readonly jwtLogin: JwtLogin<Req>;
}

/**
 * Makes the login of `matrixJwtLogin` for servers that speak `Request` and `Response` of the Fetch standard: Hono, Next.js's
 * App Router, Bun, Deno.
 *
 * @typeParam User - the host's own type, inferred from `findUser`
 * @typeParam Req - the type of the request in callbacks and events
 * @param options - checked here, never later
 * @throws OptionsError if an option is invalid
 */
export function createFetchHandler<User, Req extends Request = Request>(
  options: MatrixJwtLoginOptions<User, Req>,
): FetchHandler<Req> {
  const { http, bodies, jwtLogin, logger, flowsJson } = loginOverHttp(options);
  const flowsOptions = { cors: http.cors, onStatus: tellOfGuard(logger) };

  const handle = async (request: Req, { ip, next }: FetchContext = {}): Promise<Response | undefined> => {
    const { method } = request;
    const path = pathOf(request.url);
    const isGone = (): boolean => request.signal.aborted;
    const context = (): LoginContext<Req> => {
      const address = ip ?? http.clientAddress?.(request);
      return contextOf(request, address, request.headers.get("user-agent") ?? undefined, isGone);
    };
    if (jwtLogin.sso?.handles(method, path)) {
      const answer = await browserFetch(jwtLogin.sso, request, path, context, { ...http, logger });
      if (answer !== undefined) return answer;
      return next?.(request);
    }
    const turn = isLoginPath(path) ? turnOf(method, http, next !== undefined) : "host";
    if (turn === "login") {
      const answer = await answerLogin(
        { context, submission: () => takeSubmission(request, bodies), isGone },
        (submission, known) => jwtLogin.login(submission, known),
        logger,
      );
      if (answer === "gone") return new Response(null, GONE);
      if (answer !== undefined) return responseOf(answer, method, http);
    }
    if (turn === "flows") return responseOf(jsonAnswer(200, flowsJson), method, http);
    if (turn === "preflight") return responseOf(PREFLIGHT, method, http);
    if (turn === "host with flows" && next !== undefined) return withFlows(request, next, jwtLogin.flows, flowsOptions);
    return next?.(request);
  };
  return Object.assign(handle, { jwtLogin });
}
