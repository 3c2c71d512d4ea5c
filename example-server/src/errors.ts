import type { ErrorRequestHandler, RequestHandler } from "express";
import { MatrixError } from "matrix-jwt-login";
import type { Logger } from "pino";

export const unknownEndpoint: RequestHandler = () => {
  throw new MatrixError("M_UNRECOGNIZED", "Unrecognized request", { statusCode: 404 });
};

/** At the end of a route that has no handler for the method. */
export const methodNotAllowed: RequestHandler = () => {
  throw new MatrixError("M_UNRECOGNIZED", "Method not allowed", { statusCode: 405 });
};

/** The last handler of all: every error leaves as Matrix's JSON, and none with its stack. */
export const answerError =
  (log: Logger): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const answer = toMatrixError(error, log);
    if (answer.retryAfterMs !== undefined) response.set("Retry-After", String(Math.ceil(answer.retryAfterMs / 1000)));
    response.status(answer.statusCode).json(answer.toJSON());
  };

function toMatrixError(error: unknown, log: Logger): MatrixError {
  if (error instanceof MatrixError) return error;
  // What Express and its body parser throw carries a status, and the parser's a type as well.
  const { type, status } = Object(error) as { type?: unknown; status?: unknown };
  if (type === "entity.too.large") return new MatrixError("M_TOO_LARGE", "The body is too large", { statusCode: 413 });
  if (typeof type === "string") return new MatrixError("M_NOT_JSON", "The body is not JSON", { statusCode: 400 });
  if (typeof status === "number" && status >= 400 && status < 500) {
    return new MatrixError("M_UNKNOWN", "Bad request", { statusCode: status });
  }
  log.error({ err: error }, "A request failed");
  return new MatrixError("M_UNKNOWN", "Internal server error", { statusCode: 500 });
}
