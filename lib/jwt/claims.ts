import type { JoseHeader } from "./compact.js";
import { TokenError } from "./errors.js";

/**
 * The claims set of a verified token (RFC 7519 section 4): a JSON object. Times are seconds since 1970 (NumericDate).
 * What the token's issuer put there is checked only as far as the options say.
 */
export interface Claims {
  readonly iss?: unknown;
  readonly sub?: unknown;
  readonly aud?: unknown;
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly jti?: unknown;
  readonly [name: string]: unknown;
}

export interface ClaimRules {
  readonly tokenType: string | undefined;
  readonly requireExpiry: boolean;
  readonly clockTolerance: number;
  readonly maxTokenAge: number | undefined;
  readonly issuers: ReadonlySet<unknown> | undefined;
  /** null: said explicitly that `aud` is not looked at; undefined: not said. */
  readonly audiences: ReadonlySet<unknown> | null | undefined;
  readonly requiredScopes: readonly string[];
}

/**
 * Judges a token whose signature is good by its claims.
 *
 * @param now - seconds since 1970
 * @throws TokenError with the code of the first rule that is broken
 */
export function checkClaims(header: JoseHeader, claims: Claims, rules: ClaimRules, now: number): void {
  checkType(header, rules);
  checkTimes(claims, rules, now);
  checkIssuer(claims, rules);
  checkAudience(claims, rules);
  checkScopes(claims, rules);
}

/** RFC 8725 section 3.11. */
function checkType(header: JoseHeader, { tokenType }: ClaimRules): void {
  if (tokenType === undefined) return;
  if (typeof header.typ !== "string" || mediaType(header.typ) !== tokenType) {
    throw new TokenError("token_type", "token is not of the required type (typ)");
  }
}

/** RFC 7515 section 4.1.9: "application/" may be left out where no other slash is there; case does not count. */
export function mediaType(typ: string): string {
  const lower = typ.toLowerCase();
  return lower.includes("/") ? lower : `application/${lower}`;
}

function checkTimes(claims: Claims, rules: ClaimRules, now: number): void {
  const { clockTolerance, maxTokenAge, requireExpiry } = rules;
  const exp = time(claims, "exp");
  const nbf = time(claims, "nbf");
  const iat = time(claims, "iat");
  if (exp === undefined && requireExpiry) throw new TokenError("expiry_missing", "token has no expiry (exp)");
  // RFC 7519 section 4.1.4: refused on and after it.
  if (exp !== undefined && now >= exp + clockTolerance) throw new TokenError("expired", "token expired");
  // RFC 7519 section 4.1.5.
  if (nbf !== undefined && now < nbf - clockTolerance)
    throw new TokenError("not_yet_valid", "token not yet valid (nbf)");
  // RFC 7519 section 4.1.6 leaves this open; a token from the future is a wrong clock or a lie.
  if (iat !== undefined && now < iat - clockTolerance) {
    throw new TokenError("issued_in_future", "token issued in the future (iat)");
  }
  if (maxTokenAge !== undefined && (iat === undefined || now > iat + maxTokenAge + clockTolerance)) {
    throw new TokenError("too_old", iat === undefined ? "token has no time of issue (iat)" : "token too old (iat)");
  }
}

function time(claims: Claims, name: "exp" | "nbf" | "iat"): number | undefined {
  const value: unknown = claims[name];
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new TokenError("invalid_time", `token has a time that is not a number (${name})`);
}

/** RFC 7519 section 4.1.1, RFC 8725 section 3.8. */
function checkIssuer(claims: Claims, { issuers }: ClaimRules): void {
  if (issuers !== undefined && !issuers.has(claims.iss))
    throw new TokenError("issuer", "token issuer not accepted (iss)");
}

/** RFC 7519 section 4.1.3, RFC 8725 section 3.9. */
function checkAudience({ aud }: Claims, { audiences }: ClaimRules): void {
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

/** RFC 8693 section 4.2 for `scope`; `scp` is what some providers call it, and some make it a list. */
function checkScopes({ scope, scp }: Claims, { requiredScopes }: ClaimRules): void {
  if (requiredScopes.length === 0) return;
  const granted = new Set<unknown>([...words(scope), ...(Array.isArray(scp) ? (scp as unknown[]) : words(scp))]);
  if (!requiredScopes.every((name) => granted.has(name))) throw new TokenError("scope", "token lacks a required scope");
}

function words(claim: unknown): readonly string[] {
  return typeof claim === "string" ? claim.split(" ") : [];
}
