import { parseUserId } from "../../matrix/identifiers.js";
import { isCleanText } from "../../matrix/submission.js";
import type { Rule } from "../../tokens/migrated-authorize.js";
import { jsonEqual, type PathReader } from "./claims.js";

/** Where one of the two proofs says who the user is. */
export interface Paths {
  readonly localpart_path: PathReader | undefined;
  readonly fq_uid_path: PathReader | undefined;
  readonly user_id_path: PathReader | undefined;
  readonly displayname_path: PathReader | undefined;
  readonly admin_path: PathReader | undefined;
  readonly email_path: PathReader | undefined;
}

/** A proof's claims with where to look in them. */
export interface Source {
  readonly paths: Partial<Paths>;
  readonly claims: unknown;
}

/** What `identifier.user` has to be. */
export type UsernameType = "localpart" | "fq_uid" | "user_id";

/** Characters; what Synapse takes. */
const MAX_DISPLAY_NAME = 256;

/** All that the sources have at one of their paths. */
export function valuesAt(sources: readonly Source[], path: keyof Paths): readonly unknown[] {
  return sources.map(({ paths, claims }) => paths[path]?.(claims)).filter((value) => value !== undefined);
}

/** Do all say the same? */
export function agree(values: readonly unknown[]): boolean {
  return values.every((value) => jsonEqual(value, values[0]));
}

/**
 * The user that the token's sources name: a full user ID if one of them has it, else a localpart. Undefined if they name
 * nobody, or not all the same.
 */
export function userNamedBy(sources: readonly Source[]): string | undefined {
  const localparts = valuesAt(sources, "localpart_path");
  const userIds = valuesAt(sources, "fq_uid_path");
  const all = [...userIds, ...localparts, ...valuesAt(sources, "user_id_path")];
  if (!all.every((name) => typeof name === "string") || !agree(localparts)) return undefined;
  if (userIds.some((userId) => parseUserId(String(userId)) === undefined)) return undefined;
  const user = all.find((name) => name.startsWith("@")) ?? all[0];
  if (user === undefined || (user.startsWith("@") && parseUserId(user) === undefined)) return undefined;
  return all.every((name) => name === user || name === parseUserId(user)?.localpart) ? user : undefined;
}

/** Is the name that the client gave one of this type, and is it the localpart that the token's sources have? */
export function isNamedAs(type: UsernameType, name: string, sources: readonly Source[]): boolean {
  const userId = parseUserId(name);
  if (type === "fq_uid" && userId === undefined) return false;
  const localpart = type === "localpart" ? name : (userId?.localpart ?? name);
  return valuesAt(sources, "localpart_path").every((value) => value === localpart);
}

/** The display name, if it is one that a profile can have. */
export function displayNameIn(sources: readonly Source[]): string | undefined {
  const [name] = valuesAt(sources, "displayname_path");
  const isUsable =
    typeof name === "string" && name !== "" && isCleanText(name) && Array.from(name).length <= MAX_DISPLAY_NAME;
  return isUsable ? name : undefined;
}

type Submission = Readonly<Record<string, unknown>>;

/** The user names that a client sent: of `identifier`, and the older `user`. */
export function namesGiven({ identifier, user }: Submission): readonly unknown[] {
  const { user: named } = (identifier ?? {}) as Submission;
  return [named, user].filter((name) => name !== undefined && name !== null);
}

/**
 * May a module be asked? Synapse refuses a login that names nobody before it asks any, whatever the module makes of the name.
 * A token that is verified without a login has no submission, so that there is nothing to refuse.
 */
export const USUAL_REQUEST: Rule = [
  "the login request must name a user (identifier)",
  (_, submission) => !("type" in submission) || namesGiven(submission).length > 0,
];
