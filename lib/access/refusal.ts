import type { MatrixError } from "../matrix/errors.js";
import { answerTo, usualError } from "../matrix/host-error.js";
import { UnavailableError } from "../remote/errors.js";
import { HostFailure } from "../support/host-failure.js";
import { Refusal, type RefusalKind } from "../support/refusal.js";
import { LACKS_SCOPE } from "../tokens/claim-rules.js";
import { TokenError, type TokenErrorCode } from "../tokens/errors.js";
import type { AccessRejectReason } from "./options.js";

/** The answer to a request that is not let in. */
export interface AccessRejection {
  readonly answer: MatrixError;
  /** `WWW-Authenticate` (RFC 6750 section 3), of every 401 and 403. */
  readonly challenge: string | undefined;
  readonly reason: AccessRejectReason;
}

/** A token that lacks required scopes. */
export class InsufficientScope extends TokenError {
  readonly requiredScopes: readonly string[];

  constructor(requiredScopes: readonly string[]) {
    super("scope", LACKS_SCOPE);
    this.requiredScopes = requiredScopes;
  }
}

/** Refusals after which signing in again can help. After any other, clients discard their encryption keys. */
const SOFT: ReadonlySet<TokenErrorCode> = new Set<TokenErrorCode>([
  "expired",
  "inactive",
  "not_yet_valid",
  "issued_in_future",
  "too_old",
  "unknown_key",
]);

/**
 * Is the token to blame, rather than the user, the host or what could not be asked? Then `rateLimits.failures` counts. An
 * access token alone names the user, so that a name which can't exist is its fault too.
 */
export function blamesToken(error: unknown): boolean {
  if (error instanceof Refusal) return error.kind === "token" || error.kind === "username";
  return error instanceof TokenError;
}

/** The answer of a request to whatever ended it early. */
export function rejectionOf(error: unknown): AccessRejection {
  const [answer, reason] = answerAndReason(error);
  return { answer, reason, challenge: challengeOf(error, answer) };
}

function answerAndReason(error: unknown): readonly [MatrixError, AccessRejectReason] {
  if (error instanceof TokenError) return [tokenAnswer(error), error.code];
  if (error instanceof Refusal) return [ANSWERS[error.kind](error), error.reason];
  if (error instanceof UnavailableError) return [unavailable(error.retryAfter * 1_000), error.code];
  return [answerTo(error instanceof HostFailure ? error.cause : error), "host"];
}

function tokenAnswer({ code, message }: TokenError): MatrixError {
  if (code === "missing") return usualError("M_MISSING_TOKEN", "Missing access token", { statusCode: 401 });
  if (code === "scope") return usualError("M_FORBIDDEN", message, { statusCode: 403 });
  return unknownToken(message, SOFT.has(code));
}

const ANSWERS: Readonly<Record<RefusalKind, (refusal: Refusal) => MatrixError>> = {
  token: ({ message }) => unknownToken(message, false),
  username: ({ message }) => unknownToken(message, false),
  user: ({ message }) => unknownToken(message, false),
  limit: ({ retryAfterMs }) =>
    usualError("M_LIMIT_EXCEEDED", "Too many attempts with bad access tokens; try again later", {
      statusCode: 429,
      retryAfterMs: Number(retryAfterMs),
    }),
  unavailable: ({ retryAfterMs }) => unavailable(Number(retryAfterMs)),
};

function unknownToken(why: string, softLogout: boolean): MatrixError {
  const fields = { soft_logout: softLogout };
  return usualError("M_UNKNOWN_TOKEN", `Access token refused: ${why}`, { statusCode: 401, fields });
}

function unavailable(retryAfterMs: number): MatrixError {
  const message = "Access tokens can't be verified temporarily; try again later";
  return usualError("M_UNKNOWN", message, { statusCode: 503, retryAfterMs });
}

function challengeOf(error: unknown, { statusCode }: MatrixError): string | undefined {
  if (error instanceof InsufficientScope) return insufficientScope(error.requiredScopes);
  if (statusCode === 403) return CHALLENGE.noError;
  if (statusCode !== 401) return undefined;
  return error instanceof TokenError && error.code === "missing" ? CHALLENGE.noError : CHALLENGE.invalidToken;
}

/** A scope that may be quoted in a header (RFC 6749 section 3.3). */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Values of `WWW-Authenticate` (RFC 6750 section 3). */
const CHALLENGE = {
  /** RFC 6750 section 3.1: a request without a token is told no error. */
  noError: "Bearer",
  invalidToken: 'Bearer error="invalid_token"',
} as const;

export function insufficientScope(scopes: readonly string[]): string {
  const error = 'Bearer error="insufficient_scope"';
  const quotable = scopes.filter((scope) => SCOPE.test(scope));
  return quotable.length === 0 ? error : `${error}, scope="${quotable.join(" ")}"`;
}
