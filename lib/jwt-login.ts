import { randomInt } from "node:crypto";

import { attempted, loginEvent, type Attempt } from "./attempt.js";
import type { OptionReader } from "./checks/checks.js";
import { callHost, findUser, registerUser } from "./host-callbacks.js";
import { TokenError } from "./jwt/errors.js";
import { readerOf } from "./jwt/parse-options.js";
import type { VerifiedToken } from "./jwt/token-verifier.js";
import { MatrixError } from "./matrix/errors.js";
import type { LoginFlow } from "./matrix/login-flows.js";
import { loginResponse, type LoginResponse } from "./matrix/response.js";
import { checkNewLocalpart, localpartOf, possibleUserId } from "./matrix/subject.js";
import { fieldsOf, identifies, isCleanText, type JsonObject, type LoginFields } from "./matrix/submission.js";
import type { JwtLoginOptions, LoginContext, VerifiedLogin } from "./options/login.js";
import { LOGIN_OPTION_NAMES, parseLoginOptions, type LoginConfig } from "./options/parse-login.js";
import type { LoginType } from "./options/parse-login-type.js";

/** Login by JSON Web Token, without a web framework. Its functions need no `this`. */
export interface JwtLogin<Req = unknown> {
  /**
   * Logs a client in.
   *
   * @param submission - the parsed JSON of the login request
   * @returns the body of the 200 answer
   * @throws MatrixError, and nothing else: `statusCode` and `toJSON()` are the answer
   */
  readonly login: (submission: unknown, context?: LoginContext<Req>) => Promise<LoginResponse>;
  /**
   * All that a login checks, with nothing registered and nothing issued.
   *
   * @throws MatrixError, and nothing else
   */
  readonly authenticate: (submission: unknown, context?: LoginContext<Req>) => Promise<VerifiedLogin<Req>>;
  /** The login types, as `GET /login` lists them. */
  readonly flows: readonly LoginFlow[];
  /**
   * Resolves when all keys are at hand; fetches them if need be.
   *
   * @throws KeysUnavailableError
   */
  readonly ready: () => Promise<void>;
}

/**
 * Makes a login without Express: for another framework, or for a host's own handlers.
 *
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
        const { login, response } = await logIn(config, attempt);
        config.onLogin?.(loginEvent(attempt, login.userId));
        return response;
      }),
    authenticate: (submission: unknown, context: LoginContext<Req> = {}) =>
      attempted(config, submission, context, async (attempt) => (await authenticate(config, attempt)).login),
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
}

async function logIn<User, Req>(
  config: Config<User, Req>,
  attempt: Attempt<Req>,
): Promise<{ login: VerifiedLogin<Req>; response: LoginResponse }> {
  const { login, user: known } = await authenticate(config, attempt);
  const user = known ?? (await registerUser(config, login));
  // What was issued amiss is the host's failure as much as what was not issued.
  const response = await callHost("issueToken", async () =>
    loginResponse(await config.issueToken(user, login), {
      userId: login.userId,
      deviceId: login.deviceId,
      serverName: config.serverName,
      wellKnown: config.wellKnown,
    }),
  );
  return { login, response };
}

async function authenticate<User, Req>(
  config: Config<User, Req>,
  attempt: Attempt<Req>,
): Promise<Authenticated<User, Req>> {
  const { loginType, submission } = attempt;
  const fields = fieldsOf(submission);
  const token = await loginType.verifier.verify(submission["token"]);
  const account = accountOf(config.serverName, attempt, token);
  await authorize(loginType, token, submission);
  const login = verifiedLogin(attempt, fields, token, account);
  const user = await findUser(config, login);
  if (user === undefined) checkRegistration(attempt, login.localpart);
  return { login, user };
}

type Account = Pick<VerifiedLogin, "userId" | "localpart">;

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

async function authorize({ verifier }: LoginType, { claims }: VerifiedToken, submission: JsonObject): Promise<void> {
  const { authorize: ask } = verifier;
  if (ask === undefined) return;
  if ((await callHost("authorize", () => ask(claims, submission))) !== true) {
    throw new TokenError("unauthorized", "token not authorized");
  }
}

function verifiedLogin<Req>(
  { loginType, name, context }: Attempt<Req>,
  { deviceId, initialDeviceDisplayName, refreshToken }: LoginFields,
  { claims }: VerifiedToken,
  account: Account,
): VerifiedLogin<Req> {
  const displayName = loginType.displayName?.(claims);
  return {
    loginType: name,
    ...account,
    ...(typeof displayName === "string" && isCleanText(displayName) && { displayName }),
    claims,
    deviceId: deviceId ?? newDeviceId(),
    deviceIdGiven: deviceId !== undefined,
    ...(initialDeviceDisplayName !== undefined && { initialDeviceDisplayName }),
    refreshToken,
    ...(context.ip !== undefined && { ip: context.ip }),
    ...(context.userAgent !== undefined && { userAgent: context.userAgent }),
    ...(context.req !== undefined && { req: context.req }),
  };
}

/** Ten letters, as Synapse makes them. */
function newDeviceId(): string {
  return Array.from({ length: 10 }, () => String.fromCharCode(65 + randomInt(26))).join("");
}

function checkRegistration<Req>(attempt: Attempt<Req>, localpart: string): void {
  if (!attempt.loginType.allowRegistration) {
    attempt.stage = "unknown_user";
    throw new MatrixError("M_FORBIDDEN", "User does not exist");
  }
  checkNewLocalpart(localpart);
}
