import { anyObject, at, callback, type Check } from "./checks.js";
import { once } from "./once.js";

/**
 * Receives messages for the operator: the methods of `console` and of pino that the package uses.
 * Each call has one argument, a sentence or an `Error` whose `cause` says more; never a token, a secret or a key.
 */
export interface Logger {
  /** Details; this version logs none. */
  debug(message: unknown): void;
  /** What needs nothing, e.g. a key endpoint that answers again, or a back-channel logout that was refused. */
  info(message: unknown): void;
  /** What needs attention, e.g. an unavailable key endpoint, or a proxy that is not trusted. */
  warn(message: unknown): void;
  /** What failed, e.g. a callback or a limiter of yours. */
  error(message: unknown): void;
}

const nothing = (): void => undefined;

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** The default: `console`'s warnings and errors. */
export const consoleLogger: Logger = {
  ...silentLogger,
  warn: (message) => {
    console.warn(message);
  },
  error: (message) => {
    console.error(message);
  },
};

/** A host's logger, or false for none. If it throws, nothing else changes, and `process.emitWarning` says so once. */
export const anyLogger: Check<Logger> = (value, path) => {
  if (value === false) return silentLogger;
  const logger = anyObject(value, path);
  for (const level of ["debug", "info", "warn", "error"]) callback(logger[level], at(path, level));
  return neverThrowing(value as Logger);
};

/** The same logger, but that it throws changes nothing: a login does not fail because its log line does. */
function neverThrowing(logger: Readonly<Record<keyof Logger, (message: unknown) => unknown>>): Logger {
  const tell = once(() => {
    process.emitWarning("matrix-jwt-login: the option logger throws, so that lines are lost", {
      type: "LoggerWarning",
      detail: "Methods that need their object have to be bound: { info: (line) => logger.info(line), ... }",
    });
  });
  const guarded =
    (level: keyof Logger): Logger["warn"] =>
    (message) => {
      try {
        // It may be async despite its type.
        Promise.resolve(logger[level](message)).catch(tell);
      } catch {
        tell();
      }
    };
  return { debug: guarded("debug"), info: guarded("info"), warn: guarded("warn"), error: guarded("error") };
}
