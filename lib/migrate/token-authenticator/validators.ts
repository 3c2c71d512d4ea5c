import { anyObject, at, type Check, flag, listOf, objectWith, oneOf, text } from "../../support/checks.js";
import { OptionsError } from "../../support/options-error.js";
import { isFalsy, jsonEqual, pathReader } from "./claims.js";
import { codeOf, pattern } from "./pattern-syntax.js";

/** A rule about a token's claims, or about a part of them. */
export type Validator = (value: unknown) => boolean;

/** Characters: longer text matches no pattern. */
const MAX_TEXT = 1_024;

/** The settings of each kind, in the order in which the list form has them. */
const SETTINGS = {
  exist: [],
  not: ["validator"],
  equal: ["value"],
  regex: ["regex", "full_match"],
  any_of: ["validators"],
  all_of: ["validators"],
  in: ["path", "validator"],
  list_any_of: ["validator"],
  list_all_of: ["validator"],
} as const;

type Kind = keyof typeof SETTINGS;

const KINDS = Object.keys(SETTINGS) as readonly Kind[];

/** What one kind is made of: checks a setting where the configuration has it. */
interface Settings {
  has(name: string): boolean;
  get<T>(name: string, check: Check<T>): T;
}

const MAKERS: Readonly<Record<Kind, (settings: Settings) => Validator>> = {
  exist: () => () => true,
  not: (settings) => {
    const inner = settings.get("validator", validator);
    return (value) => !inner(value);
  },
  equal: (settings) => {
    const expected = settings.get("value", (value) => value);
    return (value) => jsonEqual(value, expected);
  },
  regex: (settings) => {
    const wanted = settings.get("regex", (value, path) => pattern(text(value, path), path));
    // Python takes null for false here.
    const whole =
      !settings.has("full_match") || settings.get("full_match", (value, path) => flag(value ?? false, path));
    return (value) => {
      if (typeof value !== "string" || value.length > 2 * MAX_TEXT) return false;
      const characters = Array.from(value, codeOf);
      return characters.length <= MAX_TEXT && wanted.matches(characters, whole);
    };
  },
  any_of: (settings) => {
    const inner = settings.get("validators", validators);
    return (value) => inner.some((each) => each(value));
  },
  all_of: (settings) => {
    const inner = settings.get("validators", validators);
    return (value) => inner.every((each) => each(value));
  },
  in: (settings) => {
    const find = settings.get("path", pathReader);
    const inner = settings.has("validator") ? settings.get("validator", optionalValidator) : undefined;
    return (value) => {
      const found = find(value);
      return !isFalsy(found) && (inner === undefined || inner(found));
    };
  },
  list_any_of: (settings) => {
    const inner = settings.get("validator", validator);
    return (value) => Array.isArray(value) && value.some(inner);
  },
  list_all_of: (settings) => {
    const inner = settings.get("validator", validator);
    return (value) => Array.isArray(value) && value.every(inner);
  },
};

/** @throws OptionsError */
export function validator(value: unknown, path: string): Validator {
  if (Array.isArray(value)) {
    const kind = oneOf(KINDS)(value[0], at(path, 0));
    return MAKERS[kind](fromList(value, SETTINGS[kind], path));
  }
  if (typeof value === "string")
    throw new OptionsError(path, `must be an object, not a string, or a list such as ["exist"]`);
  const kind = oneOf(KINDS)(anyObject(value, path)["type"], at(path, "type"));
  return MAKERS[kind](fromObject(value, SETTINGS[kind], path));
}

function validators(value: unknown, path: string): readonly Validator[] {
  // Unlike other lists it may be empty: then any_of never holds, and all_of always does.
  return Array.isArray(value) && value.length === 0 ? [] : listOf(validator)(value, path);
}

function optionalValidator(value: unknown, path: string): Validator | undefined {
  return value === null ? undefined : validator(value, path);
}

function fromList(list: readonly unknown[], names: readonly string[], path: string): Settings {
  if (list.length - 1 > names.length) {
    throw new OptionsError(at(path, names.length + 1), "is one setting too many for this validator");
  }
  const values: Readonly<Record<string, unknown>> = Object.fromEntries(
    names.map((name, index) => [name, list[index + 1]]),
  );
  return settingsOf(values, (name) => at(path, names.indexOf(name) + 1));
}

function fromObject(value: unknown, names: readonly string[], path: string): Settings {
  return settingsOf(objectWith(["type", ...names])(value, path), (name) => at(path, name));
}

function settingsOf(values: Readonly<Record<string, unknown>>, pathOf: (name: string) => string): Settings {
  const has = (name: string) => values[name] !== undefined;
  return {
    has,
    get: (name, check) => {
      if (!has(name)) throw new OptionsError(pathOf(name), "is required");
      return check(values[name], pathOf(name));
    },
  };
}
