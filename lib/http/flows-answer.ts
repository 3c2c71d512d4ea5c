import type { IncomingMessage, ServerResponse } from "node:http";

import { mergeFlows, type LoginFlow } from "../matrix/login-flows.js";
import { setJsonHeaders, type AnswerOptions } from "./answer.js";
import { setCorsHeaders } from "./cors.js";
import { holdAnswer, type Verdict, type WholeAnswer } from "./held-answer.js";

/** With these a host may answer that nothing has changed, or a part, or in a coding; then there is nothing to add to. */
const WITHHELD = [
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
  "if-range",
  "range",
  "accept-encoding",
];

/** What the host's handler said of a body that is not sent as it was. */
const STALE_HEADERS = ["ETag", "Last-Modified", "Content-Length", "Transfer-Encoding"];

/** Adds our flows to what the host answers to this `GET` or `HEAD`; where it has no answer, ours are the answer. */
export function addFlows(
  req: IncomingMessage,
  res: ServerResponse,
  flows: readonly LoginFlow[],
  options: AnswerOptions,
): void {
  for (const name of WITHHELD) Reflect.deleteProperty(req.headers, name);
  // The answer to HEAD is that to GET without its body, and Node leaves that out by itself (RFC 9110 section 9.3.2).
  const { method } = req;
  if (method === "HEAD") req.method = "GET";
  const before = { ...res.getHeaders() };

  const ours = (): Verdict => {
    dropHeadersSince(before, res);
    const body = Buffer.from(JSON.stringify({ flows }));
    res.statusMessage = "";
    setJsonHeaders(res, 200, body.length, options);
    return { body };
  };
  const merged = (answer: WholeAnswer): Verdict => {
    const whole = mergeFlows(parsed(answer.body), flows);
    if (whole === undefined) return "unchanged";
    for (const name of STALE_HEADERS) res.removeHeader(name);
    if (options.cors) setCorsHeaders(res);
    setUnlessThere(res, "Content-Type", "application/json");
    setUnlessThere(res, "Cache-Control", "no-store");
    const body = Buffer.from(JSON.stringify(whole));
    res.setHeader("Content-Length", body.length);
    return { body };
  };

  const asAsked = (): void => {
    req.method = method;
  };
  holdAnswer(res, {
    holds: ({ statusCode }) => {
      const holds = isMissing(statusCode) || (statusCode === 200 && !res.hasHeader("Content-Encoding"));
      if (!holds) asAsked();
      return holds;
    },
    judge: (answer) => {
      asAsked();
      return isMissing(answer.statusCode) ? ours() : merged(answer);
    },
  });
}

function isMissing(statusCode: number): boolean {
  return statusCode === 404 || statusCode === 405;
}

function setUnlessThere(res: ServerResponse, name: string, value: string): void {
  if (!res.hasHeader(name)) res.setHeader(name, value);
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return undefined;
  }
}

/** What was said of a "not found" is taken back; what stood before it, and the host's CORS and cookies, stay. */
function dropHeadersSince(before: ReturnType<ServerResponse["getHeaders"]>, res: ServerResponse): void {
  for (const name of res.getHeaderNames()) {
    const earlier = before[name];
    if (earlier !== undefined) res.setHeader(name, earlier);
    else if (!/^(?:access-control-.*|vary|set-cookie)$/.test(name)) res.removeHeader(name);
  }
}
