import { types } from "node:util";

import { isJsonObject } from "./json.js";
import { OptionsError } from "./options-error.js";

/** Takes what the host wrote at `path` and gives it back typed, or throws {@link OptionsError}. */
export type Check<T> = (value: unknown, path: string) => T;

/** The path of an option inside another one, written as JavaScript would. */
export function at(path: string, name: string | number): string {
  if (typeof name === "number") return `${path}[${String(name)}]`;
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}

/**
 * @param inner - names that belong one level further in, by the path of that level
 */
export function objectWith(
  names: readonly string[],
  inner: Readonly<Record<string, readonly string[]>> = {},
): Check<Readonly<Record<string, unknown>>> {
  const advice = (name: string): string => {
    const place = Object.keys(inner).find((path) => inner[path]?.includes(name));
    if (place !== undefined) return `; it belongs in ${place}`;
    const near = nearestOf(name, names);
    return near === undefined ? "" : `; do you mean ${near}?`;
  };
  return (value, path) => {
    const object = anyObject(value, path);
    for (const name of Object.keys(object)) {
      if (names.includes(name)) continue;
      throw unknownOption(at(path, name), names, advice(name));
    }
    return object;
  };
}

/** @param advice - begins with a semicolon */
export function unknownOption(path: string, names: readonly string[], advice: string): OptionsError {
  return new OptionsError(path, `is not an option of this version; the options here are ${names.join(", ")}${advice}`);
}

/** Characters; nobody means a longer one. */
const LONGEST_NAME = 64;

/** The name that somebody may have meant. */
function nearestOf(written: string, names: readonly string[]): string | undefined {
  if (written.length > LONGEST_NAME) return undefined;
  return names.find((one) => isNear(written, one)) ?? names.find((one) => isAbbreviated(written, one));
}

/** Alike but for one character more, less or other, or two that are swapped; for case, hyphens and underscores. */
function isNear(written: string, name: string): boolean {
  const [short, long] = [written, name]
    .map((one) => one.replace(/[-_]/g, "").toLowerCase())
    .sort((one, other) => one.length - other.length) as [string, string];
  let same = 0;
  while (same < short.length && short[same] === long[same]) same += 1;
  const [rest, other] = [long.slice(same), short.slice(same)];
  const isSwapped = rest === `${other.slice(1, 2)}${other.slice(0, 1)}${other.slice(2)}`;
  return isSwapped || rest.slice(1) === other.slice(1) || rest.slice(1) === other;
}

/** The last of a name's words, and maybe others, each whole or its beginning: `baseUrl` for `publicBaseUrl`, `aud` for `audience`. */
function isAbbreviated(written: string, name: string): boolean {
  const words = [...wordsOf(name)];
  return wordsOf(written)
    .reverse()
    .every((word, index) => {
      let one = words.pop();
      while (index > 0 && one !== undefined && !one.startsWith(word)) one = words.pop();
      return word.length >= 3 && one?.startsWith(word) === true;
    });
}

function wordsOf(name: string): string[] {
  return name.split(/[-_]|(?<=[a-z])(?=[A-Z])/).map((word) => word.toLowerCase());
}

export const anyObject: Check<Readonly<Record<string, unknown>>> = (value, path) => {
  if (types.isPromise(value)) throw new OptionsError(path, "must be an object, not a promise: await it");
  if (isJsonObject(value)) return value;
  throw new OptionsError(path, `must be an object, not ${kindOf(value)}`);
};

export const text: Check<string> = (value, path) => {
  if (typeof value !== "string") throw new OptionsError(path, `must be a string, not ${kindOf(value)}`);
  if (value === "")
    throw new OptionsError(path, "must not be empty; is the environment variable that it comes from set?");
  return value;
};

export const flag: Check<boolean> = (value, path) => {
  if (typeof value !== "boolean") throw new OptionsError(path, `must be true or false, not ${kindOf(value)}`);
  return value;
};

/** A function of the host's. What it takes and gives is the options type's to say. */
export function callback<F>(value: unknown, path: string): F {
  if (typeof value !== "function") throw new OptionsError(path, `must be a function, not ${kindOf(value)}`);
  return value as F;
}

export function oneOf<const T extends string>(names: readonly T[]): Check<T> {
  return (value, path) => {
    if (names.includes(value as T)) return value as T;
    const near = names.find((name) => typeof value === "string" && name.toLowerCase() === value.toLowerCase());
    const hint = near === undefined ? "" : `; do you mean ${JSON.stringify(near)}?`;
    throw new OptionsError(path, `must be one of ${names.map((name) => JSON.stringify(name)).join(", ")}${hint}`);
  };
}

export function numberFrom(
  min: number,
  max: number,
  { unit, integer = false }: { unit: string; integer?: boolean },
): Check<number> {
  return (value, path) => {
    const fits = typeof value === "number" && value >= min && value <= max && (!integer || Number.isInteger(value));
    if (fits) return value;
    const upTo = max === Number.MAX_SAFE_INTEGER ? "or more" : `to ${String(max)}`;
    throw new OptionsError(path, `must be a ${integer ? "whole " : ""}number of ${unit}, ${String(min)} ${upTo}`);
  };
}

/** Seconds, as a number that need not be whole. */
export const seconds = (min: number, max = Number.MAX_SAFE_INTEGER): Check<number> =>
  numberFrom(min, max, { unit: "seconds" });

export function moreThanZero(check: Check<number>): Check<number> {
  return (value, path) => {
    if (check(value, path) > 0) return value as number;
    throw new OptionsError(path, "must be more than 0 seconds");
  };
}

export function listOf<T>(check: Check<T>): Check<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new OptionsError(path, `must be a list, not ${kindOf(value)}`);
    if (value.length === 0) throw new OptionsError(path, "must not be an empty list; leave it out if it is not meant");
    // Holes in it are items too.
    return Array.from(value as readonly unknown[], (item, index) => {
      if (item === undefined) throw isUndefined(at(path, index), ", or leave the item out");
      return check(item, at(path, index));
    });
  };
}

/**
 * An unset environment variable must not switch a check off.
 *
 * @param otherwise - what else would do
 */
export function isUndefined(path: string, otherwise = ", or leave the option out"): OptionsError {
  return new OptionsError(path, `is undefined; set the environment variable that it comes from${otherwise}`);
}

/** One value, or a list of them: always given back as a list. */
export function oneOrMore<T>(check: Check<T>): Check<readonly T[]> {
  const list = listOf(check);
  return (value, path) => (Array.isArray(value) ? list(value, path) : [check(value, path)]);
}

/** What a value is, in words that name nothing of it. */
export function kindOf(value: unknown): string {
  if (value === undefined) return "undefined";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
