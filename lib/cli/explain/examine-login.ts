import type { LoginType } from "../../login/login-type.js";
import { assertRememberable } from "../../login/single-use.js";
import { isNewLocalpart } from "../../matrix/identifiers.js";
import { localpartOf, possibleUserId } from "../../matrix/subject.js";
import type { Claims } from "../../tokens/claims.js";
import type { VerifiedToken, Verifier } from "../../tokens/verifier.js";
import { show } from "../show.js";
import { notAsked, seen, type Findings } from "./findings.js";

/** The steps of this file, in the order of a login. */
export const LOGIN_STEPS = ["single use", "user ID", "authorize"] as const;

interface Said {
  readonly claims: Claims;
  readonly subject: string | undefined;
}

/** What logins are examined by. */
export interface LoginMeasure {
  readonly loginType: LoginType;
  readonly serverName: string | undefined;
  readonly findings: Findings;
}

/** Applies what a login asks of a token beyond its verifier, as far as that can be told without the host's callbacks. */
export function examineLogin({ claims, subject }: Said, measure: LoginMeasure): void {
  examineSingleUse(claims, measure);
  if (subject !== undefined) examineUser(subject, measure);
}

function examineSingleUse(claims: Claims, { loginType, findings }: LoginMeasure): void {
  if (!loginType.singleUse) {
    findings.note("single use", notAsked("singleUse is off"));
    return;
  }
  const check = () => {
    assertRememberable(claims, Date.now() / 1_000);
  };
  const facts = "exp is at most 7 days ahead; only your server knows whether the token was used before";
  findings.check("single use", check, () => seen(facts));
}

function examineUser(subject: string, { loginType, serverName, findings }: LoginMeasure): void {
  if (serverName === undefined) {
    findings.note("user ID", notAsked("--server-name is not given"));
    return;
  }
  findings.check(
    "user ID",
    () => possibleUserId(localpartOf(subject, loginType, serverName), serverName),
    (userId) => seen(typeof userId === "string" ? userFacts(userId) : `of ${show(subject)} on ${serverName}`),
  );
}

function userFacts(userId: string): string {
  const isNew = isNewLocalpart(userId.slice(1, userId.indexOf(":")));
  return isNew ? show(userId) : `${show(userId)}, who can't be registered: new names are of a-z, 0-9 and ._=-/+`;
}

/** Asks the host's own function, which expects verified claims and no others. */
export async function examineAuthorize(
  verifier: Verifier,
  token: VerifiedToken | undefined,
  findings: Findings,
): Promise<void> {
  if (verifier.config.authorize === undefined) {
    findings.note("authorize", notAsked("authorize is not set"));
  } else if (token !== undefined && findings.error === undefined) {
    const facts = () => seen("your own function, asked with the claims and an empty login request");
    // What it throws is among the findings.
    await findings.take("authorize", async () => verifier.authorize(token, {}), facts).catch(() => undefined);
  }
}
