import { AccessAttempt, AccessCheck, Foreign } from "../access/access-check.js";
import { authorizationOf } from "../access/authorization.js";
import type { BearerAuthOptions, BearerHttpOptions, MatrixAccess } from "../access/options.js";
import { type BearerConfig, bearerOptions, parseBearerOptions, WITHIN_BEARER } from "../access/parse-options.js";
import { type AccessRejection, rejectionOf } from "../access/refusal.js";
import { errorAnswer, jsonAnswer } from "../http/answer.js";
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
import { clientAddress } from "../http/parse-options.js";
import { MatrixError } from "../matrix/errors.js";
import type { Metadata } from "../remote/metadata.js";
import { flag, oneOf } from "../support/checks.js";
import { ClientGone, type ClientSignal, HangUpSignal } from "../support/client-gone.js";
import { optional, type OptionsOf, optionsOf } from "../support/options.js";

/**
 * The options of {@link matrixBearerAuth}.
 *
 * @typeParam User - the host's own type, inferred from `findUser`
 */
export type MatrixBearerAuthOptions<User = undefined, Req = unknown> = BearerAuthOptions<User, Req> &
  BearerHttpOptions<Req>;

function bearerHttpOptions<Req extends NodeRequest>() {
  return {
    cors: optional(flag, true),
    otherTokens: optional(oneOf(["reject", "next"]), "reject"),
    clientAddress: optional(clientAddress<Req>),
  } satisfies OptionsOf<BearerHttpOptions<Req>>;
}

type Next = (error?: unknown) => void;

/** A handler for Express and its like, or for `node:http`. */
export type BearerHandler<Req> = (req: Req, res: NodeResponse, next: Next) => void;

/**
 * Lets a request through without `req.matrix` if it has no token, if its token or its user is refused (by a `MatrixError` of
 * `findUser` with 401 or 403, for example), or if the token is somebody else's. A request that could not be checked is
 * answered: 503 if keys or introspection are unavailable, 429 if a limit is used up, 500 if a callback fails, and any other
 * status that a callback's `MatrixError` has.
 */
export interface OptionalBearerAuth<User = undefined, Req = NodeRequest> extends BearerHandler<Req> {
  /**
   * What this handler put into `req.matrix`; undefined if the request has no good token.
   *
   * @throws Error if the handler did not run on this request
   */
  of(this: void, req: object): MatrixAccess<User> | undefined;
}

/**
 * Lets requests with a good access token through, and answers the others unless they are the host's. `OPTIONS` is never checked:
 * a browser's preflight has no token.
 */
export interface MatrixBearerAuth<User = undefined, Req = NodeRequest> extends BearerHandler<Req> {
  /** For endpoints that work with and without a user. */
  readonly optional: OptionalBearerAuth<User, Req>;
  /**
   * What this handler put into `req.matrix`. After {@link MatrixBearerAuth.optional}, ask its own `of`, which says that there may be
   * nothing.
   *
   * For requests that are not checked it returns undefined, although its type does not say so: for `OPTIONS`, and with
   * `otherTokens: "next"` for those with somebody else's token. A route for all methods that needs a user must look at the method first.
   *
   * @throws Error if the handler did not run on this request
   */
  of(this: void, req: object): MatrixAccess<User>;
  /**
   * For `GET /_matrix/client/v1/auth_metadata`: the discovery document of the first issuer with `discover: true`.
   */
  readonly metadata: BearerHandler<Req>;
  /**
   * Resolves once all keys, and the documents that name endpoints, have been fetched.
   *
   * @throws KeysUnavailableError if keys are temporarily unavailable, IntrospectionUnavailableError
   * if the document that names the introspection endpoint can't be fetched
   */
  ready(this: void): Promise<void>;
}

/**
 * Makes a handler for Express and its like, for `app.use` or in front of a route, that lets a request through if its access
 * token is good. It answers the others, but for `OPTIONS` and what `otherTokens: "next"` lets through.
 *
 * @param options - checked here, never later
 * @throws OptionsError if an option is invalid
 */
export function matrixBearerAuth<User = undefined, Req extends NodeRequest = NodeRequest>(
  options: MatrixBearerAuthOptions<User, Req>,
): MatrixBearerAuth<User, Req> {
  assertNoRequest(options, "matrixBearerAuth");
  const parse = optionsOf({ ...bearerOptions<User, Req>(), ...bearerHttpOptions<Req>() }, WITHIN_BEARER);
  const { cors, otherTokens, clientAddress, ...values } = parse(options, "");
  const config = parseBearerOptions(values);
  const checkProxy = proxyCheck(config.logger, config.limits !== undefined);
  const countedAddress =
    clientAddress ??
    ((req: Req) => {
      checkProxy(req);
      return addressOf(req);
    });
  const check = new AccessCheck(config, { passesForeign: otherTokens === "next" });
  const accessOf = new AccessOfRequests<User>();

  const handler =
    (isOptional: boolean): BearerHandler<Req> =>
    (req, res, next) => {
      assertRequest(req, "matrixBearerAuth");
      accessOf.forget(req);
      if (req.method === "OPTIONS") {
        next();
        return;
      }
      const attempt = new AccessAttempt<Req>(new RequestContext(req, countedAddress));
      const admit = (access: MatrixAccess<User>): void => {
        accessOf.keep(req, access);
        next();
      };
      const refuse = (error: unknown): void => {
        if (error instanceof ClientGone) return;
        const rejection = error instanceof Foreign ? undefined : rejectionOf(error);
        if (rejection === undefined || (isOptional && isRefusal(rejection))) {
          next();
          return;
        }
        check.report(error, rejection, attempt);
        sendRejection(res, rejection, cors);
      };
      let access: MatrixAccess<User> | Promise<MatrixAccess<User>>;
      try {
        access = check.access(authorizationOf(req), attempt);
      } catch (error) {
        refuse(error);
        return;
      }
      if (access instanceof Promise) access.then(admit, refuse).catch(next);
      else admit(access);
    };

  const of = (req: object): MatrixAccess<User> | undefined => accessOf.of(req);
  return Object.assign(handler(false), {
    optional: Object.assign(handler(true), { of }),
    of: of as MatrixBearerAuth<User, Req>["of"],
    metadata: metadataHandler(config, cors),
    ready: () => check.ready(),
  });
}

/** A refusal of the token or its user: not that nothing could be told, or that there were too many. */
function isRefusal({ answer: { statusCode } }: AccessRejection): boolean {
  return statusCode === 401 || statusCode === 403;
}

function sendRejection(res: NodeResponse, { answer, challenge }: AccessRejection, cors: boolean): void {
  if (challenge !== undefined && !res.headersSent) res.setHeader("WWW-Authenticate", challenge);
  sendAnswer(res, errorAnswer(answer), { cors });
}

/** The client-server API, "Server metadata discovery" of its OAuth 2.0 API. */
function metadataHandler(
  config: Pick<BearerConfig<never, never>, "sources">,
  cors: boolean,
): BearerHandler<NodeRequest> {
  return (req, res, next) => {
    if (req.method !== "GET" && req.method !== "HEAD") {
      next();
      return;
    }
    documentOf(config)
      .then(
        (document) => {
          const { headers, ...answer } = jsonAnswer(200, JSON.stringify(document));
          sendAnswer(res, { ...answer, headers: [...headers, ["Cache-Control", "public, max-age=600"]] }, { cors });
        },
        (error: unknown) => {
          sendRejection(res, rejectionOf(error), cors);
        },
      )
      .catch(next);
  };
}

async function documentOf({ sources }: Pick<BearerConfig<never, never>, "sources">): Promise<Metadata> {
  const source = sources.all.find(({ metadata }) => metadata !== undefined);
  if (source?.metadata === undefined) {
    throw new MatrixError("M_UNRECOGNIZED", "Unrecognized request", { statusCode: 404 });
  }
  return source.metadata.get();
}

/** A request that a handler ran on. */
interface Checked<User> {
  matrix?: MatrixAccess<User>;
  [key: symbol]: MatrixAccess<User> | undefined;
}

/** What one handler found of each request: in `req.matrix`, and kept for `of`, whatever else writes to that. */
class AccessOfRequests<User> {
  readonly #key = Symbol("matrix-jwt-login.access");

  forget(req: object): void {
    const request = req as Checked<User>;
    delete request.matrix;
    request[this.#key] = undefined;
  }

  keep(req: object, access: MatrixAccess<User>): void {
    const request = req as Checked<User>;
    request.matrix = access;
    request[this.#key] = access;
  }

  of(req: object): MatrixAccess<User> | undefined {
    if (this.#key in req) return (req as Checked<User>)[this.#key];
    throw new Error(
      "matrix-jwt-login: this matrixBearerAuth did not run on the request; mount it in front of whatever asks, as in app.get(path, auth, handler), and under Fastify and its like, give the request of Node.js (req.raw)",
    );
  }
}

/** Express computes `ip` on each access, so it is read only if it is needed. */
class RequestContext<Req extends NodeRequest> {
  readonly req: Req;
  readonly #addressOf: (req: Req) => string | undefined;

  constructor(req: Req, addressOf: (req: Req) => string | undefined) {
    this.req = req;
    this.#addressOf = addressOf;
  }

  get ip(): string | undefined {
    return this.#addressOf(this.req);
  }

  get signal(): ClientSignal {
    return new HangUpSignal(hangUpOf(this.req));
  }
}
