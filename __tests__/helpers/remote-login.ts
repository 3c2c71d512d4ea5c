import { jest } from "@jest/globals";
import {
  createJwtLogin,
  type JwtLoginOptions,
  type JwksOptions,
  type JwtLogin,
  type KeysErrorEvent,
  type Logger,
  type MatrixError,
} from "matrix-jwt-login";

import { LOGIN_TYPE, optionsWith, type User } from "./login.js";

/** What became of a login: "200", or status and reason as in "403 unknown_key". */
type Outcome = string;

export interface RemoteLogin {
  readonly core: Pick<JwtLogin, "ready">;
  readonly attempt: (token: string, loginType?: string) => Promise<Outcome>;
  /** Outcome, and how many milliseconds it took. */
  readonly timed: (token: string) => Promise<{ readonly outcome: Outcome; readonly ms: number }>;
  readonly errors: KeysErrorEvent[];
  readonly logger: Readonly<Record<keyof Logger, jest.Mock>>;
}

/** Seconds that suit tests: nothing waits for long, and nothing grows old by itself. */
export const QUICK = { cacheMaxAge: 600, staleIfError: 86_400, cooldown: 0.05, timeout: 3 } satisfies JwksOptions;

/** A login over a JWKS endpoint, without HTTP in front of it. */
export function remoteLogin(jwksUri: string, jwksOptions: JwksOptions = {}): RemoteLogin {
  return remoteLogins({ [LOGIN_TYPE]: { jwksUri, jwksOptions: { ...QUICK, ...jwksOptions } } });
}

export function remoteLogins(
  loginTypes: JwtLoginOptions<User>["loginTypes"],
  options: Partial<JwtLoginOptions<User, { reason?: string }>> = {},
): RemoteLogin {
  const errors: KeysErrorEvent[] = [];
  const logger = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error: jest.fn() };
  const core = createJwtLogin<User, { reason?: string }>({
    ...optionsWith(),
    ...options,
    loginTypes,
    logger,
    onKeysError: (event) => errors.push(event),
    onReject: ({ req, reason }) => {
      req.reason = reason;
    },
  });
  const attempt = async (token: string, type = LOGIN_TYPE): Promise<Outcome> => {
    const req: { reason?: string } = {};
    try {
      await core.login({ type, token }, { req });
      return "200";
    } catch (error) {
      return `${String((error as MatrixError).statusCode)} ${String(req.reason)}`;
    }
  };
  const timed: RemoteLogin["timed"] = async (token) => {
    const startedAt = performance.now();
    const outcome = await attempt(token);
    return { outcome, ms: performance.now() - startedAt };
  };
  return { core, attempt, timed, errors, logger };
}
