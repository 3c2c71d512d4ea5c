import { anyObject, at, callback, type Check } from "./checks.js";

/**
 * Where the package says what an operator should know: the methods of `console` and of pino that it uses.
 * Each call has one argument, a sentence or an `Error` whose `cause` says more; never a token, a secret or a key.
 */
export interface Logger {
  /** Details; this version has none to tell. */
  debug(message: unknown): void;
  /** What is well again, e.g. keys that can be had again. */
  info(message: unknown): void;
  /** What should be looked at, e.g. keys that can't be had, or a proxy that is not trusted. */
  warn(message: unknown): void;
  /** What failed, e.g. a callback of the host's, or a limiter. */
  error(message: unknown): void;
}

const nothing = (): void => undefined;

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** What is used unless the host gives a logger: `console`'s warnings and errors. */
export const consoleLogger: Logger = {
  ...silentLogger,
  warn: (message) => {
    console.warn(message);
  },
  error: (message) => {
    console.error(message);
  },
};

/** A host's logger, or false for none. What it throws changes nothing. */
export const anyLogger: Check<Logger> = (value, path) => {
  if (value === false) return silentLogger;
  const logger = anyObject(value, path);
  for (const level of ["debug", "info", "warn", "error"]) callback(logger[level], at(path, level));
  return neverThrowing(value as Logger);
};

/** The same logger, but one whose own failure changes nothing for the login that it was told of. */
function neverThrowing(logger: Readonly<Record<keyof Logger, (message: unknown) => unknown>>): Logger {
  const guarded =
    (level: keyof Logger): Logger["warn"] =>
    (message) => {
      try {
        // It may be async in spite of its type.
        Promise.resolve(logger[level](message)).catch(nothing);
      } catch {
        // There is nobody left to tell.
      }
    };
  return { debug: guarded("debug"), info: guarded("info"), warn: guarded("warn"), error: guarded("error") };
}
