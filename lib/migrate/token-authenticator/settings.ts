import { anyObject, type Check, objectWith, text } from "../../support/checks.js";
import type { Inner } from "../../support/options.js";
import { OptionsError } from "../../support/options-error.js";
import { isUnset, SettingsReader, withoutNulls } from "../yaml.js";

/** Seconds. There, a token that expired exactly a minute ago is still good; here it would not be. */
export const LEEWAY = 60.001;

/**
 * A part of the configuration: null counts as left out, as in YAML. Undefined is an error.
 *
 * @param inner - names that belong in a part of this one, by that part
 * @throws OptionsError
 */
export function settings(value: unknown, path: string, names: readonly string[], inner: Inner = {}): SettingsReader {
  const given = objectWith(names, inner)(value, path);
  const reader = new SettingsReader(withoutNulls(given), path);
  for (const name of Object.keys(given)) {
    if (given[name] === undefined) throw isUnset(reader.at(name));
  }
  return reader;
}

/** A number in YAML, if nobody put quotes around it: digits beyond what a number holds would be other digits. */
export const id: Check<string> = (value, path) => {
  if (typeof value !== "number") return text(value, path);
  if (Number.isSafeInteger(value)) return String(value);
  throw new OptionsError(path, "must be in quotes: as a number, its last digits are lost");
};

/** The object that the original serves under `/_famedly/login/`, and the host here. */
export const metadataResource: Check<unknown> = (value, path) => {
  return new SettingsReader(anyObject(value, path), path).required("name", text);
};

/** A setting that only the host can act on, and what it has to do. */
export interface HostTask {
  readonly setting: string;
  readonly todo: string;
}

/** Emits one warning, which lists every setting that the host has to act on itself. */
export function warnOfHostTasks(tasks: readonly HostTask[]): void {
  if (tasks.length === 0) return;
  const list = tasks.map(({ setting, todo }) => `${setting}: ${todo}`).join("; ");
  process.emitWarning(
    `Settings of Synapse Token Authenticator that your server has to act on (docs/migration.md shows how): ${list}`,
    { type: "MigrationWarning", code: "MATRIX_JWT_LOGIN_HOST_TASK" },
  );
}
