import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http";

import { isEncoded } from "../login-body.js";
import { MAX_HELD } from "../flows.js";
import { seal, throwHeadersSent } from "./seal.js";
import type { NodeResponse } from "./request.js";

/** What becomes of an answer: sent as the host wrote it, or with this body, or none, in its place. */
export type Verdict = "unchanged" | { readonly body: string | undefined };

export interface AnswerJudge {
  /** Is an answer with this head worth holding back? */
  readonly holds: (statusCode: number, isEncoded: boolean) => boolean;
  /** Called once it is whole. May still set the head: nothing is sent yet. */
  readonly judge: (statusCode: number, body: string) => Verdict;
  /** Called once it is no longer held back, or is not to be. */
  readonly released: () => void;
}

type Callback = (error?: Error | null) => void;
type Pairs = readonly (readonly [string, OutgoingHttpHeader])[];
type HeadersArgument = OutgoingHttpHeaders | readonly OutgoingHttpHeader[] | Pairs | null | undefined;

/**
 * Holds back what a host's handler answers, however it writes it (`writeHead`, `write`, `end`, or a framework on top of
 * them), until the judge has seen it. Other middleware may wrap the same methods before and after this.
 */
export function holdAnswer(res: NodeResponse, { holds, judge, released }: AnswerJudge): void {
  // Bound, as each is called through what others wrapped around it.
  const original = {
    writeHead: res.writeHead.bind(res) as (...args: unknown[]) => NodeResponse,
    flushHeaders: (res as ServerResponse).flushHeaders.bind(res),
    write: res.write.bind(res) as (...args: unknown[]) => boolean,
    end: res.end.bind(res) as (...args: unknown[]) => NodeResponse,
  };
  let state: "fresh" | "holding" | "released" = "fresh";
  /** Set once the host has begun its answer: what it sets of the head from then on comes too late. */
  let begun: { readonly statusCode: number; readonly unseal: () => void } | undefined;
  /** What sends the answer as the host wrote it, but for its end. */
  let calls: (() => unknown)[] = [];
  const chunks: Buffer[] = [];
  let size = 0;

  const isHeld = (statusCode = res.statusCode, headers: Pairs = []): boolean => {
    if (state === "fresh") {
      const codings = headers.flatMap(([name, value]) => (/^content-encoding$/i.test(name) ? [value] : []));
      const isCoded = [res.getHeader("Content-Encoding") ?? "", ...codings].some((value) => isEncoded(String(value)));
      state = holds(statusCode, isCoded) ? "holding" : "released";
      if (state === "released") released();
    }
    return state === "holding";
  };
  const begin = (call: () => unknown): void => {
    begun ??= { statusCode: res.statusCode, unseal: seal(res) };
    calls.push(call);
  };
  /** A copy: the host may write into its own again. */
  const hold = (chunk: unknown, encoding: unknown): Buffer => {
    const bytes = Buffer.from(chunk as string, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8");
    chunks.push(bytes);
    size += bytes.length;
    return bytes;
  };
  const release = (): void => {
    state = "released";
    released();
    begun?.unseal();
    if (begun !== undefined) res.statusCode = begun.statusCode;
  };
  const letGo = (): void => {
    const held = calls;
    calls = [];
    for (const call of held) call();
  };

  Object.assign(res, {
    writeHead(statusCode: number, ...rest: unknown[]): NodeResponse {
      const [reason, list] = rest as [unknown, HeadersArgument];
      const given = typeof reason === "string" ? list : (list ?? (reason as HeadersArgument));
      const headers = pairsOf(given);
      const words = typeof reason === "string" ? [reason] : [];
      if (!isHeld(statusCode, headers)) {
        if (!isList(given)) return original.writeHead(statusCode, ...rest);
        // Node 20 keeps only the last of a name, and refuses pairs, if any header is set before.
        setHeaders(res, headers, true);
        return original.writeHead(statusCode, ...words);
      }
      if (begun !== undefined) throwHeadersSent();
      setHeaders(res, headers, isList(given));
      res.statusCode = statusCode;
      begin(() => original.writeHead(statusCode, ...words));
      if (!("stream" in res)) Object.assign(res, words.length > 0 && { statusMessage: reason });
      return res;
    },
    flushHeaders(): void {
      if (!isHeld()) original.flushHeaders();
      else begin(original.flushHeaders);
    },
    write(chunk: unknown, ...rest: unknown[]): boolean {
      if (!isHeld()) return original.write(chunk, ...rest);
      const bytes = hold(chunk, rest[0]);
      begin(() => original.write(bytes));
      if (size > MAX_HELD) {
        release();
        letGo();
      }
      const callback = rest.find(isFunction);
      if (callback !== undefined) process.nextTick(callback);
      return true;
    },
    end(...args: unknown[]): NodeResponse {
      if (!isHeld()) return original.end(...args);
      const [chunk, encoding] = args;
      if (chunk !== undefined && chunk !== null && typeof chunk !== "function") hold(chunk, encoding);
      release();
      const verdict = judge(res.statusCode, Buffer.concat(chunks, size).toString());
      if (verdict !== "unchanged") return original.end(verdict.body, args.find(isFunction));
      letGo();
      return original.end(...args);
    },
  });
}

function isFunction(argument: unknown): argument is Callback {
  return typeof argument === "function";
}

/** As `writeHead` takes headers: an object, or a list, flat or of pairs, in which a name may come more than once. */
function pairsOf(headers: HeadersArgument): Pairs {
  if (!isList(headers)) return Object.entries(headers ?? {}) as unknown as Pairs;
  if (Array.isArray(headers[0])) return headers as Pairs;
  return Array.from({ length: Math.ceil(headers.length / 2) }, (_, i) =>
    headers.slice(2 * i, 2 * i + 2),
  ) as unknown as Pairs;
}

function isList(headers: HeadersArgument): headers is readonly OutgoingHttpHeader[] | Pairs {
  return Array.isArray(headers);
}

function setHeaders(res: NodeResponse, headers: Pairs, mayRepeat: boolean): void {
  if (!mayRepeat) {
    for (const [name, value] of headers) res.setHeader(name, value);
    return;
  }
  for (const [name] of headers) res.removeHeader(name);
  for (const [name, value] of headers) res.appendHeader(name, value as string);
}
