import type { LoginRules } from "../../login/login-type.js";
import { assertRegistrable } from "../../login/resolve-user.js";
import { assertRememberable } from "../../login/single-use.js";
import { parseUserId } from "../../matrix/identifiers.js";
import { localpartOf, possibleUserId } from "../../matrix/subject.js";
import type { Claims } from "../../tokens/claim-rules.js";
import { brokenRuleOf } from "../../tokens/migrated-authorize.js";
import type { VerifiedToken, Verifier } from "../../tokens/verifier.js";
import { show } from "../show.js";
import { type Facts, type Findings, notAsked, seen } from "./findings.js";

/** The steps of this file, in the order of a login without `externalIds`. */
export const LOGIN_STEPS = ["single use", "user ID", "authorize", "display name", "new user"] as const;

/** The step that only a login type with `displayNameClaim` has. */
export const DISPLAY_NAME = "display name";

/** What `findUser` answers: a user, or nobody. */
export type UserIs = "known" | "unknown";

export function examineSingleUse(claims: Claims, { singleUse }: LoginRules, findings: Findings): void {
  if (!singleUse) {
    findings.note("single use", notAsked("singleUse is off"));
    return;
  }
  const check = () => {
    assertRememberable(claims, Date.now() / 1_000);
  };
  const facts = "exp is at most 7 days ahead; only your server knows whether the token was used before";
  findings.check("single use", check, () => seen(facts));
}

/** @returns the localpart; undefined if there is none */
export function examineUser(
  subject: string,
  loginType: LoginRules,
  { serverName }: { readonly serverName?: string | undefined },
  findings: Findings,
): string | undefined {
  // Without a server name a subject is judged as if it were of the right server, one with a short name.
  const server = serverName ?? parseUserId(subject)?.serverName ?? "a";
  const where = serverName ?? "some server: give --server-name";
  try {
    return findings.take(
      "user ID",
      () => {
        const localpart = localpartOf(subject, loginType, server);
        possibleUserId(localpart, server);
        return localpart;
      },
      (localpart) =>
        seen(
          typeof localpart === "string" && serverName !== undefined
            ? show(`@${localpart}:${serverName}`)
            : `of ${show(subject)} on ${where}`,
        ),
    );
  } catch {
    return undefined;
  }
}

/** Asks the host's own function, which expects verified claims and no others. */
export async function examineAuthorize(
  verifier: Verifier,
  token: VerifiedToken | undefined,
  findings: Findings,
): Promise<void> {
  const { authorize } = verifier.config;
  if (authorize === undefined) {
    findings.note("authorize", notAsked("authorize is not set"));
  } else if (token !== undefined && findings.error === undefined) {
    const facts = () => authorizeFacts(authorize, token);
    // What it throws is among the findings.
    await findings.take("authorize", async () => verifier.authorize(token, {}), facts).catch(() => undefined);
  }
}

function authorizeFacts(authorize: object, { claims, introspection }: VerifiedToken): Facts {
  const asked = "asked with the claims and an empty login request";
  const brokenRule = brokenRuleOf(authorize);
  if (brokenRule === undefined) return seen(`your own function, ${asked}`);
  const broken = brokenRule(claims, {}, introspection);
  if (broken === undefined) {
    const bare = brokenRule(claims, { type: "", token: "" }, introspection);
    const passed = seen(`the rules of the migrated configuration, ${asked}`);
    return bare === undefined ? passed : { ...passed, advice: `Alone, the token would be refused: ${bare}.` };
  }
  return {
    ...seen(`a rule of the migrated configuration, ${asked}: ${broken}`),
    advice: "Compare the claims with that setting, or have the issuer change them. The command decode shows them.",
  };
}

/** Asks for the display name: a function of the host's may fail. */
export function examineDisplayName(
  { displayName }: LoginRules,
  token: VerifiedToken | undefined,
  findings: Findings,
): void {
  if (displayName === undefined || token === undefined || findings.error !== undefined) return;
  findings.check(
    DISPLAY_NAME,
    () => {
      const name = displayName(token.claims, token.introspection);
      return typeof name === "string" ? name : undefined;
    },
    (name) => seen(show(name)),
  );
}

/** Judges what becomes of a user whom `findUser` does not know. */
export function examineNewUser(
  localpart: string,
  loginType: LoginRules,
  { user }: { readonly user?: UserIs | undefined },
  findings: Findings,
): void {
  const { allowRegistration } = loginType;
  const byDefault = allowRegistration ? "unknown" : "known";
  if ((user ?? byDefault) === "known") {
    findings.note(
      "new user",
      notAsked(allowRegistration ? "the user exists (--user known)" : "allowRegistration is off"),
    );
    return;
  }
  const check = () => {
    assertRegistrable(loginType, localpart);
  };
  findings.check("new user", check, () =>
    seen(`${show(localpart)} as a new name; --user known judges a user who exists`),
  );
}
