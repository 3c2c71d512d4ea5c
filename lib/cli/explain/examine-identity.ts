import { externalIdOf, unlinked } from "../../login/external-ids.js";
import type { LoginRules } from "../../login/login-type.js";
import { unknownUser } from "../../login/resolve-user.js";
import type { Claims } from "../../tokens/claim-rules.js";
import { NO_SUBJECT, STRICT } from "../../tokens/steps.js";
import type { VerifiedToken } from "../../tokens/verifier.js";
import { show } from "../show.js";
import { examineAuthorize, examineDisplayName, examineNewUser, examineUser, type UserIs } from "./examine-login.js";
import { type Findings, notAsked, seen } from "./findings.js";

/** The steps of this file, in the order of a login with `externalIds`. */
export const IDENTITY_STEPS = [
  "single use",
  "identity",
  "authorize",
  "linked",
  "user ID",
  "display name",
  "new user",
] as const;

/** What is known of linked accounts. */
export interface LinkedAccounts {
  /** Does `externalIds.find` give a user ID? */
  readonly linked: boolean;
  /** Of `externalIds`: never, always, or a function of the host's. */
  readonly existingUsers: unknown;
}

interface Facts {
  readonly accounts: LinkedAccounts;
  readonly serverName?: string | undefined;
  readonly user?: UserIs | undefined;
}

/**
 * Judges a login with linked accounts, after its token, as far as it goes: each step is asked only if all before it pass.
 *
 * @param claims - as they are in the token, whether or not it is verified
 */
export async function examineIdentity(
  token: VerifiedToken | undefined,
  claims: Claims | undefined,
  facts: Facts,
  loginType: LoginRules,
  findings: Findings,
): Promise<void> {
  if (claims !== undefined) {
    findings.check(
      "identity",
      () => externalIdOf(token ?? { claims, introspection: undefined }),
      () => seen(`iss ${show(claims.iss)}, sub ${show(claims.sub)}`),
    );
  }
  await examineAuthorize(loginType.verifier, token, findings);
  if (token === undefined || findings.error !== undefined) return;
  if (facts.accounts.linked) examineLinked(token, facts, loginType, findings);
  else examineUnlinked(token, facts, loginType, findings);
}

function examineLinked(token: VerifiedToken, { user }: Facts, loginType: LoginRules, findings: Findings): void {
  findings.note("linked", seen("to a user; --linked no judges an identity that is new"));
  findings.note("user ID", notAsked("it is that of the link"));
  examineDisplayName(loginType, token, findings);
  if (findings.error !== undefined) return;
  if (user !== "unknown") {
    findings.note("new user", notAsked("nobody is registered for an identity that is linked"));
    return;
  }
  const refuse = () => {
    throw unknownUser();
  };
  findings.check("new user", refuse, () => seen("the user of the link is unknown"));
}

function examineUnlinked(token: VerifiedToken, facts: Facts, loginType: LoginRules, findings: Findings): void {
  const { verifier, allowRegistration } = loginType;
  // Without a link, the subject names the user after all.
  if (token.subject === NO_SUBJECT) findings.check("subject", () => verifier.subjectOf(token, STRICT));
  const localpart = token.subject === NO_SUBJECT ? undefined : examineUser(token.subject, loginType, facts, findings);
  if (localpart === undefined) return;
  examineDisplayName(loginType, token, findings);
  if (findings.error !== undefined) return;
  if ((facts.user ?? (allowRegistration ? "unknown" : "known")) === "known") {
    examineLink(facts.accounts.existingUsers, findings);
  } else {
    findings.note("linked", notAsked("registerUser stores the identity"));
  }
  examineNewUser(localpart, loginType, facts, findings);
}

function examineLink(existingUsers: unknown, findings: Findings): void {
  if (typeof existingUsers === "function") {
    findings.note("linked", notAsked("existingUsers is a function of your own"));
    return;
  }
  const check = () => {
    if (existingUsers !== "link") throw unlinked();
  };
  findings.check("linked", check, () => seen(`to nobody; existingUsers is ${show(existingUsers)}`));
}
