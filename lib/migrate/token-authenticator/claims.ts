import { type Check, listOf, text } from "../../support/checks.js";
import { memberOf } from "../../support/json.js";
import type { Claims } from "../../tokens/claim-rules.js";

/** A claim's name, a list of names that walks down, or a list of such lists, of which the first that leads to a value counts. */
export type ClaimPath = string | readonly string[] | readonly (readonly string[])[];

/** Gives what a path leads to, and undefined for `null` too. */
export type PathReader = (claims: unknown) => unknown;

/** @throws OptionsError */
export const pathReader: Check<PathReader> = (value, path) => {
  const paths = pathsOf(value, path);
  return (claims) => {
    for (const names of paths) {
      const found = names.reduce(memberOf, claims);
      if (found !== undefined && found !== null) return found;
    }
    return undefined;
  };
};

function pathsOf(value: unknown, path: string): readonly (readonly string[])[] {
  if (!Array.isArray(value)) return [[text(value, path)]];
  return Array.isArray(value[0]) ? listOf(listOf(text))(value, path) : [listOf(text)(value, path)];
}

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

/** What {@link hasRegisteredTypes} asks for, in words. */
export const TYPES_OF_CLAIMS =
  "iss, sub, jti and the claim typ must be text, aud text or a list of texts, where they are there";

/** Whether the claims have the types that the original's JWT library asks for (RFC 7519 section 4.1), where they are there. */
export function hasRegisteredTypes({ iss, sub, aud, jti, typ }: Claims): boolean {
  return [iss, sub, jti, typ].every(isTextOrNothing) && (Array.isArray(aud) ? aud.every(isText) : isTextOrNothing(aud));
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || value === null || isText(value);
}

/** How deep two values are compared: what is nested deeper counts as different. */
const MAX_DEPTH = 100;

/** Are two JSON values equal? As Python compares them, but that `true` is not `1`. */
export function jsonEqual(one: unknown, other: unknown, depth = 0): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return one === other;
  if (Array.isArray(one) !== Array.isArray(other) || depth === MAX_DEPTH) return false;
  const entries = Object.entries(one);
  return (
    entries.length === Object.keys(other).length &&
    entries.every(([name, value]) => {
      return Object.hasOwn(other, name) && jsonEqual(value, (other as Record<string, unknown>)[name], depth + 1);
    })
  );
}

/** What Python takes for false: `null`, `false`, `0`, `""`, `[]`, `{}`, and what is not there. */
export function isFalsy(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.keys(value).length === 0;
  return !value;
}
