import type { LoginResponse } from "../matrix/response.js";
import { checkNewLocalpart } from "../matrix/subject.js";
import type { HostFailure } from "../support/host-failure.js";
import { Refusal } from "../support/refusal.js";
import { type Account, accountOfLink, accountOfSubject, verifiedLogin, type VerifiedRequest } from "./account.js";
import type { Attempt } from "./attempt.js";
import { externalIdOf, findLinked, linkOrRefuse } from "./external-ids.js";
import { findUser, issueToken, registerUser } from "./host-callbacks.js";
import type { LoginRules } from "./login-type.js";
import type { ExternalId, ExternalIds, VerifiedLogin } from "./options.js";
import type { LoginConfig } from "./parse-options.js";

/** What a caller wants of a verified token: which steps run, and for whom. */
export interface Purpose {
  /** Whose token may come. */
  readonly admits: (userId: string) => boolean;
  /** What becomes of a user whom the host does not know, if registration is allowed. */
  readonly newUsers: "register" | "admit" | "refuse";
  /** Whether an identity that is new is linked to a user who exists, if the host allows that. */
  readonly links: boolean;
  /** Whether a token that logs in once is used up. */
  readonly usesUpToken: boolean;
  /** Whether the login counts for `rateLimits.account`. */
  readonly counts: boolean;
}

const anybody = (): boolean => true;

/** A login as a client asks for it. */
export const LOGIN: Purpose = { admits: anybody, newUsers: "register", links: true, usesUpToken: true, counts: true };
/** Everything that a login checks but single use. Nobody is registered or linked, and the token is not used up. */
export const AUTHENTICATION: Purpose = {
  admits: anybody,
  newUsers: "admit",
  links: false,
  usesUpToken: false,
  counts: true,
};
/** A user is there and known afterwards. The account is counted, and the token issued, later: see {@link issueTo}. */
export const SIGN_IN: Purpose = {
  admits: anybody,
  newUsers: "register",
  links: true,
  usesUpToken: false,
  counts: false,
};

/** A user who has to re-authenticate. */
export function reauthenticationOf(userId: string): Purpose {
  return { admits: (whose) => whose === userId, newUsers: "refuse", links: false, usesUpToken: true, counts: true };
}

/** Who logs in. */
export interface Resolved<User, Req> {
  readonly login: VerifiedLogin<Req>;
  /** Undefined: the host knows no such user, and the purpose admits that. */
  readonly user: User | undefined;
}

/**
 * The steps of a login between its verified token and its end, in the order of the contract:
 *
 * - without `externalIds`: account, `authorize`, claim, limit by account, `findUser`, `registerUser`;
 * - with them: `authorize`, `externalIds.find`, account, limit by account, `findUser`, `externalIds.link` or
 *   `registerUser`, claim.
 *
 * @param finish - what comes last. The token is released if it, or a step after the claim, fails
 * @throws TokenError, Refusal, HostFailure
 */
export async function resolved<User, Req, T>(
  config: LoginConfig<User, Req>,
  attempt: Attempt<Req>,
  request: VerifiedRequest,
  purpose: Purpose,
  finish: (resolved: Resolved<User, Req>) => Promise<T> | T,
): Promise<T> {
  const { rules, token, submission } = request;
  const once = <R>(work: () => Promise<R>): Promise<R> =>
    purpose.usesUpToken && rules.singleUse
      ? config.singleUse.once(token, rules.verifier.config.rules.clockTolerance, work)
      : work();
  const { externalIds } = config;
  if (externalIds !== undefined) {
    const externalId = externalIdOf(token);
    await rules.verifier.authorize(token, submission);
    const found = await userOfIdentity({ ...config, externalIds }, attempt, request, purpose, externalId);
    return once(async () => finish(found));
  }
  const account = accountOfSubject(request, config.serverName);
  enter(attempt, purpose, account);
  await rules.verifier.authorize(token, submission);
  return once(async () => finish(await userOfSubject(config, attempt, request, purpose, account)));
}

/**
 * Issues a token to a user who proved earlier who they are: limit by account, `findUser`, `issueToken`.
 *
 * @throws Refusal, HostFailure
 */
export async function issueTo<User, Req>(
  config: LoginConfig<User, Req>,
  attempt: Attempt<Req>,
  login: VerifiedLogin<Req>,
): Promise<LoginResponse> {
  attempt.userId = login.userId;
  await config.limits?.countLogin(login.userId);
  const user = await findUser(config, login);
  if (user === undefined) throw unknownUser();
  return issueToken(config, user, login);
}

async function userOfSubject<User, Req>(
  config: LoginConfig<User, Req>,
  attempt: Attempt<Req>,
  request: VerifiedRequest,
  purpose: Purpose,
  account: Account,
): Promise<Resolved<User, Req>> {
  const login = verifiedLogin(attempt, request, account);
  if (purpose.counts && config.limits !== undefined) await config.limits.countLogin(account.userId);
  const user = await findUser(config, login);
  if (user !== undefined) return { login, user };
  assertMayBeNew(purpose, request, account);
  if (purpose.newUsers === "admit") return { login, user };
  const registered = await registerUser(config, login);
  if ("user" in registered) return { login, user: registered.user };
  // Two logins of one new user may race: whoever comes second finds the user that the first one registered.
  return { login, user: await foundAfterAll(config, login, registered.inUse) };
}

async function foundAfterAll<User, Req>(
  config: LoginConfig<User, Req>,
  login: VerifiedLogin<Req>,
  inUse: HostFailure,
): Promise<User> {
  const user = await findUser(config, login);
  if (user === undefined) throw inUse;
  return user;
}

type LinkingConfig<User, Req> = LoginConfig<User, Req> & { readonly externalIds: ExternalIds<User, Req> };

async function userOfIdentity<User, Req>(
  config: LinkingConfig<User, Req>,
  attempt: Attempt<Req>,
  request: VerifiedRequest,
  purpose: Purpose,
  externalId: ExternalId,
  lostRace?: { readonly inUse: HostFailure; readonly counted: string },
): Promise<Resolved<User, Req>> {
  const { serverName, externalIds } = config;
  const linked = await findLinked(externalIds, externalId, serverName);
  const account =
    linked === undefined ? accountOfSubject(request, serverName) : accountOfLink(linked, request, serverName);
  enter(attempt, purpose, account);
  const { userId } = account;
  const login = { ...verifiedLogin(attempt, request, account), externalId };
  if (purpose.counts && lostRace?.counted !== userId) await config.limits?.countLogin(userId);
  const user = await findUser(config, login);
  if (user !== undefined) {
    if (linked !== undefined) return { login, user };
    await linkOrRefuse(externalIds, externalId, { user, login }, { links: purpose.links, serverName });
    return { login, user };
  }
  if (linked !== undefined) throw unknownUser();
  assertMayBeNew(purpose, request, account);
  if (purpose.newUsers === "admit") return { login, user };
  if (lostRace !== undefined) throw lostRace.inUse;
  const registered = await registerUser(config, login);
  if ("user" in registered) return { login, user: registered.user };
  // Somebody has this user ID now: perhaps this very identity, by another login.
  const { inUse } = registered;
  return userOfIdentity(config, attempt, request, purpose, externalId, { inUse, counted: userId });
}

/** From here on it is known whose login it is. */
function enter(attempt: Attempt<unknown>, { admits }: Purpose, { userId }: Account): void {
  attempt.userId = userId;
  if (!admits(userId)) throw new Refusal("token", "identifier", "token is not for the user of this session");
}

function assertMayBeNew({ newUsers }: Purpose, { rules }: VerifiedRequest, { localpart }: Account): void {
  if (newUsers === "refuse") throw unknownUser();
  assertRegistrable(rules, localpart);
}

/** @throws Refusal if nobody new may log in with this localpart */
export function assertRegistrable({ allowRegistration }: LoginRules, localpart: string): void {
  if (!allowRegistration) throw unknownUser();
  checkNewLocalpart(localpart);
}

export function unknownUser(): Refusal {
  return new Refusal("user", "unknown_user", "User does not exist");
}
