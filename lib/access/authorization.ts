/** What a request's `Authorization` header holds. */
export type Authorization =
  { readonly kind: "none" } | { readonly kind: "malformed" } | { readonly kind: "bearer"; readonly token: string };

const NONE: Authorization = { kind: "none" };
const MALFORMED: Authorization = { kind: "malformed" };

/** RFC 6750 section 2.1: `"Bearer" 1*SP b64token`, and a scheme in any case (RFC 9110 section 11.1). */
const BEARER = /^bearer +([\w.~+/-]+=*) *$/i;
/** RFC 9110 section 11.1: `auth-scheme` is a token (section 5.6.2). */
const SCHEME = /^([\w!#$%&'*+.^`|~-]+)(?: |$)/;

/**
 * Reads the value of an `Authorization` header. Another scheme than Bearer counts as no token, and so does null, by which the
 * Fetch standard says that there is none.
 */
export function parseAuthorization(value: unknown): Authorization {
  if (value === undefined || value === null) return NONE;
  if (typeof value !== "string") return MALFORMED;
  const [, token] = BEARER.exec(value) ?? [];
  if (token !== undefined) return { kind: "bearer", token };
  const [, scheme] = SCHEME.exec(value) ?? [];
  return scheme === undefined || scheme.toLowerCase() === "bearer" ? MALFORMED : NONE;
}

interface RequestHeaders {
  readonly headers: { readonly authorization?: unknown };
  /** Names and values in turn; some serverless adapters leave it out. */
  readonly rawHeaders?: readonly unknown[];
}

/**
 * Reads a request's `Authorization` header. Two of them are malformed (RFC 9110 section 5.3): Node drops the second, and
 * something in front may have looked at that one.
 */
export function authorizationOf({ headers, rawHeaders = [] }: RequestHeaders): Authorization {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (isAuthorization(rawHeaders[at])) count += 1;
  }
  return count > 1 ? MALFORMED : parseAuthorization(headers.authorization);
}

function isAuthorization(name: unknown): boolean {
  return typeof name === "string" && name.length === 13 && name.toLowerCase() === "authorization";
}
