import { isMatrixError } from "../matrix/errors.js";
import { internalError } from "../matrix/host-error.js";
import type { JsonObject } from "../support/json.js";
import type { Logger } from "../support/logger.js";
import { type Answer, errorAnswer, jsonAnswer } from "./answer.js";

/** What becomes of a request for the login endpoint: ours to answer in one of three ways, or the host's. */
type Turn = "login" | "flows" | "preflight" | "host" | "host with flows";

/** @param hasHost - is there anybody to answer what is not ours? */
export function turnOf(
  method: string | undefined,
  { flows, cors }: { readonly flows: "merge" | "replace"; readonly cors: boolean },
  hasHost: boolean,
): Turn {
  if (method === "POST") return "login";
  if (method === "GET" || method === "HEAD") return flows === "merge" && hasHost ? "host with flows" : "flows";
  return method === "OPTIONS" && cors ? "preflight" : "host";
}

/** A `POST` to the login endpoint, whatever carries it. */
export interface LoginPost<Context> {
  /**
   * What is known of the client. Called before anything else, as Node forgets the address of a closed connection. What it
   * throws is thrown once the login is ours.
   */
  readonly context: () => Context;
  /** The submission, by the rules of {@link LoginBodies}. */
  readonly submission: () => Submission | Promise<Submission>;
  /** Has the client hung up? */
  readonly isGone: () => boolean;
}

/** A login, by what it is asked. */
export type LogIn<Context> = (submission: JsonObject, context: Context) => Promise<object>;

/** Undefined: it is the host's; `"gone"`: the client hung up before the body ended. */
export type Submission = JsonObject | "gone" | undefined;
type Outcome = Answer | "gone" | undefined;

/**
 * Answers a login.
 *
 * @returns undefined: it is the host's to answer; `"gone"`: nobody is left to answer. Without a promise if the body need not
 * be waited for: some hosts give their own handlers only until the end of a turn
 */
export function answerLogin<Context>(
  request: LoginPost<Context>,
  logIn: LogIn<Context>,
  logger: Logger,
): Outcome | Promise<Outcome> {
  const fail = (error: unknown): Answer => failed(error, logger);
  const context = kept(request.context);
  const finish = async (submission: Submission): Promise<Outcome> => {
    if (submission === undefined || submission === "gone") return submission;
    if (request.isGone()) return "gone";
    return jsonAnswer(200, JSON.stringify(await logIn(submission, context())));
  };
  try {
    const submission = request.submission();
    if (submission === undefined) return undefined;
    return (submission instanceof Promise ? submission.then(finish) : finish(submission)).catch(fail);
  } catch (error) {
    return fail(error);
  }
}

/** Calls a function now, and gives its result, or throws what it threw, whenever that is asked for. */
function kept<T>(call: () => T): () => T {
  try {
    const result = call();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** The answer to a request whose work threw: what is no error of Matrix's is told to the logger, and not to the client. */
export function failed(error: unknown, logger: Logger): Answer {
  if (isMatrixError(error)) return errorAnswer(error);
  logger.error(error);
  return errorAnswer(internalError());
}
