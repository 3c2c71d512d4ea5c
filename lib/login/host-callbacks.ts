import { errcodeOf } from "../matrix/host-error.js";
import { type LoginResponse, loginResponse } from "../matrix/response.js";
import { kindOf } from "../support/checks.js";
import { callHost, HostFailure } from "../support/host-failure.js";
import type { VerifiedLogin } from "./options.js";
import type { LoginConfig } from "./parse-options.js";

export async function findUser<User, Req>(
  config: LoginConfig<User, Req>,
  login: VerifiedLogin<Req>,
): Promise<User | undefined> {
  const user = await callHost("findUser", () => config.findUser(login.userId, login));
  return user === null || user === undefined ? undefined : assertUser(user, "findUser");
}

/** The new user; or why it is none: another login has registered this user meanwhile (`inUse`). */
export async function registerUser<User, Req>(
  config: LoginConfig<User, Req>,
  login: VerifiedLogin<Req>,
): Promise<{ readonly user: User } | { readonly inUse: HostFailure }> {
  try {
    const user = await callHost("registerUser", () => config.registerUser?.(login.userId, login));
    return { user: assertUser(user, "registerUser") };
  } catch (failure) {
    if (failure instanceof HostFailure && errcodeOf(failure.cause) === "M_USER_IN_USE") return { inUse: failure };
    throw failure;
  }
}

/** A wrong result of `issueToken` fails as an error that it throws does. */
export async function issueToken<User, Req>(
  config: LoginConfig<User, Req>,
  user: User,
  login: VerifiedLogin<Req>,
): Promise<LoginResponse> {
  const { userId, deviceId } = login;
  const { serverName, wellKnown } = config;
  return callHost("issueToken", async () => {
    const issued = await config.issueToken(user, login);
    const response = loginResponse(issued, { userId, deviceId, serverName, wellKnown });
    config.checkIssued(issued, response);
    return response;
  });
}

/** What database clients give beside `rows`: those of Postgres, libSQL and Cassandra. */
const RESULT_MEMBERS = ["rowCount", "rowsAffected", "fields", "columns", "rowLength"];

/**
 * What a query returns, also if it found nobody, is no user, and neither is the false, 0 or "" of a lookup: taken for users,
 * they would log strangers in.
 */
export function assertUser<User>(user: User | undefined, callback: string): User {
  if (user === undefined || !user || Array.isArray(user)) throw noUser(callback, kindOf(user));
  if (isQueryResult(user)) throw noUser(callback, "the result of a query: return its row");
  return user;
}

function isQueryResult(user: unknown): boolean {
  if (typeof user !== "object" || user === null || !("rows" in user)) return false;
  return RESULT_MEMBERS.some((name) => name in user) && Array.isArray(user.rows);
}

function noUser(callback: string, given: string): HostFailure {
  return new HostFailure(callback, new TypeError(`${callback} must return a user, not ${given}`));
}
