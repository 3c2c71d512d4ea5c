import { LimiterUnavailable, RateLimited } from "../limits/errors.js";
import { HostFailure } from "../support/host-failure.js";
import { KeysUnavailableError } from "../remote/errors.js";
import { TokenError } from "../tokens/errors.js";
import { isMatrixError, MatrixError } from "../matrix/errors.js";
import { answerTo, internalError } from "../matrix/host-error.js";
import { asSubmission, typeOf, unknownType, type JsonObject } from "../matrix/submission.js";
import type { LoginContext, LoginEvent, RejectEvent, RejectReason } from "./options.js";
import type { LoginConfig } from "./parse-login.js";
import type { LoginType } from "./parse-login-type.js";
import { pauseStackTraces } from "../support/stack-traces.js";

/** One login on its way: what is known of it so far, for the answer and the events when it ends. */
export interface Attempt<Req> {
  readonly name: string;
  readonly loginType: LoginType;
  readonly submission: JsonObject;
  readonly context: LoginContext<Req>;
  readonly startedAt: number;
  /** What a refusal at this point is about. */
  stage: RejectReason;
  /** Only once the token is verified. */
  userId?: string;
}

/**
 * Runs a login, and turns whatever ends it early into the one error that a client may see.
 *
 * @throws MatrixError, and nothing else
 */
export async function attempted<User, Req, T>(
  config: LoginConfig<User, Req>,
  json: unknown,
  context: LoginContext<Req>,
  work: (attempt: Attempt<Req>) => Promise<T>,
): Promise<T> {
  const attempt = begin(config, json, context);
  try {
    return await work(attempt);
  } catch (error) {
    // Nobody is told: there was no login, only a connection that ended.
    if (error instanceof ClientGone) throw clientGone();
    const answer = answerFor(error);
    const cause = error instanceof HostFailure ? error.cause : error;
    // A MatrixError is the host's own answer, and nothing that it need be told of.
    if (answer.statusCode === 500 && answer !== cause) config.logger.error(error);
    config.onReject?.(rejectEvent(attempt, error, answer));
    throw answer;
  }
}

/** The client has hung up before its token was looked at. */
class ClientGone extends Error {}

/** @throws ClientGone */
export function checkConnected({ context }: Attempt<unknown>): void {
  if (context.signal?.aborted === true) throw new ClientGone();
}

/** The status is nginx's for this; nobody is left to read it. */
function clientGone(): MatrixError {
  return new MatrixError("M_UNKNOWN", "The client has hung up", { statusCode: 499 });
}

function begin<User, Req>(config: LoginConfig<User, Req>, json: unknown, context: LoginContext<Req>): Attempt<Req> {
  const submission = asSubmission(json);
  const name = typeOf(submission);
  const loginType = config.loginTypes.get(name);
  if (loginType === undefined) throw unknownType();
  return { name, loginType, submission, context, startedAt: performance.now(), stage: "submission" };
}

/** Which failure of the keys is 503 and which of the token 403 is told apart here, and nowhere else. */
function answerFor(error: unknown): MatrixError {
  if (error instanceof TokenError) return refusal(error);
  if (error instanceof KeysUnavailableError) {
    return new MatrixError("M_UNKNOWN", "The keys to verify the token with can't be had just now; try again", {
      statusCode: 503,
      retryAfterMs: error.retryAfter * 1_000,
    });
  }
  if (error instanceof RateLimited) {
    return new MatrixError("M_LIMIT_EXCEEDED", "Too many login attempts; try again later", {
      statusCode: 429,
      retryAfterMs: error.retryAfterMs,
    });
  }
  if (error instanceof LimiterUnavailable) {
    return new MatrixError("M_UNKNOWN", "Logins can't be counted just now; try again", {
      statusCode: 503,
      retryAfterMs: error.retryAfter * 1_000,
    });
  }
  if (error instanceof HostFailure) return answerTo(error.cause);
  return isMatrixError(error) ? error : internalError(error);
}

function refusal({ message }: TokenError): MatrixError {
  const resumeStackTraces = pauseStackTraces();
  const answer = new MatrixError("M_FORBIDDEN", `JWT validation failed: ${message}`);
  resumeStackTraces();
  return answer;
}

/**
 * Is the token to blame, and neither the user, the host nor what could not be asked? Such failures count for
 * `rateLimits.failures`.
 */
export function blamesToken(error: unknown, stage: RejectReason): boolean {
  if (error instanceof TokenError) return true;
  return isMatrixError(error) && error.statusCode === 403 && (stage === "identifier" || stage === "user_id");
}

export function loginEvent<Req>(attempt: Attempt<Req>, userId: string): LoginEvent<Req> {
  return { loginType: attempt.name, userId, ...ending(attempt) };
}

function rejectEvent<Req>(attempt: Attempt<Req>, error: unknown, answer: MatrixError): RejectEvent<Req> {
  return {
    loginType: attempt.name,
    ...(attempt.userId !== undefined && { userId: attempt.userId }),
    statusCode: answer.statusCode,
    errcode: answer.errcode,
    reason: reasonOf(error, attempt.stage),
    ...ending(attempt),
  };
}

function reasonOf(error: unknown, stage: RejectReason): RejectReason {
  if (error instanceof TokenError || error instanceof KeysUnavailableError) return error.code;
  if (error instanceof RateLimited || error instanceof LimiterUnavailable) return error.code;
  return isMatrixError(error) ? stage : "host";
}

function ending<Req>({ startedAt, context }: Pick<Attempt<Req>, "startedAt" | "context">): {
  durationMs: number;
  req: Req;
} {
  const durationMs = performance.now() - startedAt;
  return { durationMs, ...((context.req !== undefined && { req: context.req }) as { req: Req }) };
}
