import {
  Agent,
  request,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from "node:http";
import { buffer } from "node:stream/consumers";

import { LOGIN_PATH, LOGIN_TYPE } from "./login.js";
import { token } from "./tokens.js";

export interface Sending {
  /** Default `POST`. */
  readonly method?: string;
  /** The request target, written to the wire as it is. */
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Sent with a `Content-Length`; a list is sent chunked; where it isn't given, with neither. */
  readonly body?: string | Uint8Array | readonly (string | Uint8Array)[];
  readonly agent?: Agent;
}

export interface Received {
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly bytes: Buffer;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** Sends a request just so: what `fetch` would tidy up stays as the test wrote it. */
export async function send(url: string, sending: Sending = {}): Promise<Received> {
  const { body } = sending;
  const outgoing = begin(url, sending);
  const answer = answerTo(outgoing);
  if (typeof body === "string" || body instanceof Uint8Array) {
    outgoing.setHeader("Content-Length", Buffer.byteLength(body));
    outgoing.end(body);
  } else if (body === undefined) {
    // Node would send a length of 0 with a POST.
    outgoing.removeHeader("Content-Length");
    outgoing.removeHeader("Transfer-Encoding");
    outgoing.end();
  } else {
    outgoing.setHeader("Transfer-Encoding", "chunked");
    outgoing.flushHeaders();
    for (const chunk of body) outgoing.write(chunk);
    outgoing.end();
  }
  return answer;
}

/** The head of a request, whose body the caller writes. */
export function begin(
  url: string,
  { method = "POST", path = LOGIN_PATH, headers = {}, agent }: Sending,
): ClientRequest {
  if (agent !== undefined) return request(url, { method, path, headers, agent });
  // A connection of its own, which says that it could be kept, as clients' do: one that is kept may lead to an earlier
  // test's server, whose port a later one has got.
  const own = new Agent({ keepAlive: true });
  return request(url, { method, path, headers, agent: own }).on("close", () => {
    own.destroy();
  });
}

export function answerTo(outgoing: ClientRequest): Promise<Received> {
  return new Promise((resolve, reject) => {
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      received(response).then(resolve, reject);
    });
  });
}

/** How often, and with what, a header came. */
export function valuesOf({ rawHeaders }: Received, name: string): readonly string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name.toLowerCase());
}

/** What must be the same of two answers, for a client not to tell them apart. */
export function essence({ status, reason, headers, text }: Received): unknown {
  const { date, ...rest } = headers;
  return { status, reason, headers: rest, text, dated: date !== undefined };
}

/** A submission that logs alice in. */
export function goodLogin(): string {
  return JSON.stringify({ type: LOGIN_TYPE, token: token() });
}

async function received(response: IncomingMessage): Promise<Received> {
  const bytes = await buffer(response);
  return {
    status: response.statusCode ?? 0,
    reason: response.statusMessage ?? "",
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    bytes,
    text: bytes.toString(),
    get json() {
      return JSON.parse(bytes.toString()) as Readonly<Record<string, unknown>>;
    },
  };
}
