import { type LoginRules, parseLoginType } from "../../login/login-type.js";
import { silentLogger } from "../../support/logger.js";
import type { Entries } from "../../tokens/by-issuer.js";
import { tokenContexts } from "../../tokens/context.js";
import { NO_SUBJECT, type Steps } from "../../tokens/steps.js";
import type { VerifiedToken, Verifier } from "../../tokens/verifier.js";
import { showSet } from "../show.js";
import { examineIdentity, IDENTITY_STEPS, type LinkedAccounts } from "./examine-identity.js";
import {
  DISPLAY_NAME,
  examineAuthorize,
  examineDisplayName,
  examineNewUser,
  examineSingleUse,
  examineUser,
  LOGIN_STEPS,
  type UserIs,
} from "./examine-login.js";
import { Findings, seen } from "./findings.js";
import { inWords } from "./source.js";
import { tokenSteps, TokenView } from "./step-facts.js";

/** All steps, in the order of a login. The first is of lists of issuers alone. */
function stepsOf(loginType: LoginRules | undefined, { accounts }: LoginFacts): readonly string[] {
  const ofToken = loginType === undefined ? [] : tokenSteps(loginType.verifier.config);
  const ofLogin: readonly string[] = accounts === undefined ? LOGIN_STEPS : IDENTITY_STEPS;
  const isAsked = (step: string) => step !== DISPLAY_NAME || loginType?.displayName !== undefined;
  return ["issuer", ...ofToken, ...ofLogin.filter(isAsked)];
}

export interface Judgement {
  readonly findings: Findings;
  readonly steps: readonly string[];
  /** What refuses the token; undefined if it is accepted. */
  readonly refusal: unknown;
  /** Undefined if no entry of a list is of the token's issuer. */
  readonly loginType: LoginRules | undefined;
  readonly view: TokenView | undefined;
  /** As it was given. */
  readonly token: string;
}

/** What a login asks beside the token. */
export interface LoginFacts {
  readonly serverName?: string | undefined;
  /** What `findUser` would answer. Default: `unknown` if new users are registered, else `known`. */
  readonly user?: UserIs | undefined;
  /** If accounts are linked to identities. */
  readonly accounts?: LinkedAccounts | undefined;
}

/**
 * Runs the steps of a login with a token, and those after a failed one as far as they can still be judged.
 *
 * @param options - a login type's, as anybody may have written them
 * @throws OptionsError
 */
export async function judge(token: string, options: object, login: LoginFacts): Promise<Judgement> {
  const entries = parseLoginType(options, "", tokenContexts({ logger: silentLogger })("explain"));
  const findings = new Findings();
  const loginType = Array.isArray(options) ? await entryFor(token, entries, findings) : entries.all[0];
  const steps = stepsOf(loginType, login);
  if (loginType === undefined) return { findings, steps, refusal: findings.error, loginType, view: undefined, token };
  const view = new TokenView(token, loginType.verifier.config, inWords(options, entries.all.indexOf(loginType)));
  findings.factsOf = (step, result) => view.factsOf(step, result);
  await examine(token, { loginType, view, findings, login });
  return { findings, steps, refusal: findings.error, loginType, view, token };
}

interface Examination {
  readonly loginType: LoginRules;
  readonly view: TokenView;
  readonly findings: Findings;
  readonly login: LoginFacts;
}

async function examine(token: string, { loginType, view, findings, login }: Examination): Promise<void> {
  const { verifier } = loginType;
  const { accounts } = login;
  const steps = accounts === undefined ? findings : subjectOptional(findings);
  const verified = await verifiedBy(verifier, token, steps);
  const subject = verified?.subject ?? (view.claims && checkUnverified(view, verifier, findings, steps));
  if (view.claims !== undefined) examineSingleUse(view.claims, loginType, findings);
  if (accounts !== undefined) {
    await examineIdentity(verified, view.claims, { ...login, accounts }, loginType, findings);
    return;
  }
  const localpart = subject && examineUser(subject, loginType, login, findings);
  await examineAuthorize(verifier, verified, findings);
  examineDisplayName(loginType, verified, findings);
  if (localpart !== undefined) examineNewUser(localpart, loginType, login, findings);
}

/** Undefined if there is none. */
async function entryFor(token: string, entries: Entries<LoginRules>, steps: Findings): Promise<LoginRules | undefined> {
  const issuers = entries.all.flatMap(({ verifier }) => Array.from(verifier.config.rules.issuers as Iterable<unknown>));
  try {
    return await steps.take(
      "issuer",
      () => entries.for(token),
      () => seen(`the token's own iss selects the rules, of ${showSet(issuers)}`),
    );
  } catch {
    return undefined;
  }
}

/** A token's account may be found by other means than its subject. */
function subjectOptional(findings: Findings): Steps {
  return {
    take: (name, step) =>
      name === "subject"
        ? findings.attempt(name, step, NO_SUBJECT as ReturnType<typeof step>)
        : findings.take(name, step),
    check: (name, step) => {
      findings.check(name, step);
    },
    checks: (steps, run) => {
      findings.checks(steps, run);
    },
  };
}

/** Undefined if it is refused. The steps that ran are among the findings. */
async function verifiedBy(verifier: Verifier, token: string, steps: Steps): Promise<VerifiedToken | undefined> {
  try {
    return await verifier.verify(token, steps);
  } catch {
    return undefined;
  }
}

/** Judges claims that nothing has proven, or that are of no use, as far as they go. */
function checkUnverified(view: TokenView, verifier: Verifier, findings: Findings, steps: Steps): string | undefined {
  if (findings.get("subject") !== undefined) return undefined;
  verifier.checkClaims(view.claimed, steps);
  try {
    return verifier.subjectOf(view.claimed, steps);
  } catch {
    return undefined;
  }
}
