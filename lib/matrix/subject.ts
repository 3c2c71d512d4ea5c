import { Refusal } from "../support/refusal.js";
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
 * @throws Refusal of the token if the subject does not have the format or is of another server; of the user name if it
 * can't be escaped
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
 * @throws Refusal of the user name
 */
export function possibleUserId(localpart: string, serverName: string): string {
  const userId = userIdOf(localpart, serverName);
  if (isPossibleUserId(userId)) return userId;
  throw invalidUsername("The token's subject makes no valid user ID");
}

/** @throws Refusal `username` if no new user may have this localpart */
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
    throw invalidUsername("The token's subject cannot be made a user ID");
  }
}

function forbidden(why: string): Refusal {
  return new Refusal("token", "user_id", why);
}

function invalidUsername(why: string): Refusal {
  return new Refusal("username", "user_id", why);
}
