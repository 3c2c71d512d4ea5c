import { MatrixError } from "matrix-jwt-login";

import { verifyPassword } from "./passwords.js";
import { badRequest, isObject, requiredString, type JsonObject } from "./request-body.js";
import { requireActive, type User, type Users } from "./users.js";

/**
 * Whom an `m.login.password` is for. Client-Server API, "Identifier types"; the top-level `user` is what came before
 * them, and clients still send it.
 */
export function namedUserId(body: JsonObject, serverName: string): string {
  const name = requiredString(userIdentifier(body), "user");
  return name.startsWith("@") ? name : `@${name}:${serverName}`;
}

function userIdentifier(body: JsonObject): JsonObject {
  const identifier = body["identifier"];
  if (identifier === undefined) return body;
  if (!isObject(identifier) || identifier["type"] !== "m.id.user") {
    throw badRequest("M_INVALID_PARAM", "identifier must be of the type m.id.user");
  }
  return identifier;
}

/**
 * The user, where the password is right. Nothing here limits how often one may guess, at logins or in stages of
 * User-Interactive Authentication: a server with real accounts must, as the package's limits count tokens alone.
 */
export async function checkPassword(users: Users, userId: string, password: string): Promise<User> {
  const user = await users.find(userId);
  const isRight = await verifyPassword(password, user?.passwordHash);
  if (user === undefined || !isRight) throw wrongPassword();
  // Only whoever knows the password learns that the account is locked.
  requireActive(user);
  return user;
}

export const wrongPassword = (): MatrixError => new MatrixError("M_FORBIDDEN", "Wrong user name or password");
