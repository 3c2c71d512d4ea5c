import { at, type Check, isUndefined, objectWith } from "./checks.js";
import { OptionsError } from "./options-error.js";

/** One option: what it must be, and what applies if it is not given. */
export interface Option<T> {
  readonly check: Check<T>;
  readonly required: boolean;
  /** Undefined also if there is no default. */
  readonly byDefault: T | undefined;
}

export function required<T>(check: Check<T>): Option<T> {
  return { check, required: true, byDefault: undefined };
}

export function optional<T>(check: Check<T>): Option<T | undefined>;
export function optional<T>(check: Check<T>, byDefault: T): Option<T>;
export function optional<T>(check: Check<T>, byDefault?: T): Option<T | undefined> {
  return { check, required: false, byDefault };
}

/** The options of an interface `T`, all of them and no others: for `satisfies`. */
export type OptionsOf<T> = { readonly [Name in keyof T]-?: Option<unknown> };

type Spec = Readonly<Record<string, Option<unknown>>>;

/** Checked options. */
export type Values<S> = { readonly [Name in keyof S]: S[Name] extends Option<infer T> ? T : never };

/** The names of options further in, by the path at which they are. */
export type Inner = Readonly<Record<string, readonly string[]>>;

/**
 * Makes a check of an options object from its options by name. The check returns an object with every option, defaults
 * included, and throws {@link OptionsError} for an unknown name, a missing or a wrong one. Options are checked in the order
 * of `spec`; what depends on more than one is left to whoever asks.
 *
 * An own property that is `undefined` is an error too, as an unset environment variable must not switch a check off.
 *
 * @param inner - what is easily written here and belongs further in: an error says where
 * @param undefinedIs - `"absent"` for the login's own options, of which `undefined` counts as not given
 */
export function optionsOf<S extends Spec>(
  spec: S,
  inner: Inner = {},
  undefinedIs: "absent" | "wrong" = "wrong",
): Check<Values<S>> {
  const known = objectWith(Object.keys(spec), inner);
  return (value, path) => {
    const object = known(value, path);
    const values = Object.entries(spec).map(([name, { check, required, byDefault }]) => {
      const here = at(path, name);
      const given = object[name];
      if (given !== undefined) return [name, check(given, here)];
      if (undefinedIs === "wrong" && Object.hasOwn(object, name)) {
        throw isUndefined(here, required ? "" : undefined);
      }
      if (required) throw new OptionsError(here, "is required");
      return [name, byDefault];
    });
    return Object.fromEntries(values) as Values<S>;
  };
}
