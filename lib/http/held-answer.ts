import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http";

/** A host's answer that was held back until it was whole. */
export interface WholeAnswer {
  readonly statusCode: number;
  readonly body: Buffer;
}

/** What becomes of it: sent as the host wrote it, or with this body in its place. */
export type Verdict = "unchanged" | { readonly body: Buffer };

export interface AnswerJudge {
  /** Is an answer with the head that is set now worth holding back? */
  readonly holds: (res: ServerResponse) => boolean;
  /** Called once it is whole. May still set the head: nothing is sent yet. */
  readonly judge: (answer: WholeAnswer, res: ServerResponse) => Verdict;
}

/** A longer answer lists no login flows. */
const MAX_HELD = 1_048_576;

type Callback = (error?: Error | null) => void;
type Headers = OutgoingHttpHeaders | readonly OutgoingHttpHeader[];

/**
 * Holds back what a host's handler answers, however it writes it (`writeHead`, `write`, `end`, or Express on top of
 * them), until the judge has seen it. Other middleware may wrap the same methods before and after this.
 */
export function holdAnswer(res: ServerResponse, { holds, judge }: AnswerJudge): void {
  // Bound, as each is called through what others wrapped around it.
  const original = {
    writeHead: res.writeHead.bind(res) as (...args: unknown[]) => ServerResponse,
    flushHeaders: res.flushHeaders.bind(res),
    write: res.write.bind(res) as (...args: unknown[]) => boolean,
    end: res.end.bind(res) as (...args: unknown[]) => ServerResponse,
  };
  let state: "fresh" | "holding" | "released" = "fresh";
  let chunks: Buffer[] = [];
  let size = 0;

  const isHeld = (): boolean => {
    if (state === "fresh") {
      state = holds(res) ? "holding" : "released";
      // The host's error handling asks this: an answer that was begun can't be begun again.
      if (state === "holding") Object.defineProperty(res, "headersSent", { configurable: true, value: true });
    }
    return state === "holding";
  };
  const release = (): void => {
    state = "released";
    Reflect.deleteProperty(res, "headersSent");
  };
  const hold = (chunk: unknown, encoding: unknown): void => {
    const bytes = Buffer.from(chunk as string, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8");
    chunks.push(bytes);
    size += bytes.length;
  };
  const letGo = (): void => {
    release();
    for (const chunk of chunks) original.write(chunk);
    chunks = [];
  };

  Object.assign(res, {
    writeHead(statusCode: number, ...rest: [(string | Headers)?, Headers?]): ServerResponse {
      // Older compression asks for the head again at the end.
      if (state === "holding") return res;
      if (state === "released") return original.writeHead(statusCode, ...rest);
      const [reason, headers] = typeof rest[0] === "string" ? [rest[0], rest[1]] : [undefined, rest[0]];
      res.statusCode = statusCode;
      if (reason !== undefined) res.statusMessage = reason;
      setHeaders(res, headers ?? {});
      return isHeld() ? res : original.writeHead(statusCode);
    },
    flushHeaders(): void {
      if (!isHeld()) original.flushHeaders();
    },
    write(chunk: unknown, ...rest: unknown[]): boolean {
      if (!isHeld()) return original.write(chunk, ...rest);
      hold(chunk, rest[0]);
      if (size > MAX_HELD) letGo();
      callLater(rest);
      return true;
    },
    end(...args: unknown[]): ServerResponse {
      if (!isHeld()) return original.end(...args);
      if (isChunk(args[0])) hold(args[0], args[1]);
      release();
      const verdict = judge({ statusCode: res.statusCode, body: Buffer.concat(chunks, size) }, res);
      const callback = args.find((argument): argument is Callback => typeof argument === "function");
      if (verdict !== "unchanged") return original.end(verdict.body, callback);
      const last = chunks.pop();
      letGo();
      return original.end(last, callback);
    },
  });
}

function isChunk(value: unknown): boolean {
  return value !== undefined && value !== null && typeof value !== "function";
}

function callLater(args: readonly unknown[]): void {
  const callback = args.find((argument): argument is Callback => typeof argument === "function");
  if (callback !== undefined) process.nextTick(callback);
}

/** As `writeHead` takes them: an object, or a flat list in which a name may come more than once. */
function setHeaders(res: ServerResponse, headers: Headers): void {
  if (!Array.isArray(headers)) {
    for (const [name, value] of Object.entries(headers)) {
      res.setHeader(name, value as string);
    }
    return;
  }
  const pairs = Array.from(
    { length: headers.length / 2 },
    (_, i) => headers.slice(2 * i, 2 * i + 2) as [string, string],
  );
  for (const [name] of pairs) res.removeHeader(name);
  for (const [name, value] of pairs) res.appendHeader(name, value);
}
