import { at, type Check, flag } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";

/** In YAML a name with nothing behind it is null, and means what leaving it out means. */
export function withoutNulls(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null));
}

/** Words that YAML 1.1, which Synapse reads, takes for true or false, and its successor for text. */
const YAML_FLAG = /^(?:[Yy]es|YES|[Nn]o|NO|[Oo]n|ON|[Oo]ff|OFF)$/;

/** True or false: for text, says what may have made it one. */
export const yamlFlag: Check<boolean> = (value, path) => {
  if (typeof value !== "string" || !YAML_FLAG.test(value)) return flag(value, path);
  const advice = `write true or false, or have your YAML parser read version 1.1, where ${value} is one of them`;
  throw new OptionsError(path, `must be true or false, not a string: ${advice}`);
};

/** What comes from an unset environment variable must not switch a check off. */
export function isUnset(path: string): OptionsError {
  return new OptionsError(path, "is undefined; is an environment variable not set? Or leave it out");
}

/** @throws OptionsError if it is the whole configuration, and not the part of this name */
export function assertPart(config: unknown, name: string): void {
  if (!Object.hasOwn(Object(config) as object, name)) return;
  throw new OptionsError(name, `must be what is under ${name}, and not what is around it`);
}

/** Reads another system's settings by their names, each when it is needed: which of them count depends on others, as it does
 * there.
 */
export class SettingsReader {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly path: string;

  constructor(object: Readonly<Record<string, unknown>>, path: string) {
    this.#object = object;
    this.path = path;
  }

  has(name: string): boolean {
    return this.#object[name] !== undefined;
  }

  at(name: string): string {
    return at(this.path, name);
  }

  required<T>(name: string, check: Check<T>): T {
    if (!this.has(name)) {
      const hint = Object.hasOwn(this.#object, name) ? ", and undefined; is an environment variable not set?" : "";
      throw new OptionsError(this.at(name), `is required${hint}`);
    }
    return check(this.#object[name], this.at(name));
  }

  optional<T>(name: string, check: Check<T>): T | undefined;
  optional<T>(name: string, check: Check<T>, byDefault: T): T;
  optional<T>(name: string, check: Check<T>, byDefault?: T): T | undefined {
    if (this.has(name)) return check(this.#object[name], this.at(name));
    if (Object.hasOwn(this.#object, name)) throw isUnset(this.at(name));
    return byDefault;
  }
}
