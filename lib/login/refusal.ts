import { isMatrixError, type MatrixError } from "../matrix/errors.js";
import { answerTo, internalError, usualError } from "../matrix/host-error.js";
import { UnavailableError } from "../remote/errors.js";
import { HostFailure } from "../support/host-failure.js";
import { Refusal, type RefusalKind } from "../support/refusal.js";
import { TokenError } from "../tokens/errors.js";
import type { RejectReason } from "./options.js";

/** How a login that got nowhere ends. */
export interface Rejection {
  /** The one error that the client may see. */
  readonly answer: MatrixError;
  readonly reason: RejectReason;
}

/** Is the token to blame, rather than the user, the host or what could not be asked? Then `rateLimits.failures` counts. */
export function blamesToken(error: unknown): boolean {
  return error instanceof TokenError || (error instanceof Refusal && error.kind === "token");
}

/** The answer of a login to whatever ended it early. */
export function rejectionOf(error: unknown): Rejection {
  if (error instanceof TokenError) return { answer: forbidden(error.message), reason: error.code };
  if (error instanceof Refusal) return { answer: ANSWERS[error.kind](error), reason: error.reason };
  if (error instanceof UnavailableError) {
    return { answer: unavailable(UNAVAILABLE[error.code], error.retryAfter * 1_000), reason: error.code };
  }
  if (error instanceof HostFailure) return { answer: answerTo(error.cause), reason: "host" };
  // What the package itself throws as a MatrixError is about the submission.
  return isMatrixError(error)
    ? { answer: error, reason: "submission" }
    : { answer: internalError(error), reason: "host" };
}

const ANSWERS: Readonly<Record<RefusalKind, (refusal: Refusal) => MatrixError>> = {
  // A login token is no JWT to whoever sent it.
  token: ({ reason, message }) =>
    reason === "login_token" ? answerWith("M_FORBIDDEN", message, 403) : forbidden(message),
  username: ({ message }) => answerWith("M_INVALID_USERNAME", message, 400),
  user: ({ message }) => answerWith("M_FORBIDDEN", message, 403),
  limit: ({ retryAfterMs }) =>
    answerWith("M_LIMIT_EXCEEDED", "Too many login attempts; try again later", 429, retryAfterMs),
  unavailable: ({ retryAfterMs }) => unavailable("Login is temporarily unavailable; try again later", retryAfterMs),
};

const UNAVAILABLE: Readonly<Record<UnavailableError["code"], string>> = {
  keys_unavailable: "Verification keys are temporarily unavailable; try again later",
  introspection_unavailable: "Tokens can't be checked right now; try again later",
};

function forbidden(why: string): MatrixError {
  return answerWith("M_FORBIDDEN", `JWT validation failed: ${why}`, 403);
}

function unavailable(message: string, retryAfterMs: number | undefined): MatrixError {
  return answerWith("M_UNKNOWN", message, 503, retryAfterMs);
}

function answerWith(errcode: string, message: string, statusCode: number, retryAfterMs?: number): MatrixError {
  return usualError(errcode, message, { statusCode, ...(retryAfterMs !== undefined && { retryAfterMs }) });
}
