import { callHost, HostFailure } from "../support/host-failure.js";
import { errcodeOf } from "../matrix/host-error.js";
import type { VerifiedLogin } from "./options.js";
import type { LoginConfig } from "./parse-login.js";

type UserCallbacks<User, Req> = Pick<LoginConfig<User, Req>, "findUser" | "registerUser">;

export async function findUser<User, Req>(
  config: UserCallbacks<User, Req>,
  login: VerifiedLogin<Req>,
): Promise<User | undefined> {
  const user = await callHost("findUser", () => config.findUser(login.userId, login));
  if (user === null || user === undefined) return undefined;
  return aUser(user, "findUser");
}

/** Two logins of one new user may race: who comes second finds the user that the first one made. */
export async function registerUser<User, Req>(
  config: UserCallbacks<User, Req>,
  login: VerifiedLogin<Req>,
): Promise<User> {
  try {
    const user = await callHost("registerUser", () => config.registerUser?.(login.userId, login));
    return aUser(user, "registerUser");
  } catch (failure) {
    if (errcodeOf((failure as HostFailure).cause) !== "M_USER_IN_USE") throw failure;
    const user = await findUser(config, login);
    if (user === undefined) throw failure;
    return user;
  }
}

/** A list is what a query gives and false what a lookup says: taken for users, they would log strangers in. */
function aUser<User>(user: User | undefined, callback: string): User {
  if (user === undefined || user === null || (user as unknown) === false || Array.isArray(user)) {
    throw new HostFailure(callback, new TypeError(`${callback} must give a user`));
  }
  return user;
}
