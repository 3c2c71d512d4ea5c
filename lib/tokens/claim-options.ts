import { flag, listOf, numberFrom, oneOrMore, text } from "../support/checks.js";
import { optional, type Values } from "../support/options.js";
import { OptionsError } from "../support/options-error.js";

const oneSecondOrMore = numberFrom(1, Number.MAX_SAFE_INTEGER, { unit: "seconds" });

/** Options of the rules about a token's claims. */
export const CLAIM_OPTIONS = {
  issuer: optional(issuer),
  audience: optional((value, path) => (value === null ? null : oneOrMore(exactText)(value, path))),
  /** True, unless introspection alone proves the token. */
  requireExpiry: optional(flag),
  clockTolerance: optional(numberFrom(0, 600, { unit: "seconds" }), 60),
  maxTokenAge: optional(oneSecondOrMore),
  maxTokenLifetime: optional(oneSecondOrMore),
  tokenType: optional(tokenType),
  requiredScopes: optional(listOf(scope), []),
  allowSenderConstrained: optional(flag, false),
};

type ClaimValues = Values<typeof CLAIM_OPTIONS>;

/** The options, in the form that the rules use. */
export interface ClaimRules extends Omit<ClaimValues, "issuer" | "audience" | "requireExpiry"> {
  readonly requireExpiry: boolean;
  readonly issuers: ReadonlySet<unknown> | undefined;
  /** null: `aud` is explicitly not checked. */
  readonly audiences: ReadonlySet<unknown> | null | undefined;
}

export function claimRules({
  issuer,
  audience,
  ...rules
}: ClaimValues & Pick<ClaimRules, "requireExpiry">): ClaimRules {
  return {
    ...rules,
    issuers: issuer === undefined ? undefined : new Set([issuer].flat()),
    audiences: audience && new Set(audience),
  };
}

/** `typ` of tokens that are made for something else than proving who their bearer is. */
export const MADE_FOR_OTHERS: ReadonlySet<string> = new Set([
  // OpenID Connect Back-Channel Logout 1.0 section 2.4.
  "application/logout+jwt",
  // RFC 8417 section 2.3.
  "application/secevent+jwt",
  // RFC 9449 section 4.2.
  "application/dpop+jwt",
]);

/** RFC 7515 section 4.1.9: "application/" may be left out if no other slash is there; case does not count. */
export function mediaType(typ: string): string {
  const lower = typ.toLowerCase();
  return lower.includes("/") ? lower : `application/${lower}`;
}

function tokenType(value: unknown, path: string): string {
  const type = mediaType(exactText(value, path));
  if (!MADE_FOR_OTHERS.has(type)) return type;
  throw new OptionsError(path, "names a kind of token that is made for something else than logins");
}

function issuer(value: unknown, path: string): string | readonly string[] {
  return Array.isArray(value) ? listOf(exactText)(value, path) : exactText(value, path);
}

/** What a claim is compared with: not with the line end of the file that it comes from. */
export function exactText(value: unknown, path: string): string {
  const given = text(value, path);
  if (given === given.trim()) return given;
  throw new OptionsError(
    path,
    "must have no white space at its beginning or end; is that of the file that it comes from?",
  );
}

/** RFC 6749 section 3.3: names without spaces. */
function scope(value: unknown, path: string): string {
  const name = text(value, path);
  if (!/\s/.test(name)) return name;
  throw new OptionsError(path, "must be one scope, without spaces; give each its own place in the list");
}
