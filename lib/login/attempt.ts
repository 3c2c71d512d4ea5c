import { clientGone } from "../matrix/errors.js";
import { needsLogLine } from "../matrix/host-error.js";
import { assertConnected, ClientGone } from "../support/client-gone.js";
import type { LoginContext, VerifiedLogin } from "./options.js";
import type { LoginConfig } from "./parse-options.js";
import { blamesToken, rejectionOf } from "./refusal.js";

/** One attempt to log in: what events tell of it. */
export interface Attempt<Req> {
  /** e.g. `org.matrix.login.jwt`. */
  readonly loginType: string;
  readonly context: LoginContext<Req>;
  readonly startedAt: number;
  /** Set once the token is verified. */
  userId?: string;
}

/**
 * Runs an attempt. Whatever ends it early becomes the one error that a client may see, and is reported to `onReject`.
 *
 * @throws MatrixError, and nothing else
 */
export async function attempted<User, Req, T>(
  config: LoginConfig<User, Req>,
  loginType: string,
  context: LoginContext<Req>,
  work: (attempt: Attempt<Req>) => Promise<T>,
): Promise<T> {
  const attempt: Attempt<Req> = { loginType, context, startedAt: performance.now() };
  try {
    return await work(attempt);
  } catch (error) {
    // Not reported: there was no login, only a connection that ended.
    if (error instanceof ClientGone) throw clientGone();
    const { answer, reason } = rejectionOf(error);
    if (needsLogLine(answer, error)) config.logger.error(error);
    config.onReject?.({
      loginType,
      ...(attempt.userId !== undefined && { userId: attempt.userId }),
      statusCode: answer.statusCode,
      errcode: answer.errcode,
      reason,
      ...ending(attempt),
    });
    throw answer;
  }
}

/**
 * Does the work of an attempt within the limits by address, unless the client has hung up: its address may be gone too. An error
 * of `work` counts as a failure if the token is to blame.
 */
export function admitted<User, Req, T>(
  { limits }: LoginConfig<User, Req>,
  { context }: Attempt<Req>,
  work: () => Promise<T>,
): Promise<T> {
  const connected = async (): Promise<T> => {
    assertConnected(context.signal);
    return work();
  };
  const isGone = context.signal?.aborted === true;
  return limits === undefined || isGone ? connected() : limits.admit(context.ip, connected, blamesToken);
}

/** Tells `onLogin` of an attempt that succeeded. */
export function succeeded<User, Req>(
  config: LoginConfig<User, Req>,
  attempt: Attempt<Req>,
  { userId }: VerifiedLogin<Req>,
): void {
  config.onLogin?.({ loginType: attempt.loginType, userId, ...ending(attempt) });
}

function ending<Req>({ startedAt, context: { req } }: Attempt<Req>): { durationMs: number; req: Req } {
  const durationMs = performance.now() - startedAt;
  return { durationMs, ...((req !== undefined && { req }) as { req: Req }) };
}
