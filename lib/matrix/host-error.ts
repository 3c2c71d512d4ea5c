import { HostFailure } from "../support/host-failure.js";
import { pauseStackTraces } from "../support/stack-traces.js";
import { isMatrixError, MatrixError, type MatrixErrorOptions } from "./errors.js";

/** The answer if the host failed. It gives no details; the log does. */
export function internalError(cause?: unknown): MatrixError {
  return new MatrixError("M_UNKNOWN", "Internal server error", { statusCode: 500, cause });
}

/**
 * What an error that a callback of the host's threw is answered with. Only what is plainly meant for a client reaches
 * it: our own error as it is; of another one its `errcode` and `error`, never its `message`.
 */
export function answerTo(error: unknown): MatrixError {
  try {
    return isMatrixError(error) ? error : answerToOther(error);
  } catch {
    // Even a look at it fails: a getter or a proxy of its own throws.
    return internalError(error);
  }
}

function answerToOther(error: unknown): MatrixError {
  const errcode = errcodeOf(error);
  if (errcode === undefined) return internalError(error);
  const { statusCode, status, error: text } = error as Readonly<Record<"statusCode" | "status" | "error", unknown>>;
  const code = statusCode ?? status ?? 403;
  if (typeof code !== "number" || !Number.isInteger(code) || code < 400 || code > 499) return internalError(error);
  return new MatrixError(errcode, typeof text === "string" ? text : "Login refused", {
    statusCode: code,
    cause: error,
  });
}

/** Must the log tell of this error? Of a 500, unless it is the host's own answer, a MatrixError. */
export function needsLogLine(answer: MatrixError, error: unknown): boolean {
  return answer.statusCode === 500 && answer !== (error instanceof HostFailure ? error.cause : error);
}

export function errcodeOf(error: unknown): string | undefined {
  try {
    const { errcode } = (error ?? {}) as { errcode?: unknown };
    return typeof errcode === "string" && errcode !== "" ? errcode : undefined;
  } catch {
    return undefined;
  }
}

/** Without a stack trace: for usual answers, of which a flood of forged tokens makes many. */
export function usualError(errcode: string, message: string, options: MatrixErrorOptions): MatrixError {
  const resumeStackTraces = pauseStackTraces();
  const error = new MatrixError(errcode, message, options);
  resumeStackTraces();
  return error;
}
