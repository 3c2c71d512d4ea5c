import { SharedJwks } from "../../tokens/keys/shared-jwks.js";
import type { VerifiedToken, Verifier } from "../../tokens/verifier.js";
import { silentLogger } from "../../support/logger.js";
import { keyWatcher } from "../../login/events.js";
import { parseLoginType, type LoginType } from "../../login/parse-login-type.js";
import { examineAuthorize, examineLogin, LOGIN_RULES } from "./examine-login.js";
import { examine, TOKEN_RULES } from "./examine.js";
import { Findings, notAsked } from "./findings.js";
import { sourceOf } from "./source.js";

/** All rules, in the order in which a login applies them. */
export const RULES: readonly string[] = [...TOKEN_RULES, ...LOGIN_RULES];

export interface Judgement {
  readonly loginType: LoginType;
  readonly findings: Findings;
  /** What refuses the token; undefined where it is accepted. */
  readonly refusal: unknown;
}

/**
 * Judges a token as a login would.
 *
 * @param options - a login type's, as anybody may have written them
 * @throws OptionsError
 */
export async function judge(token: string, options: object, serverName: string | undefined): Promise<Judgement> {
  const watcher = keyWatcher("explain", silentLogger, undefined);
  const loginType = parseLoginType(options, "", { shared: new SharedJwks(), watcher });
  const { verifier } = loginType;
  const { authorize, config } = verifier;
  const findings = new Findings();
  // The verifier has the last word. It is asked at the same time, so that both wait for the same fetch of the keys.
  const [verdict, said] = await Promise.all([
    verdictOf(verifier, token),
    examine(token, { config, source: sourceOf(options), findings }),
  ]);
  if (said !== undefined) await examineLogin(said, { loginType, serverName, findings });
  if (authorize === undefined) findings.note("authorize", notAsked("authorize is not set"));
  else if ("claims" in verdict && findings.error === undefined) {
    await examineAuthorize(authorize, verdict.claims, findings);
  }
  return { loginType, findings, refusal: "refusal" in verdict ? verdict.refusal : findings.error };
}

async function verdictOf(verifier: Verifier, token: string): Promise<VerifiedToken | { readonly refusal: unknown }> {
  try {
    return await verifier.verify(token);
  } catch (refusal) {
    return { refusal };
  }
}
