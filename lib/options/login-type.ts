import type { ClaimLocator } from "../jwt/claim-reader.js";
import type { TokenVerifierOptions } from "../jwt/options.js";
import type { LocalpartRule, SubjectFormat } from "../matrix/subject.js";

/** How a verified token becomes a Matrix user. */
export interface UserRules {
  /** What the subject is: `alice`, `@alice:example.org`, or one of the two (what holds `:` is a user ID). Default `"localpart"`. */
  readonly subjectFormat?: SubjectFormat;
  /**
   * How the subject becomes a localpart: untouched; A-Z in lower case, for providers whose subjects are unique without
   * regard to case; or through `toLocalpart`, whole, `:` and all. Default `"as-is"`.
   */
  readonly localpart?: LocalpartRule;
  /** Where the display name is. What is no string there, or holds NUL or a lone surrogate, is left out. Default: nowhere. */
  readonly displayNameClaim?: ClaimLocator;
  /**
   * Whether the submission's `identifier.user` or `user`, a localpart or full user ID, must name the token's user:
   * never, if given, or always. Default `"ignore"`.
   */
  readonly identifier?: "ignore" | "match" | "require";
  /** Hand users that `findUser` does not know to `registerUser`. Default false. */
  readonly allowRegistration?: boolean;
  /**
   * A token logs in once (see the option `usedTokens`). Requires `exp` in the token, whatever `requireExpiry` says, at most
   * 7 days ahead. Default false.
   */
  readonly singleUse?: boolean;
}

/** The options of one login type. */
export type LoginTypeOptions = TokenVerifierOptions & UserRules;
