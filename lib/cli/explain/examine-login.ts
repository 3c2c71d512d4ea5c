import { callHost } from "../../login/host-callbacks.js";
import type { Claims } from "../../tokens/claims.js";
import { TokenError } from "../../tokens/errors.js";
import type { Authorize } from "../../tokens/parse-options.js";
import { isNewLocalpart } from "../../matrix/identifiers.js";
import { localpartOf, possibleUserId } from "../../matrix/subject.js";
import type { LoginType } from "../../login/parse-login-type.js";
import { checkExpiry } from "../../login/single-use.js";
import { show } from "../show.js";
import type { Said } from "./examine.js";
import { notAsked, seen, type Findings } from "./findings.js";

/** The rules of this file, in the order in which a login applies them. */
export const LOGIN_RULES = ["single use", "user ID", "authorize"] as const;

/** What logins are examined by. */
export interface LoginMeasure {
  readonly loginType: LoginType;
  readonly serverName: string | undefined;
  readonly findings: Findings;
}

/** Applies what a login asks of a token beyond its verifier, as far as that can be told without the host's callbacks. */
export async function examineLogin({ claims, subject }: Said, measure: LoginMeasure): Promise<void> {
  await examineSingleUse(claims, measure);
  if (subject !== undefined) await examineUser(subject, measure);
}

async function examineSingleUse(claims: Claims, { loginType, findings }: LoginMeasure): Promise<void> {
  if (!loginType.singleUse) {
    findings.note("single use", notAsked("singleUse is off"));
    return;
  }
  const facts = () => seen("exp is at most 7 days ahead; only your server knows whether the token was used before");
  await findings.apply("single use", facts, () => {
    checkExpiry(claims);
  });
}

async function examineUser(subject: string, { loginType, serverName, findings }: LoginMeasure): Promise<void> {
  if (serverName === undefined) {
    findings.note("user ID", notAsked("--server-name is not given"));
    return;
  }
  await findings.apply(
    "user ID",
    (userId) => seen(userId === undefined ? `of ${show(subject)} on ${serverName}` : userFacts(userId)),
    () => possibleUserId(localpartOf(subject, loginType, serverName), serverName),
  );
}

function userFacts(userId: string): string {
  const isNew = isNewLocalpart(userId.slice(1, userId.indexOf(":")));
  return isNew ? show(userId) : `${show(userId)}, who can't be registered: new names are of a-z, 0-9 and ._=-/+`;
}

/** To be asked of proven claims alone, as the host expects. */
export async function examineAuthorize(authorize: Authorize, claims: Claims, findings: Findings): Promise<void> {
  const facts = () => seen("your own function, asked with the claims and an empty login request");
  await findings.apply("authorize", facts, async () => {
    if ((await callHost("authorize", () => authorize(claims, {}))) !== true) {
      throw new TokenError("unauthorized", "token not authorized");
    }
  });
}
