import { closeSync, openSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { LOGIN_TYPE_OPTIONS } from "../login/login-type.js";
import { UsageError } from "./command.js";
import { reasons, show } from "./show.js";

/** A secret as it is in a file, bytes and all, but for one line end at its end: `echo` and editors put one there. */
export function secretIn(file: string): Buffer {
  return Buffer.from(textOf(file, "--secret-file").replace(/\r?\n$/, ""), "latin1");
}

/** Bytes of a file that are read at most. */
const MAX_FILE = 16_777_216;

/** A file byte for character. */
export function textOf(file: string, flag: string): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, "r");
    const bytes = Buffer.alloc(MAX_FILE + 1);
    let size = 0;
    for (let read = -1; read !== 0 && size <= MAX_FILE; size += read) {
      read = readSync(descriptor, bytes, size, bytes.length - size, null);
    }
    if (size > MAX_FILE) throw new UsageError(`it has more than ${String(MAX_FILE)} bytes`);
    return bytes.toString("latin1", 0, size);
  } catch (cause) {
    throw new UsageError(`${flag} can't be read`, { cause });
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** What a JSON file holds, or a module's default export, its only one, or the one with a usual name. */
export async function optionsIn(file: string): Promise<object> {
  if (/\.ya?ml$/i.test(file)) {
    throw new UsageError(
      "--options is YAML: give a module that exports what fromSynapseJwtConfig or fromTokenAuthenticatorConfig makes of it",
    );
  }
  let loaded: unknown;
  try {
    const module = await load(file);
    loaded = file.endsWith(".json") ? module : exportedBy(module);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--options can't be loaded: ${reasons(error)}`);
  }
  if (typeof loaded === "object" && loaded !== null) return loaded;
  if (typeof loaded === "function") throw new UsageError("--options exports a function: export what it returns");
  throw new UsageError("--options must hold an object: as JSON, or as a module's default or only export");
}

function exportedBy(module: unknown): unknown {
  if (typeof module !== "object" || module === null || Array.isArray(module)) return module;
  if ("default" in module) return module.default;
  const names = Object.keys(module).filter((name) => name !== "__esModule");
  const only = names.length < 2 ? (module as Record<string, unknown>)[String(names[0])] : undefined;
  const isNamespace = Object.prototype.toString.call(module) === "[object Module]" || isTranspiled(module);
  // What CommonJS exports may be the options, or have them under a name of their own.
  if (!isNamespace) return typeof only === "object" && !isNameInOptions(String(names[0])) ? only : module;
  if (names.length === 0) {
    throw new UsageError("--options must hold an object, and it exports nothing: make the options its default export");
  }
  const meant = names.length === 1 ? names[0] : USUAL_NAMES.find((name) => names.includes(name));
  if (meant !== undefined) {
    const options = (module as Record<string, unknown>)[meant];
    // Names of login types need not look like that.
    const isOption = (name: string) => name === "loginTypes" || Object.hasOwn(LOGIN_TYPE_OPTIONS, name);
    const areTypes = meant === "loginTypes" && !Object.keys(Object(options) as object).some(isOption);
    return areTypes ? { loginTypes: options } : options;
  }
  throw new UsageError(`--options exports ${names.join(", ")}: make one of them the default export`);
}

/** What of several exports is meant. */
const USUAL_NAMES = ["options", "loginTypes"];

/** Of an option, or of a login type. */
function isNameInOptions(name: string): boolean {
  return name === "loginTypes" || name.includes(".") || Object.hasOwn(LOGIN_TYPE_OPTIONS, name);
}

/** A CommonJS module that was made of an ES module: its names are exports, and not options. */
function isTranspiled(module: object): boolean {
  return "__esModule" in module;
}

/** @param file - as it was given, which is shown */
async function load(file: string): Promise<unknown> {
  const path = resolve(file);
  try {
    // As require, it would have Node write several lines of its own about one that throws what is no error.
    if (/\.m[jt]s$/.test(path)) return (await import(pathToFileURL(path).href)) as unknown;
    // Takes ES modules too, in every version of Node that this package supports.
    return createRequire(path)(path) as unknown;
  } catch (error) {
    const { code, name } = Object(error) as { code?: unknown; name?: unknown };
    if (code === "ERR_REQUIRE_ASYNC_MODULE") return import(pathToFileURL(path).href);
    const isTypeScript = /\.[cm]?ts$/.test(path);
    if (isTypeScript && (code === "ERR_UNKNOWN_FILE_EXTENSION" || name === "SyntaxError")) {
      throw new UsageError(`--options is TypeScript, which Node.js ${process.version} does not run; compile it first`);
    }
    // A parser quotes what it can't parse, and there may be a secret.
    if (name === "SyntaxError") {
      throw new UsageError(
        `--options can't be loaded: it is neither JSON (.json) nor a module (.mjs, .cjs); run node ${show(file)} to see where`,
      );
    }
    throw error;
  }
}
