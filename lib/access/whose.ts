import { peek, type TokenShape } from "../tokens/readers/peek.js";

/** The tokens of one source. */
interface Expected {
  readonly shapes: ReadonlySet<TokenShape>;
  /** Undefined: of any issuer. With undefined among them, a token need not name one. */
  readonly issuers: ReadonlySet<unknown> | undefined;
}

/** Is it a token that somebody else has to check: of another kind, or of an issuer that is not configured here? */
export function isForeign(token: string, sources: readonly Expected[]): boolean {
  const { shape, claims } = peek(token);
  if (!sources.some(({ shapes }) => shapes.has(shape))) return true;
  return claims !== undefined && sources.every(({ issuers }) => issuers !== undefined && !issuers.has(claims.iss));
}
