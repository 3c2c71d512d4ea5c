import { isMatrixError } from "../matrix/errors.js";
import { internalError } from "../matrix/host-error.js";
import type { LoginFlow } from "../matrix/login-flows.js";
import type { LoginResponse } from "../matrix/response.js";
import { asSubmission, fieldsOf, typeOf, unknownType } from "../matrix/submission.js";
import type { JsonObject } from "../support/json.js";
import type { Logger } from "../support/logger.js";
import type { Jwks } from "../tokens/keys/jwk.js";
import { STRICT, SUBJECT_OPTIONAL } from "../tokens/steps.js";
import type { VerifiedRequest } from "./account.js";
import { admitted, type Attempt, attempted, succeeded } from "./attempt.js";
import { issueToken } from "./host-callbacks.js";
import type { LoginContext, VerifiedLogin } from "./options.js";
import { type LoginConfig, type LoginValues, parseLoginOptions } from "./parse-options.js";
import { AUTHENTICATION, LOGIN, reauthenticationOf, resolved } from "./resolve-user.js";
import { assertRememberable } from "./single-use.js";

/** Login by JSON Web Token, without a web framework and without single sign-on. Its functions need no `this`. */
export interface TokenLogin<Req = unknown> {
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
   * Checks everything that a login checks, rate limits included, but for one thing: whether a single-use token was used before.
   * Nobody is registered or linked, nothing is issued, and a single-use token is not used up.
   *
   * @param submission - the parsed JSON of the login request
   * @param context - who asks
   * @returns what the callbacks of a login get
   * @throws MatrixError, and nothing else
   */
  authenticate(this: void, submission: unknown, context?: LoginContext<Req>): Promise<VerifiedLogin<Req>>;
  /**
   * Completes a stage of User-Interactive Authentication (client-server API, "User-Interactive Authentication API") whose type
   * is one of the login types: checks what {@link authenticate} checks, and that the token is for this user. Nobody is
   * registered, nothing is issued, and a single-use token is used up.
   *
   * Ignore the `deviceId` of the result: no session begins.
   *
   * @param auth - the `auth` object of the request: `type` and `token`, beside what the host looks at itself
   * @param userId - the user of the session, from your own check of the access token
   * @param context - who asks
   * @throws MatrixError, and nothing else. A 403 is a failed stage: answer 401 with your flows and its `errcode`
   * and `error`. Any other status is the answer
   */
  reauthenticate(this: void, auth: unknown, userId: string, context?: LoginContext<Req>): Promise<VerifiedLogin<Req>>;
  /** The login types, as `GET /login` lists them. */
  readonly flows: readonly LoginFlow[];
  /**
   * The public halves of the keys of `decryption` (RFC 7517 section 5), for you to serve: issuers encrypt tokens to them.
   */
  encryptionKeys(this: void): Jwks;
  /**
   * Resolves once all keys, and the documents that name endpoints, have been fetched.
   *
   * @throws KeysUnavailableError if keys are temporarily unavailable, IntrospectionUnavailableError
   * if the document that names the introspection endpoint can't be fetched
   */
  ready(this: void): Promise<void>;
}

/** A login, and what single sign-on shares with it. */
export interface LoginCore<User, Req> {
  readonly tokenLogin: TokenLogin<Req>;
  readonly config: LoginConfig<User, Req>;
}

/** A login by tokens alone. Single sign-on shares its limits, keys and used tokens. */
export function loginCore<User, Req>(options: LoginValues<User, Req>, mayBeEmpty: boolean): LoginCore<User, Req> {
  const config = parseLoginOptions(options, mayBeEmpty);
  return { config, tokenLogin: tokenLoginOf(config) };
}

function tokenLoginOf<User, Req>(config: LoginConfig<User, Req>): TokenLogin<Req> {
  return Object.freeze({
    login: (json: unknown, context?: LoginContext<Req>) =>
      started(config, json, context ?? {}, (attempt, request) =>
        resolved(config, attempt, request, LOGIN, async ({ login, user }) => {
          const response = await issueToken(config, user as User, login);
          succeeded(config, attempt, login);
          return response;
        }),
      ),
    authenticate: (json: unknown, context?: LoginContext<Req>) =>
      started(config, json, context ?? {}, (attempt, request) =>
        resolved(config, attempt, request, AUTHENTICATION, ({ login }) => login),
      ),
    reauthenticate: (auth: unknown, userId: string, context?: LoginContext<Req>) =>
      started(config, auth, context ?? {}, (attempt, request) =>
        resolved(config, attempt, request, reauthenticationOf(userId), ({ login }) => login),
      ),
    flows: Object.freeze(Array.from(config.loginTypes.keys(), (type) => Object.freeze({ type }))),
    encryptionKeys: () => encryptionKeysOf(config),
    ready: async () => {
      await Promise.all(Array.from(config.loginTypes.values(), (entries) => entries.ready()));
    },
  });
}

/** A key that login types share is listed once. */
function encryptionKeysOf<User, Req>({ loginTypes }: LoginConfig<User, Req>): Jwks {
  const all = Array.from(loginTypes.values(), (entries) => entries.all).flat();
  const keys = all.flatMap(({ verifier }) => verifier.config.decryption?.known() ?? []);
  return { keys: [...new Map(keys.map(({ publicJwk }) => [JSON.stringify(publicJwk), { ...publicJwk }])).values()] };
}

/** What is no JSON, as a caller without HTTP may give, can throw when it is looked at. */
function typed(json: unknown, logger: Logger): { readonly submission: JsonObject; readonly type: string } {
  try {
    const submission = asSubmission(json);
    return { submission, type: typeOf(submission) };
  } catch (error) {
    if (isMatrixError(error)) throw error;
    logger.error(error);
    throw internalError();
  }
}

/** The first steps, of all that comes with a token: fields, limits by address, token. */
async function started<User, Req, T>(
  config: LoginConfig<User, Req>,
  json: unknown,
  context: LoginContext<Req>,
  work: (attempt: Attempt<Req>, request: VerifiedRequest) => Promise<T>,
): Promise<T> {
  const { submission, type } = typed(json, config.logger);
  const entries = config.loginTypes.get(type);
  if (entries === undefined) throw unknownType();
  return attempted(config, type, context, (attempt) => {
    const fields = fieldsOf(submission);
    return admitted(config, attempt, async () => {
      const chosen = entries.for(submission["token"]);
      const rules = chosen instanceof Promise ? await chosen : chosen;
      const verified = rules.verifier.verify(submission["token"], config.externalIds ? SUBJECT_OPTIONAL : STRICT);
      const token = verified instanceof Promise ? await verified : verified;
      if (rules.singleUse) assertRememberable(token.claims, Date.now() / 1_000);
      return work(attempt, { rules, submission, fields, token });
    });
  });
}
