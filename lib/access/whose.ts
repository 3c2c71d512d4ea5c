import { parseJson } from "../tokens/readers/compact.js";

/** What the unverified parts of a token say of where it is from. */
interface Peeked {
  readonly shape: TokenShape;
  /** Undefined if they can't be read. */
  readonly claims: { readonly iss?: unknown } | undefined;
}

/** Three parts (RFC 7519), five of an encrypted token (RFC 7516 section 7.1), or an opaque one. */
export type TokenShape = "signed" | "encrypted" | "opaque";

/** The tokens of one source. */
interface Expected {
  readonly shapes: ReadonlySet<TokenShape>;
  /** Undefined: of any issuer. */
  readonly issuers: ReadonlySet<unknown> | undefined;
}

/** Is it a token that somebody else has to check: of another kind, or of an issuer that is not configured here? */
export function isForeign(token: string, sources: readonly Expected[]): boolean {
  const { shape, claims } = peek(token);
  if (!sources.some(({ shapes }) => shapes.has(shape))) return true;
  return claims !== undefined && sources.every(({ issuers }) => issuers !== undefined && !issuers.has(claims.iss));
}

/** The `iss` that a token claims, if it can be read. */
export function unverifiedIssuer(token: string): unknown {
  return peek(token).claims?.iss;
}

function peek(token: string): Peeked {
  const parts = token.split(".", 6);
  if (jsonObject(parts[0]) === undefined) return { shape: "opaque", claims: undefined };
  if (parts.length === 3) return { shape: "signed", claims: jsonObject(parts[1]) };
  return { shape: parts.length === 5 ? "encrypted" : "opaque", claims: undefined };
}

function jsonObject(part: unknown): object | undefined {
  const json = parseJson(Buffer.from(String(part), "base64url").toString());
  return typeof json === "object" && json !== null && !Array.isArray(json) ? json : undefined;
}
