import type { LoginFlow } from "../../matrix/login-flows.js";
import { jsonAnswer, setCorsHeaders } from "../answer.js";
import {
  type FlowsOptions,
  isFlowsOfHead,
  isMissing,
  MAX_HELD,
  mergedBody,
  setMergedHeaders,
  staysOnOurs,
  WITHHELD,
} from "../flows.js";
import { isEncoded } from "../login-body.js";
import { readUpTo } from "./body.js";
import { responseOf } from "./send.js";

type Next = (request: Request) => Response | undefined | Promise<Response | undefined>;

/** Adds our flows to what the host answers to this `GET` or `HEAD`; if it has no answer, ours are the answer. */
export async function withFlows(
  request: Request,
  next: Next,
  flows: readonly LoginFlow[],
  options: FlowsOptions,
): Promise<Response> {
  const { method } = request;
  const answer = await next(asGet(request));
  if (answer !== undefined) options.onStatus(answer.status);
  if (answer === undefined || isMissing(answer.status)) {
    const ours = responseOf(jsonAnswer(200, JSON.stringify({ flows })), method, { cors: false });
    for (const [name, value] of answer?.headers ?? []) {
      if (staysOnOurs(name)) ours.headers.append(name, value);
    }
    if (options.cors) setCorsHeaders(ours.headers);
    return ours;
  }
  const text = await textOf(answer);
  if (text === undefined) return answer;
  const body = mergedBody(text, flows);
  if (body === undefined && !isFlowsOfHead(method, text, answer.headers.get("content-type"))) return answer;
  const { status, statusText } = answer;
  const headers = new Headers(answer.headers);
  setMergedHeaders(headers, options);
  if (body !== undefined) headers.set("Content-Length", String(Buffer.byteLength(body)));
  return new Response(method === "HEAD" ? null : body, { status, statusText, headers });
}

/** The answer to HEAD is that to GET without its body (RFC 9110 section 9.3.2). */
function asGet({ url, headers: sent, signal }: Request): Request {
  const headers = new Headers(sent);
  for (const name of WITHHELD) headers.delete(name);
  return new Request(url, { headers, signal });
}

/** Undefined: it can list no flows. */
async function textOf(answer: Response): Promise<string | undefined> {
  if (answer.status !== 200 || answer.bodyUsed || isEncoded(answer.headers.get("content-encoding"))) return undefined;
  return (await readUpTo(answer.clone().body, MAX_HELD))?.toString();
}
