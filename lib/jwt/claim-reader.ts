import type { Claims } from "./claims.js";

/**
 * Where a claim is found: one claim's name, dots and all; a path of names that walks down; or a synchronous function.
 */
export type ClaimLocator = string | readonly string[] | ((claims: Claims) => string | undefined);

export type ClaimReader = (claims: Claims) => unknown;

/** Looks at own members only: what every object inherits is no claim. */
export function claimReader(locator: ClaimLocator): ClaimReader {
  if (typeof locator === "function") return locator;
  const path = typeof locator === "string" ? [locator] : [...locator];
  return (claims) => path.reduce<unknown>(member, claims);
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
    return undefined;
  return (value as Record<string, unknown>)[name];
}
