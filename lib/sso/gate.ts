import { requestedBy } from "../login/account.js";
import { admitted, attempted, succeeded } from "../login/attempt.js";
import type { LoginRules } from "../login/login-type.js";
import type { LoginContext, VerifiedLogin } from "../login/options.js";
import type { LoginConfig } from "../login/parse-options.js";
import { issueTo, type Purpose, resolved, SIGN_IN } from "../login/resolve-user.js";
import { localpartIn } from "../matrix/identifiers.js";
import type { LoginResponse } from "../matrix/response.js";
import { asSubmission, fieldsOf } from "../matrix/submission.js";
import { Refusal } from "../support/refusal.js";
import { TokenError } from "../tokens/errors.js";
import { type Steps, STRICT, SUBJECT_OPTIONAL } from "../tokens/steps.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import { SignInError } from "./errors.js";
import type { LoginTokens } from "./login-tokens.js";
import type { SealedTimes } from "./seal.js";

/** The login type of events and callbacks, whichever provider it was. */
const SSO_LOGIN_TYPE = "m.login.sso";

/** Who a user is, for a session that exists: nobody is registered or linked, and no account is counted. */
const IDENTIFICATION: Purpose = { ...SIGN_IN, newUsers: "refuse", links: false };

/** A provider, as far as its rules go. */
interface WithRules {
  readonly loginRules: LoginRules;
}

/** The steps of a login, for browsers. Throws {@link MatrixError}, or a {@link SignInError} of `prove`. */
export interface LoginGate<Req> {
  /** How ID tokens are verified: with linked accounts, one need not name a user here. */
  readonly steps: Steps;
  /**
   * A whole login except its last step: nothing is issued.
   */
  signIn(
    provider: WithRules,
    context: LoginContext<Req>,
    prove: () => Promise<VerifiedToken>,
  ): Promise<VerifiedLogin<Req>>;
  /** The token's user, within the limits by address. */
  identify(
    provider: WithRules,
    context: LoginContext<Req>,
    prove: () => Promise<VerifiedToken>,
  ): Promise<VerifiedLogin<Req>>;
  /**
   * Does some work once for all calls with this name. If the work fails, the next call does it again.
   *
   * @param times - when the name was given, and until when it is good
   * @throws TokenError `used`
   * @throws Refusal if the store cannot be asked
   */
  once<T>(name: string, times: SealedTimes, clockTolerance: number, work: () => Promise<T>): Promise<T>;
}

export function loginGate<User, Req>(config: LoginConfig<User, Req>): LoginGate<Req> {
  const go = async (
    { loginRules: rules }: WithRules,
    context: LoginContext<Req>,
    purpose: Purpose,
    prove: () => Promise<VerifiedToken>,
  ): Promise<VerifiedLogin<Req>> => {
    let outage: SignInError | undefined;
    try {
      const outcome = await attempted(config, SSO_LOGIN_TYPE, context, (attempt) =>
        admitted(config, attempt, async () => {
          const token = await prove().catch(signInError);
          if (token instanceof SignInError) {
            // Says nothing about a token, so it is no failure of one; and unless there is an outage, no login has failed.
            if (!token.isOutage) return token;
            outage = token;
            throw new Refusal("unavailable", "provider_unavailable", token.message);
          }
          const request = { rules, submission: {}, fields: fieldsOf({}), token };
          return resolved(config, attempt, request, purpose, ({ login }) => login);
        }),
      );
      if (outcome instanceof SignInError) throw outcome;
      return outcome;
    } catch (error) {
      throw outage ?? error;
    }
  };
  return {
    steps: config.externalIds === undefined ? STRICT : SUBJECT_OPTIONAL,
    signIn: (provider, context, prove) => go(provider, context, SIGN_IN, prove),
    identify: (provider, context, prove) => go(provider, context, IDENTIFICATION, prove),
    once: (name, { iat, exp }, clockTolerance, work) =>
      config.singleUse.once({ fingerprint: name, claims: { iat, exp } }, clockTolerance, work),
  };
}

function signInError(error: unknown): SignInError {
  if (error instanceof SignInError) return error;
  throw error;
}

/**
 * `POST /login` with a login token of ours (client-server API, "Token-based").
 *
 * @throws MatrixError
 */
export async function redeem<User, Req>(
  config: LoginConfig<User, Req>,
  tokens: LoginTokens,
  json: unknown,
  context: LoginContext<Req>,
): Promise<LoginResponse> {
  const submission = asSubmission(json);
  return attempted(config, SSO_LOGIN_TYPE, context, (attempt) => {
    const fields = fieldsOf(submission);
    return admitted(config, attempt, async () => {
      const token = await tokens.read(submission["token"] as string);
      if (token === undefined) throw invalid();
      const { userId, provider, iss: issuer, sub: subject, sid: sessionId, iat, exp, name } = token;
      const login: VerifiedLogin<Req> = {
        loginType: SSO_LOGIN_TYPE,
        userId,
        localpart: localpartIn(userId),
        claims: { iss: issuer, sub: subject, ...(sessionId !== undefined && { sid: sessionId }) },
        externalId: { issuer, subject },
        sso: { provider, issuer, subject, ...(sessionId !== undefined && { sessionId }) },
        ...requestedBy(fields, context),
      };
      const response = await config.singleUse
        .once({ fingerprint: name, claims: { iat, exp } }, 0, () => issueTo(config, attempt, login))
        .catch(invalidIfUsed);
      succeeded(config, attempt, login);
      return response;
    });
  });
}

function invalidIfUsed(error: unknown): never {
  throw error instanceof TokenError ? invalid() : error;
}

function invalid(): Refusal {
  return new Refusal("token", "login_token", "Invalid login token");
}
