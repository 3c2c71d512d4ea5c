import { listOf, text, type Check } from "../../support/checks.js";

/** A claim's name, a list of names that walks down, or a list of such lists, of which the first that leads to a value counts. */
export type ClaimPath = string | readonly string[] | readonly (readonly string[])[];

/** Gives what a path leads to, and undefined for `null` too. */
export type PathReader = (claims: unknown) => unknown;

/** @throws OptionsError */
export const pathReader: Check<PathReader> = (value, path) => {
  const paths = pathsOf(value, path);
  return (claims) => {
    for (const names of paths) {
      const found = names.reduce(member, claims);
      if (found !== undefined && found !== null) return found;
    }
    return undefined;
  };
};

function pathsOf(value: unknown, path: string): readonly (readonly string[])[] {
  if (!Array.isArray(value)) return [[text(value, path)]];
  return Array.isArray(value[0]) ? listOf(listOf(text))(value, path) : [listOf(text)(value, path)];
}

/** Own members of objects only: what every object inherits is no claim. */
function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
    return undefined;
  return (value as Record<string, unknown>)[name];
}
