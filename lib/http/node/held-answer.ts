import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http";

import { MAX_HELD } from "../flows.js";
import { isEncoded } from "../login-body.js";
import { lockHead, throwHeadersSent } from "./lock-head.js";
import { isHttp2Response, type NodeResponse } from "./request.js";

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
export function holdAnswer(res: NodeResponse, judge: AnswerJudge): void {
  // Bound, as each is called through what others wrapped around it.
  const original = {
    writeHead: res.writeHead.bind(res) as (...args: unknown[]) => NodeResponse,
    flushHeaders: (res as ServerResponse).flushHeaders.bind(res),
    write: res.write.bind(res) as (...args: unknown[]) => boolean,
    end: res.end.bind(res) as (...args: unknown[]) => NodeResponse,
  };
  const answer = new HeldAnswer(res, judge);

  Object.assign(res, {
    writeHead(statusCode: number, ...rest: unknown[]): NodeResponse {
      const { words, given } = headArguments(rest);
      const headers = pairsOf(given);
      if (!answer.isHeld(statusCode, headers)) {
        if (!isList(given)) return original.writeHead(statusCode, ...rest);
        // Node 20 keeps only the last of a name, and refuses pairs, if any header is set before.
        setHeaders(res, headers, true);
        return original.writeHead(statusCode, ...words);
      }
      answer.assertNotBegun();
      setHeaders(res, headers, isList(given));
      res.statusCode = statusCode;
      answer.begin(() => original.writeHead(statusCode, ...words));
      if (!isHttp2Response(res)) Object.assign(res, words.length > 0 && { statusMessage: words[0] });
      return res;
    },
    flushHeaders(): void {
      if (!answer.isHeld()) original.flushHeaders();
      else answer.begin(original.flushHeaders);
    },
    write(chunk: unknown, ...rest: unknown[]): boolean {
      if (!answer.isHeld()) return original.write(chunk, ...rest);
      const bytes = answer.hold(chunk, rest[0]);
      answer.begin(() => original.write(bytes));
      if (answer.isTooLarge()) {
        answer.release();
        answer.sendBegun();
      }
      const callback = rest.find(isFunction);
      if (callback !== undefined) process.nextTick(callback);
      return true;
    },
    end(...args: unknown[]): NodeResponse {
      if (!answer.isHeld()) return original.end(...args);
      const [chunk, encoding] = args;
      if (chunk !== undefined && chunk !== null && typeof chunk !== "function") answer.hold(chunk, encoding);
      answer.release();
      const verdict = judge.judge(asStatus(res.statusCode), answer.body());
      if (verdict !== "unchanged") return original.end(verdict.body, args.find(isFunction));
      answer.sendBegun();
      return original.end(...args);
    },
  });
}

/** What has been written of an answer, while it is held back. */
class HeldAnswer {
  readonly #res: NodeResponse;
  readonly #judge: AnswerJudge;
  #state: "fresh" | "holding" | "released" = "fresh";
  /** Set once the host has begun its answer: what it sets of the head from then on comes too late. */
  #begun: { readonly statusCode: number; readonly unlock: () => void } | undefined;
  /** What sends the answer as the host wrote it, but for its end. */
  #calls: (() => unknown)[] = [];
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(res: NodeResponse, judge: AnswerJudge) {
    this.#res = res;
    this.#judge = judge;
  }

  /** The first look decides, by what the head says then. */
  isHeld(statusCode = this.#res.statusCode, headers: Pairs = []): boolean {
    if (this.#state === "fresh") {
      const status = asStatus(statusCode);
      const codings = headers.flatMap(([name, value]) => (/^content-encoding$/i.test(name) ? [value] : []));
      const isCoded = [this.#res.getHeader("Content-Encoding") ?? "", ...codings].some((one) => isEncoded(String(one)));
      this.#state = this.#judge.holds(status, isCoded) ? "holding" : "released";
      if (this.#state === "released") this.#judge.released();
    }
    return this.#state === "holding";
  }

  begin(call: () => unknown): void {
    this.#begun ??= { statusCode: this.#res.statusCode, unlock: lockHead(this.#res) };
    this.#calls.push(call);
  }

  assertNotBegun(): void {
    if (this.#begun !== undefined) throwHeadersSent();
  }

  /** A copy: the host may write into its own again. */
  hold(chunk: unknown, encoding: unknown): Buffer {
    const bytes = Buffer.from(chunk as string, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8");
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    return bytes;
  }

  isTooLarge(): boolean {
    return this.#size > MAX_HELD;
  }

  body(): string {
    return Buffer.concat(this.#chunks, this.#size).toString();
  }

  /** What is written from then on is sent at once. */
  release(): void {
    this.#state = "released";
    this.#judge.released();
    if (this.#begun === undefined) return;
    this.#begun.unlock();
    this.#res.statusCode = this.#begun.statusCode;
  }

  sendBegun(): void {
    const calls = this.#calls;
    this.#calls = [];
    for (const call of calls) call();
  }
}

/** As Node takes it: hosts write a text, or a number with a fraction, too. */
function asStatus(given: unknown): number {
  return Number(given) | 0;
}

/** `writeHead` takes a reason phrase, headers, or both. */
function headArguments(rest: readonly unknown[]): { readonly words: string[]; readonly given: HeadersArgument } {
  const [reason, list] = rest as [unknown, HeadersArgument];
  return typeof reason === "string"
    ? { words: [reason], given: list }
    : { words: [], given: list ?? (reason as HeadersArgument) };
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
