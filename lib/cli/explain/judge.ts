import { silentLogger } from "../../support/logger.js";
import { keyContexts } from "../../login/events.js";
import { parseLoginType, type LoginType } from "../../login/login-type.js";
import type { VerifiedToken, Verifier } from "../../tokens/verifier.js";
import { examineAuthorize, examineLogin, LOGIN_STEPS } from "./examine-login.js";
import { Findings } from "./findings.js";
import { sourceOf } from "./source.js";
import { tokenSteps, TokenView } from "./step-facts.js";

/** All steps, in the order of a login. */
export function rulesOf({ verifier }: LoginType): readonly string[] {
  return [...tokenSteps(verifier.config), ...LOGIN_STEPS];
}

export interface Judgement {
  readonly loginType: LoginType;
  readonly findings: Findings;
  /** What refuses the token; undefined if it is accepted. */
  readonly refusal: unknown;
}

/**
 * Runs the steps of a login with a token, and those after a failed one as far as they can still be judged.
 *
 * @param options - a login type's, as anybody may have written them
 * @throws OptionsError
 */
export async function judge(token: string, options: object, serverName: string | undefined): Promise<Judgement> {
  const keysFor = keyContexts({ logger: silentLogger });
  const loginType = parseLoginType(options, "", keysFor("explain"));
  const { verifier } = loginType;
  const view = new TokenView(token, verifier.config, sourceOf(options));
  const findings = new Findings((step, result) => view.factsOf(step, result));
  const verified = await verifiedBy(verifier, token, findings);
  const claims = verified?.claims ?? view.claims;
  if (claims !== undefined) {
    const subject = verified?.subject ?? checkUnverified(view, verifier, findings);
    examineLogin({ claims, subject }, { loginType, serverName, findings });
  }
  await examineAuthorize(verifier, verified, findings);
  return { loginType, findings, refusal: findings.error };
}

/** Undefined if it is refused. The steps that ran are among the findings. */
async function verifiedBy(verifier: Verifier, token: string, steps: Findings): Promise<VerifiedToken | undefined> {
  try {
    return await verifier.verify(token, steps);
  } catch {
    return undefined;
  }
}

/** Judges claims that nothing has proven, or that are of no use, as far as they go. */
function checkUnverified(view: TokenView, verifier: Verifier, steps: Findings): string | undefined {
  if (steps.get("subject") !== undefined) return undefined;
  verifier.checkClaims(view.claimed, steps);
  try {
    return verifier.subjectOf(view.claimed, steps);
  } catch {
    return undefined;
  }
}
