import { flag, oneOf, type OptionReader } from "../support/checks.js";
import { claimReader, type ClaimReader } from "../tokens/claim-reader.js";
import type { KeyContext } from "../tokens/keys/parse-key-source.js";
import { claimLocator, readerOf, VERIFIER_OPTION_NAMES } from "../tokens/parse-options.js";
import { Verifier } from "../tokens/verifier.js";
import type { LocalpartRule, SubjectFormat } from "../matrix/subject.js";
import type { UserRules } from "./login-type.js";

/** A login type, ready for use. */
export interface LoginType {
  readonly verifier: Verifier;
  readonly subjectFormat: SubjectFormat;
  readonly localpart: LocalpartRule;
  readonly displayName: ClaimReader | undefined;
  readonly identifier: NonNullable<UserRules["identifier"]>;
  readonly allowRegistration: boolean;
  readonly singleUse: boolean;
}

const USER_RULE_NAMES = [
  "subjectFormat",
  "localpart",
  "displayNameClaim",
  "identifier",
  "allowRegistration",
  "singleUse",
] as const satisfies readonly (keyof UserRules)[];

/** @throws OptionsError */
export function parseLoginType(value: unknown, path: string, context: KeyContext): LoginType {
  const options = readerOf(value, path, [...VERIFIER_OPTION_NAMES, ...USER_RULE_NAMES]);
  return {
    verifier: new Verifier(options, context),
    subjectFormat: options.optional("subjectFormat", oneOf(["localpart", "userId", "either"]), "localpart"),
    localpart: options.optional("localpart", oneOf(["as-is", "lowercase", "escape"]), "as-is"),
    displayName: displayName(options),
    identifier: options.optional("identifier", oneOf(["ignore", "match", "require"]), "ignore"),
    allowRegistration: options.optional("allowRegistration", flag, false),
    singleUse: options.optional("singleUse", flag, false),
  };
}

function displayName(options: OptionReader): ClaimReader | undefined {
  const locator = options.optional("displayNameClaim", claimLocator);
  return locator === undefined ? undefined : claimReader(locator, "displayNameClaim");
}
