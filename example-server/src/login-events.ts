import type { Request } from "express";
import type { KeysErrorEvent, LoginEvent, RejectEvent } from "matrix-jwt-login";
import type { Logger } from "pino";

import type { Metrics } from "./metrics.js";

/** Tells the log and the metrics of each login. What is logged is picked field by field: `req` has the token in it. */
export function loginEvents(log: Logger, metrics: Metrics) {
  return {
    onLogin: (event: LoginEvent<Request>): void => {
      metrics.onLogin(event);
      const { loginType, userId, durationMs, req } = event;
      log.info({ loginType, userId, ms: Math.round(durationMs), ip: req.ip }, "Logged in");
    },
    onReject: (event: RejectEvent<Request>): void => {
      metrics.onReject(event);
      const { loginType, userId, reason, statusCode, errcode, durationMs, req } = event;
      log.info(
        { loginType, userId, reason, statusCode, errcode, ms: Math.round(durationMs), ip: req.ip },
        "Login refused",
      );
    },
    // The package itself tells the logger.
    onKeysError: (event: KeysErrorEvent): void => {
      metrics.onKeysError(event);
    },
  };
}
