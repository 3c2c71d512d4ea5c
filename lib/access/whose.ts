import { peek } from "../tokens/peek.js";
import type { TokenSource } from "./token-source.js";

type Expected = Pick<TokenSource, "shapes" | "issuers">;

/** Is it a token that somebody else has to check: of another kind, or of an issuer that is not configured here? */
export function isForeign(token: string, sources: readonly Expected[]): boolean {
  const { shape, claims } = peek(token);
  if (!sources.some(({ shapes }) => shapes.has(shape))) return true;
  return claims !== undefined && sources.every(({ issuers }) => issuers !== undefined && !issuers.has(claims.iss));
}
