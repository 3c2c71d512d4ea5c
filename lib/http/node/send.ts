import type { ServerResponse } from "node:http";

import { type Answer, type Page, setCorsHeaders } from "../answer.js";
import type { Headers } from "../flows.js";
import type { NodeResponse } from "./request.js";

/** Sends an answer. Does nothing if somebody (a timeout of the host's, say) has answered already. */
export function sendAnswer(res: NodeResponse, answer: Answer, options: { readonly cors: boolean }): void {
  if (res.headersSent) return;
  setAnswerHeaders(res, answer, options);
  // Text goes out in one piece with the head, bytes would go in another.
  (res as ServerResponse).end(answer.body);
}

export function setAnswerHeaders(
  res: NodeResponse,
  { status, headers, body }: Answer,
  { cors }: { readonly cors: boolean },
): void {
  if (cors) setCorsHeaders(new NodeHeaders(res));
  res.statusCode = status;
  for (const [name, value] of headers) res.setHeader(name, value);
  if (status !== 204) res.setHeader("Content-Length", Buffer.byteLength(body));
}

/** Sends a page, beside the cookies that the host has set. Does nothing if somebody has answered already. */
export function sendPage(response: NodeResponse, { status, headers, body }: Page): void {
  if (response.headersSent) return;
  const res = response as ServerResponse;
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "string") res.setHeader(name, value);
    else res.setHeader(name, [...[res.getHeader(name) ?? []].flat().map(String), ...value]);
  }
  res.setHeader("Content-Length", Buffer.byteLength(body));
  res.end(body);
}

/** A response's headers, with the methods of the Fetch standard's. */
export class NodeHeaders implements Headers {
  readonly #res: NodeResponse;

  constructor(res: NodeResponse) {
    this.#res = res;
  }

  has(name: string): boolean {
    return this.#res.hasHeader(name);
  }

  set(name: string, value: string): void {
    this.#res.setHeader(name, value);
  }

  delete(name: string): void {
    this.#res.removeHeader(name);
  }
}
