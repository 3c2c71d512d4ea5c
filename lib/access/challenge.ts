/** A scope that may be quoted in a header (RFC 6749 section 3.3). */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Values of `WWW-Authenticate` (RFC 6750 section 3). */
export const CHALLENGE = {
  /** RFC 6750 section 3.1: a request without a token is told no error. */
  noError: "Bearer",
  invalidToken: 'Bearer error="invalid_token"',
} as const;

export function insufficientScope(scopes: readonly string[]): string {
  const error = 'Bearer error="insufficient_scope"';
  const quotable = scopes.filter((scope) => SCOPE.test(scope));
  return quotable.length === 0 ? error : `${error}, scope="${quotable.join(" ")}"`;
}
