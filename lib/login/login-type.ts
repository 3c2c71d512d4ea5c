import type { LocalpartRule, SubjectFormat } from "../matrix/subject.js";
import { together } from "../remote/watchers.js";
import { flag, oneOf } from "../support/checks.js";
import { optional, optionsOf, type OptionsOf } from "../support/options.js";
import { oneOrByIssuer, type Entries } from "../tokens/by-issuer.js";
import { claimReader, type ClaimLocator, type ClaimReader } from "../tokens/claim-reader.js";
import type { KeyContext } from "../tokens/keys/parse-key-source.js";
import type { TokenVerifierOptions } from "../tokens/options.js";
import { claimLocator, parseVerifier, TOKEN_OPTIONS } from "../tokens/parse-options.js";
import type { Verifier } from "../tokens/verifier.js";

/** How a verified token becomes a Matrix user. */
export interface UserRules {
  /**
   * What the subject is: `alice`, `@alice:example.org`, or one of the two (what holds `:` is a user ID).
   *
   * @remarks
   * What is not of the format, or a user of another server, is 403.
   *
   * @defaultValue `"localpart"`
   */
  readonly subjectFormat?: SubjectFormat;
  /**
   * How the subject becomes a localpart: untouched; A-Z in lower case; or through {@link toLocalpart}, which maps anything
   * (`auth0|123`, an e-mail address) without collisions.
   *
   * @remarks
   * `"lowercase"` is for providers whose subjects are unique without regard to case. `"escape"` takes a localpart whole, `:`
   * and all.
   *
   * @defaultValue `"as-is"`
   */
  readonly localpart?: LocalpartRule;
  /**
   * Where the display name is, for `login.displayName`.
   *
   * @remarks
   * What is no string there, or holds NUL or a lone surrogate, is left out.
   *
   * @defaultValue none
   */
  readonly displayNameClaim?: ClaimLocator;
  /**
   * Whether the request's `identifier.user` or `user`, a localpart or full user ID, must name the token's user: never, if
   * given, or always.
   *
   * @defaultValue `"ignore"`
   */
  readonly identifier?: "ignore" | "match" | "require";
  /**
   * Hand users that `findUser` does not know to `registerUser`.
   *
   * @defaultValue `false`
   */
  readonly allowRegistration?: boolean;
  /**
   * A token logs in once. `exp` must be there, at most 7 days ahead.
   *
   * @remarks
   * Whatever `requireExpiry` says. Used tokens are remembered where the middleware's `usedTokens` says.
   *
   * @defaultValue `false`
   */
  readonly singleUse?: boolean;
}

/** The options of one login type. */
export type LoginTypeOptions = TokenVerifierOptions & UserRules;

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
