import { randomInt } from "node:crypto";

import { localpartIn } from "../matrix/identifiers.js";
import { localpartOf, possibleUserId } from "../matrix/subject.js";
import { identifies, isCleanText, type LoginFields } from "../matrix/submission.js";
import type { JsonObject } from "../support/json.js";
import { Refusal } from "../support/refusal.js";
import { NO_SUBJECT, STRICT } from "../tokens/steps.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import type { Attempt } from "./attempt.js";
import type { LoginRules } from "./login-type.js";
import type { LoginContext, VerifiedLogin } from "./options.js";

/** A login whose token is verified. */
export interface VerifiedRequest {
  /** Its rules. */
  readonly rules: LoginRules;
  readonly submission: JsonObject;
  readonly fields: LoginFields;
  readonly token: VerifiedToken;
}

/** A user ID, whether or not there is such a user. */
export type Account = Pick<VerifiedLogin, "userId" | "localpart">;

/**
 * The account that a token's subject stands for. `identifier` is compared first; only then is it checked that such a user ID can exist.
 *
 * @throws TokenError `subject`
 * @throws Refusal `user_id` or `identifier`
 */
export function accountOfSubject({ rules, submission, token }: VerifiedRequest, serverName: string): Account {
  const subject = token.subject === NO_SUBJECT ? rules.verifier.subjectOf(token, STRICT) : token.subject;
  const localpart = localpartOf(subject, rules, serverName);
  assertIdentifier(rules, submission, localpart, serverName);
  return { userId: possibleUserId(localpart, serverName), localpart };
}

/**
 * The account that a token's identity is linked to.
 *
 * @param userId - a user ID of this server
 * @throws Refusal `identifier`
 */
export function accountOfLink(userId: string, { rules, submission }: VerifiedRequest, serverName: string): Account {
  const localpart = localpartIn(userId);
  assertIdentifier(rules, submission, localpart, serverName);
  return { userId, localpart };
}

function assertIdentifier(
  { identifier }: LoginRules,
  submission: JsonObject,
  localpart: string,
  serverName: string,
): void {
  if (identifier === "ignore") return;
  const named = identifies(submission, localpart, serverName);
  if (named === "same" || (named === "none" && identifier === "match")) return;
  const why =
    named === "none"
      ? "the request must name the token's user (identifier)"
      : "token is not for the user that the request names";
  throw new Refusal("token", "identifier", why);
}

/** What the host's callbacks get. */
export function verifiedLogin<Req>(
  { loginType, context }: Attempt<Req>,
  { rules, fields, token: { claims, introspection } }: VerifiedRequest,
  account: Account,
): VerifiedLogin<Req> {
  const displayName = rules.displayName?.(claims, introspection);
  const { userId, localpart } = account;
  const login: Writable<VerifiedLogin<Req>> = { loginType, userId, localpart, claims, ...requestedBy(fields, context) };
  if (typeof displayName === "string" && isCleanText(displayName)) login.displayName = displayName;
  if (introspection !== undefined) login.introspection = introspection;
  return login;
}

// Filled in field by field: to spread an object for each that may be missing is a twelfth of a login without its HTTP.
type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

type Requested =
  "deviceId" | "deviceIdGiven" | "initialDeviceDisplayName" | "refreshToken" | "ip" | "userAgent" | "req";

/** What callbacks get of a login request, whatever proved its user. */
export function requestedBy<Req>(
  { deviceId, initialDeviceDisplayName, refreshToken }: LoginFields,
  { ip, userAgent, req }: LoginContext<Req>,
): Pick<VerifiedLogin<Req>, Requested> {
  const requested = {
    deviceId: deviceId ?? newDeviceId(),
    deviceIdGiven: deviceId !== undefined,
    refreshToken,
  } as Writable<Pick<VerifiedLogin<Req>, Requested>>;
  if (initialDeviceDisplayName !== undefined) requested.initialDeviceDisplayName = initialDeviceDisplayName;
  if (ip !== undefined) requested.ip = ip;
  if (userAgent !== undefined) requested.userAgent = userAgent;
  if (req !== undefined) requested.req = req;
  return requested;
}

/** Ten letters, as Synapse makes them. */
function newDeviceId(): string {
  let id = "";
  while (id.length < 10) id += String.fromCharCode(65 + randomInt(26));
  return id;
}
