import type { IncomingMessage } from "node:http";

import type { LoginFlow } from "../../matrix/login-flows.js";
import { jsonAnswer } from "../answer.js";
import {
  dropStale,
  type FlowsOptions,
  isFlowsOfHead,
  isMissing,
  mergedBody,
  setMergedHeaders,
  staysOnOurs,
  WITHHELD,
} from "../flows.js";
import { holdAnswer, type Verdict } from "./held-answer.js";
import { isHttp2Response, type NodeRequest, type NodeResponse } from "./request.js";
import { NodeHeaders, setAnswerHeaders } from "./send.js";

/** Adds our flows to what the host answers to this `GET` or `HEAD`; if it has no answer, ours are the answer. */
export function addFlows(
  req: NodeRequest,
  res: NodeResponse,
  flows: readonly LoginFlow[],
  options: FlowsOptions,
): void {
  withhold(req);
  // The answer to HEAD is that to GET without its body, and Node leaves that out by itself (RFC 9110 section 9.3.2).
  const { method } = req;
  const request = req as { method: string | undefined };
  if (method === "HEAD") request.method = "GET";
  const before = { ...res.getHeaders() };

  const ours = (): Verdict => {
    dropHeadersSince(before, res);
    dropStale(new NodeHeaders(res));
    if (!isHttp2Response(res)) res.statusMessage = "";
    const body = JSON.stringify({ flows });
    setAnswerHeaders(res, jsonAnswer(200, body), options);
    return { body };
  };
  const merged = (text: string): Verdict => {
    const body = mergedBody(text, flows);
    if (body === undefined && !isFlowsOfHead(method, text, res.getHeader("Content-Type"))) return "unchanged";
    setMergedHeaders(new NodeHeaders(res), options);
    if (body !== undefined) res.setHeader("Content-Length", Buffer.byteLength(body));
    return { body };
  };
  holdAnswer(res, {
    holds: (statusCode, isEncoded) => {
      options.onStatus(statusCode);
      return isMissing(statusCode) || (statusCode === 200 && !isEncoded);
    },
    judge: (statusCode, body) => (isMissing(statusCode) ? ours() : merged(body)),
    released: () => {
      request.method = method;
    },
  });
}

function withhold(req: NodeRequest): void {
  const { headers, rawHeaders } = req;
  const headersDistinct = distinctOf(req as Partial<IncomingMessage>);
  for (const name of WITHHELD) {
    Reflect.deleteProperty(headers, name);
    Reflect.deleteProperty(headersDistinct, name);
  }
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    if (WITHHELD.includes(String(rawHeaders[i]).toLowerCase())) rawHeaders.splice(i, 2);
  }
}

/**
 * Node makes them of the raw headers when they are first asked for, by the number of those that there was: it throws if somebody
 * has taken some away. HTTP/2 has none.
 */
function distinctOf(req: Partial<IncomingMessage>): object {
  try {
    return req.headersDistinct ?? {};
  } catch {
    return {};
  }
}

/** What was said of a "not found" is taken back; what stood before it, and the host's CORS and cookies, stay. */
function dropHeadersSince(before: ReturnType<NodeResponse["getHeaders"]>, res: NodeResponse): void {
  for (const name of res.getHeaderNames()) {
    if (staysOnOurs(name)) continue;
    const earlier = before[name];
    if (earlier === undefined) res.removeHeader(name);
    else res.setHeader(name, earlier);
  }
}
