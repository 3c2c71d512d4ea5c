import type { ServerResponse } from "node:http";

import type { MatrixError } from "../matrix/errors.js";
import { setCorsHeaders } from "./cors.js";

export interface AnswerOptions {
  readonly cors: boolean;
}

/** Answers with a JSON text. Does nothing where somebody (a timeout of the host's, say) has answered already. */
export function sendJson(res: ServerResponse, statusCode: number, body: string, options: AnswerOptions): void {
  if (res.headersSent) return;
  setJsonHeaders(res, statusCode, Buffer.byteLength(body), options);
  // Text goes out in one piece with the head, bytes would go in another.
  res.end(body);
}

export function setJsonHeaders(res: ServerResponse, statusCode: number, length: number, { cors }: AnswerOptions): void {
  if (cors) setCorsHeaders(res);
  res.statusCode = statusCode;
  res.setHeader("Content-Type", "application/json");
  res.setHeader("Cache-Control", "no-store");
  res.setHeader("Content-Length", length);
}

export function sendError(res: ServerResponse, error: MatrixError, options: AnswerOptions): void {
  const seconds = retryAfter(error);
  if (seconds !== undefined && !res.headersSent) res.setHeader("Retry-After", String(seconds));
  sendJson(res, error.statusCode, jsonOf(error), options);
}

/** A preflight's answer (Fetch standard, "CORS-preflight fetch"): any 2xx with the headers. */
export function sendPreflight(res: ServerResponse): void {
  setCorsHeaders(res);
  res.statusCode = 204;
  res.end();
}

/** Whole seconds (RFC 9110 section 10.2.3): some clients fail on a fraction. */
function retryAfter({ retryAfterMs, fields }: MatrixError): number | undefined {
  const ms = retryAfterMs ?? fields["retry_after_ms"];
  return typeof ms === "number" && Number.isFinite(ms) && ms >= 0 ? Math.ceil(ms / 1_000) : undefined;
}

/** The host's own fields may hold what JSON can't. */
function jsonOf(error: MatrixError): string {
  try {
    return JSON.stringify(error);
  } catch {
    return JSON.stringify({ errcode: error.errcode, error: error.message });
  }
}
