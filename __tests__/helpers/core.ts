import {
  createJwtLogin,
  type JwtLogin,
  type JwtLoginOptions,
  type Logger,
  type LoginTypeOptions,
} from "matrix-jwt-login";

import { LOGIN_TYPE, optionsWith, type User } from "./login.js";
import { token } from "./tokens.js";

type LoginTypeValues = Partial<Record<keyof LoginTypeOptions, unknown>>;

/** The login of a host that knows alice and bob, without Express. */
export function core(loginType: LoginTypeValues = {}, options: Partial<JwtLoginOptions<User>> = {}): JwtLogin {
  return createJwtLogin(optionsWith(loginType, options));
}

/** A submission as clients send it, with an honest token of these claims. */
export function submission(claims: Readonly<Record<string, unknown>> = {}, more: object = {}): Record<string, unknown> {
  return { type: LOGIN_TYPE, token: token(claims), ...more };
}

/** What a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("was not rejected");
}

/** What a function throws. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("did not throw");
}

interface LoggedLine {
  readonly level: keyof Logger;
  readonly message: unknown;
}

export interface RecordingLogger extends Logger {
  readonly lines: readonly LoggedLine[];
}

/** A logger that keeps what it is told. Its methods need their object, as those of many logging libraries do. */
export function recordingLogger(): RecordingLogger {
  return new Recorder();
}

class Recorder implements RecordingLogger {
  readonly lines: LoggedLine[] = [];

  debug(message: unknown): void {
    this.lines.push({ level: "debug", message });
  }

  info(message: unknown): void {
    this.lines.push({ level: "info", message });
  }

  warn(message: unknown): void {
    this.lines.push({ level: "warn", message });
  }

  error(message: unknown): void {
    this.lines.push({ level: "error", message });
  }
}
