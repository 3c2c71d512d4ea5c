import { isPossibleUserId, parseUserId } from "../matrix/identifiers.js";
import { callHost, HostFailure } from "../support/host-failure.js";
import { Refusal } from "../support/refusal.js";
import { TokenError } from "../tokens/errors.js";
import type { Proven } from "../tokens/proofs/reader.js";
import type { ExternalId, ExternalIds, VerifiedLogin } from "./options.js";

/**
 * Whom the identity provider calls whom (RFC 7519 sections 4.1.1 and 4.1.2).
 *
 * @throws TokenError `subject`
 */
export function externalIdOf({ claims, introspection }: Pick<Proven, "claims" | "introspection">): ExternalId {
  // If both say who it is, they agree: SecondIntrospection has compared them.
  const { iss: issuer = introspection?.iss, sub: subject = introspection?.sub } = claims;
  if (typeof issuer === "string" && issuer !== "" && typeof subject === "string" && subject !== "") {
    return { issuer, subject };
  }
  throw new TokenError("subject", "token has no issuer or no subject (iss, sub)");
}

/** The user ID that this identity is linked to, if it is. */
export async function findLinked(
  { find }: Pick<ExternalIds<never>, "find">,
  externalId: ExternalId,
  serverName: string,
): Promise<string | undefined> {
  const userId = await callHost("externalIds.find", () => find(externalId));
  if (userId === undefined || userId === null) return undefined;
  if (typeof userId === "string" && isPossibleUserId(userId) && parseUserId(userId)?.serverName === serverName) {
    return userId;
  }
  throw new HostFailure("externalIds.find", new TypeError("find must return a user ID of this server, or nothing"));
}

/**
 * Lets an identity in that was not linked, for a user who exists: links it, if the host and the purpose allow that.
 *
 * @throws Refusal `unlinked`
 */
export async function linkOrRefuse<User, Req>(
  externalIds: ExternalIds<User, Req>,
  externalId: ExternalId,
  { user, login }: { readonly user: User; readonly login: VerifiedLogin<Req> },
  { links, serverName }: { readonly links: boolean; readonly serverName: string },
): Promise<void> {
  const isLinked = links && (await tryToLink(externalIds, externalId, user, login));
  if (isLinked === true) return;
  // Two logins of one identity may race: whoever comes second finds what the first one linked or registered.
  if ((await findLinked(externalIds, externalId, serverName)) === login.userId) return;
  if (typeof isLinked === "boolean") throw unlinked();
  throw new HostFailure("externalIds.link", new TypeError("link must return true or false"));
}

export function unlinked(): Refusal {
  return new Refusal("user", "unlinked", "This account is not linked to your identity");
}

async function tryToLink<User, Req>(
  { existingUsers, link }: ExternalIds<User, Req>,
  externalId: ExternalId,
  user: User,
  login: VerifiedLogin<Req>,
): Promise<unknown> {
  const allowed: unknown =
    typeof existingUsers === "function"
      ? await callHost("externalIds.existingUsers", () => existingUsers(user, login))
      : existingUsers === "link";
  if (allowed !== true) return false;
  return callHost("externalIds.link", () => link(externalId, login.userId, login));
}
