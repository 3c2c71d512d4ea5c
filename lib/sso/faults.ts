import { rejectionOf } from "../login/refusal.js";
import { isMatrixError, retryAfterOf } from "../matrix/errors.js";
import { UnavailableError } from "../remote/errors.js";
import type { PageContent } from "./answer.js";
import { SignInError } from "./errors.js";
import { faultPage, refusalPage } from "./page-texts.js";
import type { SsoParts } from "./parts.js";

/**
 * The page for whatever ended a sign-in early.
 *
 * @param again - where a new try begins
 * @param anew - where it begins for somebody who was refused
 */
export function pageFor(
  { logger }: Pick<SsoParts<never>, "logger">,
  error: unknown,
  again: string | undefined,
  anew = again,
): PageContent {
  if (error instanceof SignInError) {
    const level = error.fault === "unavailable" ? "warn" : "info";
    // An outage has been logged where it was noticed.
    if (!error.isOutage) logger[level](`matrix-jwt-login: sign-in failed: ${error.message}`);
    return faultPage(error.fault, again);
  }
  // The login's own watcher has logged the outage.
  if (error instanceof UnavailableError) return faultPage("unavailable", again);
  // A MatrixError is the answer of a login, which has told whoever must know.
  const { answer } = isMatrixError(error) ? { answer: error } : rejectionOf(error);
  // An answer of the host's own too: no event tells of what fails outside of a login.
  if (answer !== error && answer.statusCode === 500) logger.error(error);
  const { statusCode, message } = answer;
  return refusalPage(
    { status: statusCode, text: message, retryAfter: retryAfterOf(answer) },
    statusCode === 401 || statusCode === 403 ? anew : again,
  );
}
