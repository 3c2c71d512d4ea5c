import { type ClaimRules, MADE_FOR_OTHERS, mediaType } from "./claim-options.js";
import { TokenError } from "./errors.js";

/**
 * The claims set of a verified token (RFC 7519 section 4): a JSON object. Times are seconds since 1970 (NumericDate).
 * What the token's issuer put there is checked only as far as the options say.
 */
export interface Claims {
  /** Who made the token (RFC 7519 section 4.1.1). */
  readonly iss?: unknown;
  /** Whom it is about (section 4.1.2). */
  readonly sub?: unknown;
  /** For whom it was made (section 4.1.3). */
  readonly aud?: unknown;
  /** Not accepted on and after this (section 4.1.4), in seconds since 1970. */
  readonly exp?: number;
  /** Not accepted before this (section 4.1.5), in seconds since 1970. */
  readonly nbf?: number;
  /** When it was made (section 4.1.6), in seconds since 1970. */
  readonly iat?: number;
  /** What its issuer calls it (section 4.1.7). */
  readonly jti?: unknown;
  readonly [name: string]: unknown;
}

/** A token as the rules of this file see it. */
export interface ClaimedToken {
  readonly claims: Claims;
  /** The header's `typ` (RFC 7515 section 4.1.9), if there is one. */
  readonly typ?: unknown;
}

/** @throws TokenError if the rule is broken */
type ClaimRule = (token: ClaimedToken, rules: ClaimRules, now: number) => void;

/** Each rule under the name of what it looks at, in the order in which they are applied. */
export const CLAIM_RULES = {
  purpose: checkPurpose,
  typ: checkType,
  exp: checkExpiry,
  lifetime: checkLifetime,
  nbf: checkNotBefore,
  iat: checkIssuedAt,
  age: checkAge,
  iss: checkIssuer,
  aud: checkAudience,
  cnf: checkConfirmation,
  scope: checkScopes,
} satisfies Readonly<Record<string, ClaimRule>>;

export const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** RFC 8725 section 3.12: a token that is made for something else proves no user, whoever signed it. */
export function checkPurpose({ typ, claims: { events } }: ClaimedToken): void {
  const isLogout = typeof events === "object" && events !== null && Object.hasOwn(events, LOGOUT_EVENT);
  if (isLogout || (typeof typ === "string" && MADE_FOR_OTHERS.has(mediaType(typ)))) {
    throw new TokenError("token_type", "token is made for something else (typ, events)");
  }
}

/** RFC 8725 section 3.11. */
function checkType({ typ }: ClaimedToken, { tokenType }: ClaimRules): void {
  if (tokenType === undefined) return;
  if (typeof typ !== "string" || mediaType(typ) !== tokenType) {
    throw new TokenError("token_type", "token is not of the required type (typ)");
  }
}

/** RFC 7519 section 4.1.4: refused on and after it. */
export function checkExpiry(
  { claims }: Pick<ClaimedToken, "claims">,
  { clockTolerance, requireExpiry }: Pick<ClaimRules, "clockTolerance" | "requireExpiry">,
  now: number,
): void {
  const exp = time(claims, "exp");
  if (exp === undefined && requireExpiry) throw new TokenError("expiry_missing", "token has no expiry (exp)");
  if (exp !== undefined && now >= exp + clockTolerance) throw new TokenError("expired", "token expired");
}

/** A stolen token is useful until it expires, so lifetimes should be short (RFC 6750 section 5.3). */
function checkLifetime({ claims }: ClaimedToken, { clockTolerance, maxTokenLifetime }: ClaimRules, now: number): void {
  if (maxTokenLifetime === undefined) return;
  const exp = time(claims, "exp");
  if (exp === undefined) throw new TokenError("expiry_missing", "token has no expiry (exp)");
  if (exp > now + maxTokenLifetime + clockTolerance) {
    throw new TokenError("expiry_too_far", "token expires too far in the future (exp)");
  }
}

/** RFC 7519 section 4.1.5. */
function checkNotBefore({ claims }: ClaimedToken, { clockTolerance }: ClaimRules, now: number): void {
  const nbf = time(claims, "nbf");
  if (nbf !== undefined && now < nbf - clockTolerance)
    throw new TokenError("not_yet_valid", "token not yet valid (nbf)");
}

/** RFC 7519 section 4.1.6 leaves this open; a token from the future is a wrong clock or a lie. */
function checkIssuedAt({ claims }: ClaimedToken, { clockTolerance }: ClaimRules, now: number): void {
  const iat = time(claims, "iat");
  if (iat !== undefined && now < iat - clockTolerance) {
    throw new TokenError("issued_in_future", "token issued in the future (iat)");
  }
}

function checkAge({ claims }: ClaimedToken, { clockTolerance, maxTokenAge }: ClaimRules, now: number): void {
  if (maxTokenAge === undefined) return;
  const iat = time(claims, "iat");
  if (iat === undefined) throw new TokenError("too_old", "token has no time of issue (iat)");
  if (now > iat + maxTokenAge + clockTolerance) throw new TokenError("too_old", "token too old (iat)");
}

/** The last second of the year 9999, of RFC 3339's last year: later times are milliseconds. */
export const LATEST_TIME = 253_402_300_799;

/** RFC 7519 section 2, NumericDate. */
function time(claims: Claims, name: "exp" | "nbf" | "iat"): number | undefined {
  const value: unknown = claims[name];
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new TokenError("invalid_time", `token has a time that is not a number (${name})`);
  }
  if (value <= LATEST_TIME) return value;
  throw new TokenError("invalid_time", `token has a time after the year 9999 (${name}): times are in seconds`);
}

/** RFC 7519 section 4.1.1, RFC 8725 section 3.8. */
function checkIssuer({ claims }: ClaimedToken, { issuers }: ClaimRules): void {
  if (issuers !== undefined && !issuers.has(claims.iss))
    throw new TokenError("issuer", "token issuer not accepted (iss)");
}

/** RFC 7519 section 4.1.3, RFC 8725 section 3.9. */
function checkAudience({ claims: { aud } }: ClaimedToken, { audiences }: ClaimRules): void {
  if (audiences === null) return;
  if (audiences === undefined) {
    if (aud === undefined) return;
    throw new TokenError(
      "audience",
      "token is meant for an audience (aud) and none is configured here: " +
        "set the option `audience` of this login type to accept it, or to null to accept any",
    );
  }
  const given: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (given.some((one) => typeof one !== "string") || !given.some((one) => audiences.has(one))) {
    throw new TokenError("audience", "token audience not accepted (aud)");
  }
}

/** RFC 7800 section 3, RFC 8705 section 3.1, RFC 9449 section 6: a token that is bound to a key needs a proof of that key. */
export function checkConfirmation(
  { claims }: Pick<ClaimedToken, "claims">,
  { allowSenderConstrained }: Pick<ClaimRules, "allowSenderConstrained">,
): void {
  if (allowSenderConstrained || !Object.hasOwn(claims, "cnf")) return;
  throw new TokenError("sender_constrained", "token is bound to a key that a login does not prove (cnf)");
}

function checkScopes({ claims }: ClaimedToken, { requiredScopes }: ClaimRules): void {
  if (requiredScopes.length === 0) return;
  const granted = grantedScopes(claims);
  if (!requiredScopes.every((name) => granted.includes(name))) throw new TokenError("scope", LACKS_SCOPE);
}

export const LACKS_SCOPE = "token lacks a required scope";

/** RFC 8693 section 4.2 for `scope`; `scp` is what some providers call it, and some make it a list. Each once. */
export function grantedScopes({ scope, scp }: Claims): readonly string[] {
  const listed: readonly unknown[] = Array.isArray(scp) ? scp : words(scp);
  const names = [...words(scope), ...listed].filter((name): name is string => typeof name === "string" && name !== "");
  return [...new Set(names)];
}

function words(claim: unknown): readonly string[] {
  return typeof claim === "string" ? claim.split(" ") : [];
}
