import { isatty } from "node:tty";

import { pino, type DestinationStream, type Logger } from "pino";
import pretty from "pino-pretty";

import type { LogLevel } from "./config.js";

/** For people on a terminal, and for programs elsewhere. A line that can't be written is lost, and nothing else. */
function standardError(): DestinationStream {
  if (process.stderr.listenerCount("error") === 0) process.stderr.on("error", () => undefined);
  return isatty(2) ? pretty({ destination: process.stderr, sync: true, ignore: "pid,hostname" }) : process.stderr;
}

/**
 * One JSON object a line, on standard error: standard output has the lines to paste. What is logged is chosen where it is
 * logged, and holds no secret. Should one slip in, by the name of a field or within a text, it is taken out here.
 */
export function createLog(level: LogLevel, destination: DestinationStream = standardError()): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: secretFields.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "[secret]" },
      serializers: { err: describeError },
      hooks: { streamWrite: (line) => line.replace(jsonWebTokens, "[token]") },
    },
    destination,
  );
}

const secretFields = [
  "token",
  "access_token",
  "accessToken",
  "refresh_token",
  "refreshToken",
  "password",
  "secret",
  "authorization",
  "cookie",
];

/** A header and a payload, each the base64url of `{"...`, and the signature, if there is one (RFC 7515 section 7.1). */
const jsonWebTokens = /eyJ[\w-]+\.eyJ[\w-]+(?:\.[\w-]*)?/g;

/**
 * Of an error, what tells an operator what to do. Others of its properties may hold anything: a client of Redis puts the
 * command there that failed, and a command may be `AUTH`.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  const { code } = error as { code?: unknown };
  return {
    name,
    message,
    ...(typeof code === "string" && { code }),
    stack,
    ...(cause !== undefined && { cause: describeError(cause) }),
  };
}
