import type { LocalpartRule, SubjectFormat } from "../matrix/subject.js";
import { flag, oneOf } from "../support/checks.js";
import { optional, type OptionsOf, optionsOf } from "../support/options.js";
import { type Entries, oneOrByIssuer } from "../tokens/by-issuer.js";
import { type ClaimLocator, type ClaimReader, claimReader } from "../tokens/claim-reader.js";
import type { TokenContext } from "../tokens/context.js";
import type { TokenVerifierOptions } from "../tokens/options.js";
import { claimLocator, parseVerifier, TOKEN_OPTIONS } from "../tokens/parse-options.js";
import type { Verifier } from "../tokens/verifier.js";

/** How a verified token becomes a Matrix user. */
export interface UserRules {
  /**
   * The format of the subject: `alice`, `@alice:example.org`, or either (a subject with `:` is then a user ID).
   *
   * @remarks
   * A subject of another format, or a user of another server, is 403.
   *
   * @defaultValue `"localpart"`
   */
  readonly subjectFormat?: SubjectFormat;
  /**
   * How the subject becomes a localpart: unchanged, with A-Z in lower case, or through {@link toLocalpart}, which maps any text
   * (`auth0|123`, an e-mail address) without collisions.
   *
   * @remarks
   * Use `"lowercase"` only if the provider's subjects are unique without regard to case. `"escape"` takes `:` for a part of the
   * localpart.
   *
   * @defaultValue `"as-is"`
   */
  readonly localpart?: LocalpartRule;
  /**
   * The claim that holds the display name, for `login.displayName`.
   *
   * @remarks
   * Ignored if it is not a string, or contains NUL or a lone surrogate.
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
   * Register users that `findUser` does not know, with `registerUser`.
   *
   * @defaultValue `false`
   */
  readonly allowRegistration?: boolean;
  /**
   * A token logs in once. It must have an `exp` at most 7 days ahead.
   *
   * @remarks
   * This holds whatever `requireExpiry` is. Used tokens are remembered in the store of the option `usedTokens`.
   *
   * @defaultValue `false`
   */
  readonly singleUse?: boolean;
}

/** The options of one login type. */
export type LoginTypeOptions = TokenVerifierOptions & UserRules;

/** A login type, ready for use. */
export interface LoginRules {
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

/** Names, checks and defaults of all options of a login type. */
export const LOGIN_TYPE_OPTIONS = { ...TOKEN_OPTIONS, ...USER_OPTIONS };

const loginTypeOptions = optionsOf(LOGIN_TYPE_OPTIONS);

/**
 * A login type's rules, by issuer if there is a list of them.
 *
 * @throws OptionsError
 */
export function parseLoginType(value: unknown, path: string, context: TokenContext): Entries<LoginRules> {
  return oneOrByIssuer((one, here) => parseLoginRules(one, here, context))(value, path);
}

/** @throws OptionsError */
export function parseLoginRules(value: unknown, path: string, context: TokenContext): LoginRules {
  const options = loginTypeOptions(value, path);
  const { displayNameClaim } = options;
  return {
    ...options,
    verifier: parseVerifier(options, path, context),
    displayName: displayNameClaim === undefined ? undefined : claimReader(displayNameClaim, "displayNameClaim"),
  };
}
