import { flag, oneOf } from "../support/checks.js";
import { optional, optionsOf, type OptionsOf } from "../support/options.js";
import { oneOrByIssuer, type Entries } from "../tokens/by-issuer.js";
import { together } from "../remote/watchers.js";
import { claimReader, type ClaimReader } from "../tokens/claim-reader.js";
import type { KeyContext } from "../tokens/keys/parse-key-source.js";
import { claimLocator, parseVerifier, TOKEN_OPTIONS } from "../tokens/parse-options.js";
import type { Verifier } from "../tokens/verifier.js";
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

const USER_OPTIONS = {
  subjectFormat: optional(oneOf(["localpart", "userId", "either"]), "localpart"),
  localpart: optional(oneOf(["as-is", "lowercase", "escape"]), "as-is"),
  displayNameClaim: optional(claimLocator),
  identifier: optional(oneOf(["ignore", "match", "require"]), "ignore"),
  allowRegistration: optional(flag, false),
  singleUse: optional(flag, false),
} satisfies OptionsOf<UserRules>;

/** All options of a login type. */
export const LOGIN_TYPE_OPTIONS = { ...TOKEN_OPTIONS, ...USER_OPTIONS };

const loginTypeOptions = optionsOf(LOGIN_TYPE_OPTIONS);

/**
 * A login type's rules, by issuer if there is a list of them.
 *
 * @throws OptionsError
 */
export function parseLoginTypes(value: unknown, path: string, context: KeyContext): Entries<LoginType> {
  const part = together(context.watcher);
  return oneOrByIssuer((one, here) => parseLoginType(one, here, { ...context, watcher: part() }))(value, path);
}

/** @throws OptionsError */
export function parseLoginType(value: unknown, path: string, context: KeyContext): LoginType {
  const options = loginTypeOptions(value, path);
  const { displayNameClaim } = options;
  return {
    ...options,
    verifier: parseVerifier(options, path, context),
    displayName: displayNameClaim === undefined ? undefined : claimReader(displayNameClaim, "displayNameClaim"),
  };
}
