import { MatrixError } from "./errors.js";
import { isNewLocalpart, isPossibleUserId, parseUserId, toLocalpart, userIdOf } from "./identifiers.js";

/** What a token's subject is: a localpart, a full user ID, or whichever of the two it looks like. */
export type SubjectFormat = "localpart" | "userId" | "either";
/** How a subject becomes a localpart. */
export type LocalpartRule = "as-is" | "lowercase" | "escape";

export interface SubjectRules {
  readonly subjectFormat: SubjectFormat;
  readonly localpart: LocalpartRule;
}

/**
 * The localpart of the user that a subject stands for.
 *
 * @throws MatrixError 403 `M_FORBIDDEN` where the subject is not of the format or of another server, 400
 * `M_INVALID_USERNAME` where it can't be escaped
 */
export function localpartOf(subject: string, rules: SubjectRules, serverName: string): string {
  const { subjectFormat } = rules;
  if (subjectFormat === "userId" || (subjectFormat === "either" && subject.includes(":"))) {
    const userId = parseUserId(subject);
    if (userId === undefined) throw forbidden("token subject is not a user ID");
    if (userId.serverName !== serverName) throw forbidden("token subject is a user of another server");
    return apply(rules.localpart, userId.localpart);
  }
  if (subject.includes(":") && rules.localpart !== "escape") throw forbidden("token subject is not a localpart");
  return apply(rules.localpart, subject);
}

/**
 * The user ID, if there can be one: what a database that compares loosely might take for another is never looked up.
 *
 * @throws MatrixError 400 `M_INVALID_USERNAME`
 */
export function possibleUserId(localpart: string, serverName: string): string {
  const userId = userIdOf(localpart, serverName);
  if (isPossibleUserId(userId)) return userId;
  throw invalidUsername("The token's subject makes no valid user ID");
}

/** @throws MatrixError 400 `M_INVALID_USERNAME` where nobody new may have this localpart */
export function checkNewLocalpart(localpart: string): void {
  if (!isNewLocalpart(localpart)) {
    throw invalidUsername("User names can only contain the characters a-z, 0-9 and ._=-/+");
  }
}

function apply(rule: LocalpartRule, text: string): string {
  if (rule === "as-is") return text;
  // A-Z alone: what Unicode folds together are different people.
  if (rule === "lowercase") return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  try {
    return toLocalpart(text);
  } catch {
    throw invalidUsername("The token's subject can't be made a user ID");
  }
}

function forbidden(why: string): MatrixError {
  return new MatrixError("M_FORBIDDEN", `JWT validation failed: ${why}`);
}

function invalidUsername(why: string): MatrixError {
  return new MatrixError("M_INVALID_USERNAME", why, { statusCode: 400 });
}
