import type { ClaimLocator } from "../tokens/claim-reader.js";
import type { TokenVerifierOptions } from "../tokens/options.js";
import type { LocalpartRule, SubjectFormat } from "../matrix/subject.js";

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
