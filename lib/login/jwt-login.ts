import { attempted, blamesToken, checkConnected, loginEvent, type Attempt } from "./attempt.js";
import type { OptionReader } from "../support/checks.js";
import { callHost } from "../support/host-failure.js";
import { findUser, registerUser } from "./host-callbacks.js";
import { readerOf } from "../tokens/parse-options.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import { MatrixError } from "../matrix/errors.js";
import type { LoginFlow } from "../matrix/login-flows.js";
import { loginResponse, type LoginResponse } from "../matrix/response.js";
import { checkNewLocalpart, localpartOf, possibleUserId } from "../matrix/subject.js";
import { fieldsOf, identifies, type JsonObject, type LoginFields } from "../matrix/submission.js";
import type { JwtLoginOptions, LoginContext, VerifiedLogin } from "./options.js";
import { LOGIN_OPTION_NAMES, parseLoginOptions, type LoginConfig } from "./parse-login.js";
import type { LoginType } from "./parse-login-type.js";
import { checkExpiry, claim, orGiveBack } from "./single-use.js";
import { verifiedLogin, type Account } from "./verified-login.js";

/** Login by JSON Web Token, without a web framework. Its functions need no `this`. */
export interface JwtLogin<Req = unknown> {
  /**
   * Logs a client in.
   *
   * @param submission - the parsed JSON of the login request
   * @param context - who asks
   * @returns the body of the 200 answer
   * @throws MatrixError, and nothing else: `statusCode` and `toJSON()` are the answer
   */
  login(this: void, submission: unknown, context?: LoginContext<Req>): Promise<LoginResponse>;
  /**
   * All that a login checks, rate limits included, up to the claim of a single-use token: nothing is registered, and
   * nothing issued.
   *
   * @param submission - the parsed JSON of the login request
   * @param context - who asks
   * @returns what the callbacks of a login are told
   * @throws MatrixError, and nothing else
   */
  authenticate(this: void, submission: unknown, context?: LoginContext<Req>): Promise<VerifiedLogin<Req>>;
  /**
   * A stage of User-Interactive Authentication (client-server API, "User-Interactive Authentication API") whose type is
   * one of the login types: all that {@link authenticate} checks, and that the token is for the user who asks. Nobody is
   * registered, nothing is issued, and a single-use token is used up.
   *
   * What it resolves to has a `deviceId` that was made for it, as of a login, and that means nothing here.
   *
   * @param auth - the `auth` object of the request: `type` and `token`, beside what the host looks at itself
   * @param userId - whose session it is, as the host's access token says
   * @param context - who asks
   * @throws MatrixError, and nothing else. A 403 is a stage that failed: the host answers 401 with its flows and these
   * `errcode` and `error`. Any other status is the answer
   */
  reauthenticate(this: void, auth: unknown, userId: string, context?: LoginContext<Req>): Promise<VerifiedLogin<Req>>;
  /** The login types, as `GET /login` lists them. */
  readonly flows: readonly LoginFlow[];
  /**
   * Resolves when all keys are at hand; fetches them if need be.
   *
   * @throws KeysUnavailableError where they can't be had
   */
  ready(this: void): Promise<void>;
}

/**
 * Makes a login without Express: for another framework, or for a host's own handlers.
 *
 * @typeParam User - the host's own type, inferred from `findUser`
 * @typeParam Req - the type of `context.req`
 * @param options - checked here, never later
 * @throws OptionsError where an option can't be right
 */
export function createJwtLogin<User, Req = unknown>(options: JwtLoginOptions<User, Req>): JwtLogin<Req> {
  return jwtLoginOf<User, Req>(readerOf(options, "", LOGIN_OPTION_NAMES));
}

/** As {@link createJwtLogin}, for who has read the options' names already. */
export function jwtLoginOf<User, Req>(options: OptionReader): JwtLogin<Req> {
  const config = parseLoginOptions<User, Req>(options);
  return Object.freeze({
    login: (submission: unknown, context: LoginContext<Req> = {}) =>
      attempted(config, submission, context, async (attempt) => {
        const { login, response } = await admitted(config, attempt, (fields) => logIn(config, attempt, fields));
        config.onLogin?.(loginEvent(attempt, login.userId));
        return response;
      }),
    authenticate: (submission: unknown, context: LoginContext<Req> = {}) =>
      attempted(config, submission, context, async (attempt) => {
        const { login } = await admitted(config, attempt, (fields) => authenticate(config, attempt, fields));
        return login;
      }),
    reauthenticate: (auth: unknown, userId: string, context: LoginContext<Req> = {}) =>
      attempted(config, auth, context, (attempt) =>
        admitted(config, attempt, (fields) => reauthenticate(config, attempt, fields, userId)),
      ),
    flows: Object.freeze(Array.from(config.loginTypes.keys(), (type) => Object.freeze({ type }))),
    ready: async () => {
      await Promise.all(Array.from(config.loginTypes.values(), ({ verifier }) => verifier.ready()));
    },
  });
}

type Config<User, Req> = LoginConfig<User, Req>;

/** Who logs in, and the user if there is one already. */
interface Authenticated<User, Req> {
  readonly login: VerifiedLogin<Req>;
  readonly user: User | undefined;
  readonly token: VerifiedToken;
}

/** Who may come with a token. Both throw. */
interface Admission {
  /** Before anybody is looked up or counted. */
  checkUser(attempt: Attempt<unknown>, userId: string): void;
  /** Of a user whom the host does not know. */
  checkUnknown(attempt: Attempt<unknown>, localpart: string): void;
}

const ANYBODY: Admission = { checkUser: () => undefined, checkUnknown: checkRegistration };

function onlyFor(userId: string): Admission {
  return {
    checkUser: (attempt, whose) => {
      if (whose === userId) return;
      attempt.stage = "identifier";
      throw new MatrixError("M_FORBIDDEN", "JWT validation failed: token is not for the user of this session");
    },
    checkUnknown: (attempt) => {
      throw unknownUser(attempt);
    },
  };
}

/** The fields first, and then all that follows within the limits by address. */
function admitted<User, Req, T>(
  { limits }: Config<User, Req>,
  attempt: Attempt<Req>,
  work: (fields: LoginFields) => Promise<T>,
): Promise<T> {
  const fields = fieldsOf(attempt.submission);
  if (limits === undefined) return work(fields);
  return limits.admit(
    attempt.context.ip,
    () => work(fields),
    (error) => blamesToken(error, attempt.stage),
  );
}

async function logIn<User, Req>(
  config: Config<User, Req>,
  attempt: Attempt<Req>,
  fields: LoginFields,
): Promise<{ login: VerifiedLogin<Req>; response: LoginResponse }> {
  const { singleUse } = config;
  const { login, user: known, token } = await authenticate(config, attempt, fields);
  const user = known ?? (await registerUser(config, login));
  const use = attempt.loginType.singleUse ? await claim(singleUse, token) : undefined;
  const issue = () => config.issueToken(user, login);
  // What was issued amiss is the host's failure as much as what was not issued.
  const response = await callHost("issueToken", async () =>
    loginResponse(await (use === undefined ? issue() : orGiveBack(singleUse, use, issue)), {
      userId: login.userId,
      deviceId: login.deviceId,
      serverName: config.serverName,
      wellKnown: config.wellKnown,
    }),
  );
  return { login, response };
}

async function reauthenticate<User, Req>(
  config: Config<User, Req>,
  attempt: Attempt<Req>,
  fields: LoginFields,
  userId: string,
): Promise<VerifiedLogin<Req>> {
  const { login, token } = await authenticate(config, attempt, fields, onlyFor(userId));
  if (attempt.loginType.singleUse) await claim(config.singleUse, token);
  return login;
}

async function authenticate<User, Req>(
  config: Config<User, Req>,
  attempt: Attempt<Req>,
  fields: LoginFields,
  admission: Admission = ANYBODY,
): Promise<Authenticated<User, Req>> {
  checkConnected(attempt);
  const { loginType, submission } = attempt;
  const verified = loginType.verifier.verify(submission["token"]);
  const token = verified instanceof Promise ? await verified : verified;
  if (loginType.singleUse) checkExpiry(token.claims);
  const account = accountOf(config.serverName, attempt, token);
  admission.checkUser(attempt, account.userId);
  const authorizing = loginType.verifier.authorize(token, submission);
  if (authorizing !== undefined) await authorizing;
  if (config.limits !== undefined) await config.limits.countLogin(account.userId);
  const login = verifiedLogin(attempt, fields, token, account);
  const user = await findUser(config, login);
  if (user === undefined) admission.checkUnknown(attempt, login.localpart);
  return { login, user, token };
}

/** Works out the token's user. */
function accountOf<Req>(serverName: string, attempt: Attempt<Req>, { subject }: VerifiedToken): Account {
  const { loginType, submission } = attempt;
  attempt.stage = "user_id";
  const localpart = localpartOf(subject, loginType, serverName);
  attempt.stage = "identifier";
  checkIdentifier(loginType, submission, localpart, serverName);
  attempt.stage = "user_id";
  const userId = possibleUserId(localpart, serverName);
  attempt.userId = userId;
  return { userId, localpart };
}

function checkIdentifier(rule: LoginType, submission: JsonObject, localpart: string, serverName: string): void {
  if (rule.identifier === "ignore") return;
  const named = identifies(submission, localpart, serverName);
  if (named === "same" || (named === "none" && rule.identifier === "match")) return;
  throw new MatrixError("M_FORBIDDEN", "JWT validation failed: token is not for the user that the request names");
}

function checkRegistration(attempt: Attempt<unknown>, localpart: string): void {
  if (!attempt.loginType.allowRegistration) throw unknownUser(attempt);
  checkNewLocalpart(localpart);
}

function unknownUser(attempt: Attempt<unknown>): MatrixError {
  attempt.stage = "unknown_user";
  return new MatrixError("M_FORBIDDEN", "User does not exist");
}
