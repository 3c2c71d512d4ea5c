import { listOf, text, type Check } from "../../support/checks.js";
import type { Claims } from "../../tokens/claims.js";

/** As Python's `str.split()`, but for four control characters. */
const WHITE_SPACE = /[\s\x85]+/;

/** The scopes that a token must have in its `scope`: one text, or a list. */
export const scopes: Check<readonly string[]> = (value, path) => {
  return Array.isArray(value) && value.length > 0 ? listOf(text)(value, path) : split(text(value, path));
};

/** Only the claim `scope` counts, and only as text. */
export function hasScopes(required: readonly string[] | undefined, { scope }: Claims): boolean {
  if (required === undefined) return true;
  if (typeof scope !== "string") return false;
  const has = split(scope);
  return required.every((name) => has.includes(name));
}

function split(scope: string): readonly string[] {
  return scope.split(WHITE_SPACE).filter((name) => name !== "");
}
