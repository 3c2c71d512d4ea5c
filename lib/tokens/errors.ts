import { pauseStackTraces } from "../support/stack-traces.js";

/**
 * Why a token was refused.
 *
 * | code | meaning |
 * | --- | --- |
 * | `missing` | there is no token, or it is not a string |
 * | `too_long` | longer than `maxTokenLength` |
 * | `malformed` | not a signed JWT in compact serialization (RFC 7515 section 7.1, RFC 7519 section 7.2); not of the characters of a bearer token (RFC 6750 section 2.1) |
 * | `critical` | the header has `crit` (RFC 7515 section 4.1.11) |
 * | `algorithm` | `alg` is not one of the allowed `algorithms` (RFC 8725 section 3.1) |
 * | `unknown_key` | no key of the source fits the token's `kid` and `alg` |
 * | `signature` | the signature does not verify (RFC 7515 section 5.2) |
 * | `token_type` | `typ` is not the required `tokenType`, or the token is made for something else (RFC 8725 sections 3.11 and 3.12) |
 * | `expiry_missing` | there is no `exp`, and `requireExpiry`, `maxTokenLifetime` or `singleUse` is set |
 * | `expiry_too_far` | `exp` is further ahead than `maxTokenLifetime`, or 7 days if the login type is `singleUse` |
 * | `expired` | `exp` has passed (RFC 7519 section 4.1.4) |
 * | `not_yet_valid` | `nbf` is still to come (RFC 7519 section 4.1.5) |
 * | `issued_in_future` | `iat` is still to come (RFC 7519 section 4.1.6) |
 * | `too_old` | `iat` is missing or further back than `maxTokenAge`; of an ID token, `auth_time` is missing or older than was asked for |
 * | `invalid_time` | `exp`, `nbf` or `iat` is not a finite number (RFC 7519 section 2, NumericDate), or after the year 9999; an ID or logout token has no `iat` |
 * | `issuer` | `iss` is missing or not a configured one (RFC 7519 section 4.1.1) |
 * | `audience` | `aud` is missing, not a configured one, or there with no `audience` set (RFC 7519 section 4.1.3); `azp` of an ID token is another client |
 * | `scope` | a required scope is missing (RFC 8693 section 4.2) |
 * | `subject` | there is no non-empty string where `subjectClaim` points |
 * | `sender_constrained` | it is bound to a key that a login does not prove (`cnf`, RFC 7800), and `allowSenderConstrained` is not set |
 * | `inactive` | the introspection endpoint says that it is not active, or not of this subject, issuer or client (RFC 7662) |
 * | `decryption` | it is encrypted and can't be decrypted, or holds no signed token (RFC 7516) |
 * | `unauthorized` | your `authorize` did not return `true` |
 * | `nonce` | an ID token that was made for another sign-in (OpenID Connect Core 1.0 section 3.1.3.7) |
 * | `used` | it has logged in before, and the login type is `singleUse` |
 */
export type TokenErrorCode =
  | "missing"
  | "too_long"
  | "malformed"
  | "critical"
  | "algorithm"
  | "unknown_key"
  | "signature"
  | "token_type"
  | "expiry_missing"
  | "expiry_too_far"
  | "expired"
  | "not_yet_valid"
  | "issued_in_future"
  | "too_old"
  | "invalid_time"
  | "issuer"
  | "audience"
  | "scope"
  | "subject"
  | "sender_constrained"
  | "inactive"
  | "decryption"
  | "unauthorized"
  | "nonce"
  | "used";

/**
 * A refused token. Its message may be sent to the client: it holds nothing of the token or a key, and no option's value. It has no stack
 * trace.
 */
export class TokenError extends Error {
  /** Always `"TokenError"`. */
  override readonly name = "TokenError";
  /** Why: a stable code, for logic and metrics. */
  readonly code: TokenErrorCode;

  /**
   * @param code - why
   * @param message - for the client
   * @param options - `cause`: the error behind it, never sent
   */
  constructor(code: TokenErrorCode, message: string, options?: { cause?: unknown }) {
    // Read first: it may be a getter that throws, and what is paused must go on.
    const cause = options?.cause;
    const resumeStackTraces = pauseStackTraces();
    super(message, cause === undefined ? {} : { cause });
    resumeStackTraces();
    this.code = code;
  }
}
