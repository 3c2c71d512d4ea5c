import type { Readable } from "node:stream";

import { isJsonObject, type JsonObject } from "../../support/json.js";
import type { Logger } from "../../support/logger.js";
import { once } from "../../support/once.js";
import type { Submission } from "../endpoint.js";
import { isEncoded, type LoginBodies, notJson, tooLarge } from "../login-body.js";
import { type BodyStream, READING } from "./body-stream.js";
import { isHttp2, isHttp2Response, type NodeRequest, type NodeResponse } from "./request.js";

/** A request as body parsers leave it. */
interface ParsedRequest {
  readonly body?: unknown;
  /** The bytes that a parser has read: Google's functions-framework and its like leave them. */
  readonly rawBody?: unknown;
}

/** HTML, "Form submission". */
const FORM_TYPE = /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i;
const JSON_TYPE = /^\s*application\/json\s*(?:;|$)/i;
const MULTIPART_TYPE = /^\s*multipart\//i;

/** Some runtimes parse a body when it is first looked at, and throw if they can't. */
function parsedIn(req: NodeRequest): ParsedRequest {
  try {
    const { body, rawBody } = req as ParsedRequest;
    return { body, rawBody };
  } catch {
    return {};
  }
}

/** Bytes of a document with nothing in it, at most. */
const LONGEST_EMPTY = 32;

/** What a login may say in text; whoever has looked at a body before us may have added something else. */
const LOGIN_TEXTS = ["type", "token", "device_id", "initial_device_display_name"];

/** Called if a login's body was lost before us. */
export interface OnLost {
  /** A form's parser took its JSON apart. */
  readonly toFormParser: () => void;
  /** Somebody read it and left nothing of it. */
  readonly toReader: () => void;
}

/** Tells the logger of each once. */
export function tellOfLostBodies(logger: Logger): OnLost {
  const tell = (what: string): (() => void) =>
    once(() => {
      logger.warn(`matrix-jwt-login: ${what}; mount this middleware before it`);
    });
  return {
    toFormParser: tell("a form parser (express.urlencoded?) took a login's JSON apart"),
    toReader: tell("a handler in front read the body of a request for /login and left nothing in req.body"),
  };
}

/**
 * Takes the submission of a login request, whatever its `Content-Type` says, and whether or not a parser has read it already.
 *
 * @param stream - of the request; to be released
 * @returns the submission if it is ours; undefined: the request goes on, untouched; `"gone"`: the client hung up
 * @throws MatrixError with `unknownLoginType: "reject"`
 */
export function takeSubmission(
  req: NodeRequest,
  res: NodeResponse,
  stream: BodyStream,
  bodies: LoginBodies,
  onLost: OnLost,
): Submission | Promise<Submission> {
  const { headers } = req;
  const length = lengthIn(headers);
  if (length > bodies.limit) return bodies.refuse(tooLarge);
  // A stream that was read to its end can't be read again, and one without a body must not be touched.
  if (isTaken(req) || !hasBody(req, length)) return parsedBefore(req, bodies, onLost);
  return isEncoded(headers["content-encoding"]) ? bodies.refuse(notJson) : read(req, res, stream, bodies, onLost);
}

async function read(
  req: NodeRequest,
  res: NodeResponse,
  stream: BodyStream,
  bodies: LoginBodies,
  onLost: OnLost,
): Promise<Submission> {
  askForBody(req, res);
  const body = await stream.read(bodies.limit, lengthIn(req.headers));
  if (body === "gone") return body;
  const submission = submissionIn(body, stream, bodies, onLost);
  if (submission === undefined) drainUnread(req, res);
  return submission;
}

function submissionIn(
  body: Buffer | "too long",
  stream: BodyStream,
  bodies: LoginBodies,
  onLost: OnLost,
): JsonObject | undefined {
  if (body === "too long") return bodies.refuse(tooLarge);
  return stream.lacksBeginning ? restOf(body, bodies, onLost) : bodies.of(body);
}

/**
 * A host that listens to `checkContinue` asks for the body itself (RFC 9110 section 10.1.1), which it can't do before it has the
 * request.
 */
function askForBody({ headers, httpVersion }: NodeRequest, res: NodeResponse): void {
  const isWaiting = /^\s*100-continue\s*$/i.test(headers.expect ?? "") && httpVersion !== "1.0";
  if (!isWaiting || res.headersSent || wasAsked(res)) return;
  res.writeContinue();
  // Once is enough.
  const writeContinue = (written?: () => void): boolean => {
    if (written !== undefined) process.nextTick(written);
    return true;
  };
  Object.assign(res, { writeContinue });
}

function wasAsked(res: NodeResponse): boolean {
  if (!isHttp2Response(res)) return (res as unknown as { readonly _sent100: boolean })._sent100;
  return res.stream.sentInfoHeaders?.some(({ ":status": status }) => status === 100) === true;
}

/** Somebody may have left out of a login what says nothing; of another body, the rest says nothing. */
function restOf(body: Uint8Array | string, bodies: LoginBodies, onLost: OnLost): JsonObject | undefined {
  try {
    const submission = bodies.of(body);
    if (submission !== undefined) return submission;
  } catch {
    // It is not ours to refuse.
  }
  onLost.toReader();
  return undefined;
}

/**
 * Takes the fields of a form (`application/x-www-form-urlencoded`), whether or not a parser has read it already.
 *
 * @param stream - of the request; to be released
 * @param limit - bytes
 * @returns `"gone"`: the client hung up
 * @throws MatrixError 413 `M_TOO_LARGE`
 */
export async function takeForm(
  req: NodeRequest,
  res: NodeResponse,
  stream: BodyStream,
  limit: number,
): Promise<URLSearchParams | "gone"> {
  const length = lengthIn(req.headers);
  if (length > limit) throw tooLarge();
  if (isTaken(req) || !hasBody(req, length)) return formParsedBefore(parsedIn(req));
  askForBody(req, res);
  const body = await stream.read(limit, length);
  if (body === "gone") return body;
  if (body === "too long") throw tooLarge();
  return new URLSearchParams(body.toString());
}

function formParsedBefore({ body, rawBody }: ParsedRequest): URLSearchParams {
  const bytes = [rawBody, body].find(isBytes);
  if (bytes !== undefined) return new URLSearchParams(Buffer.from(bytes as string).toString());
  // A field that came more than once is a list. What is no text, no form has sent: a parser's rules for brackets made it.
  const fields = Object.entries(Object(body) as object).flatMap(([name, value]) =>
    [value].flat().flatMap((one) => (typeof one === "string" ? [[name, one] as [string, string]] : [])),
  );
  return new URLSearchParams(fields);
}

/** Has somebody read the body? Some parsers go on at the last byte, before the stream's end is announced. */
function isTaken(req: NodeRequest): boolean {
  const { body, rawBody } = parsedIn(req);
  if (req.readableEnded) return true;
  if (isBytes(body) && body.length > 0) return true;
  return req.readableDidRead && req.readableLength === 0 && (body !== undefined || rawBody !== undefined);
}

/** Bytes of the whole body; NaN if only its end tells. A coding of the transfer overrides the length (RFC 9112 section 6.3). */
function lengthIn({ "content-length": length, "transfer-encoding": coding }: NodeRequest["headers"]): number {
  return coding === undefined ? Number(length) : Number.NaN;
}

/** RFC 9112 section 6: without either header there is none. HTTP/2 ends a request without a body with its headers. */
function hasBody(req: NodeRequest, length = lengthIn(req.headers)): boolean {
  if (!Number.isNaN(length)) return length > 0;
  return req.headers["transfer-encoding"] !== undefined || (isHttp2(req) && !req.stream.endAfterHeaders);
}

function parsedBefore(req: NodeRequest, bodies: LoginBodies, onLost: OnLost): JsonObject | undefined {
  const { body, rawBody } = parsedIn(req);
  const first = isJsonObject(body) ? Object.keys(body)[0] : undefined;
  const isEmpty = body === undefined || (isJsonObject(body) && first === undefined);
  const hasBytes = isBytes(rawBody) && rawBody.length > 0;
  if (hasBytes) {
    // A parser has decoded what is not ours to decode.
    if (isEncoded(req.headers["content-encoding"])) return bodies.refuse(notJson);
    // What the host's handlers see comes first, but for what a parser may have made of what is no JSON, or a form's of JSON.
    const isForms = FORM_TYPE.test(req.headers["content-type"] ?? "") || isBrace(first) || isForm(req, body);
    const isRead = first !== undefined && !isForms && bodies.isObject(rawBody);
    if (!isRead) return ofBytes(req, rawBody, bodies, onLost);
  }
  if (isLost(req, body, isEmpty)) {
    // A stream that was consumed for nothing is not ours to refuse.
    onLost.toReader();
    return undefined;
  }
  if (isBytes(body)) return ofBytes(req, body, bodies, onLost);
  if (isBrace(first)) onLost.toFormParser();
  else if (!isForm(req, body) && (hasBody(req) || !isEmpty)) {
    const submission = bodies.ofJson(body);
    const isOver = submission !== undefined && !hasBytes && isTooLong(req, body, bodies.limit);
    return isOver ? bodies.refuse(tooLarge) : submission;
  }
  return bodies.refuse(notJson);
}

/** Of bytes that somebody is still collecting, the rest is lost to us; what they are a part of is not ours to refuse. */
function ofBytes(
  req: NodeRequest,
  bytes: Uint8Array | string,
  bodies: LoginBodies,
  onLost: OnLost,
): JsonObject | undefined {
  const isCounted = !isEncoded(req.headers["content-encoding"]);
  const isPart = isCounted && !req.readableEnded && Buffer.byteLength(bytes) < lengthIn(req.headers);
  return isPart ? restOf(bytes, bodies, onLost) : bodies.of(bytes);
}

/**
 * Has somebody read a body and left nothing of it? Some parsers then leave `null`, `""`, `{}` or the like.
 *
 * @param isEmpty - is it an object without members? Express 4's parsers leave one if there was no body, too
 */
function isLost(req: NodeRequest, body: unknown, isEmpty: boolean): boolean {
  if (!hasBody(req)) return false;
  if (body === undefined) return true;
  const length = lengthIn(req.headers);
  if (body instanceof Uint8Array) return body.length === 0 && length > 0;
  // White space around an empty document is possible, if not so much of it.
  const isLeast = body === null || body === "" || isEmpty;
  return isLeast && length > LONGEST_EMPTY && !isEncoded(req.headers["content-encoding"]);
}

function isBytes(body: unknown): body is Uint8Array | string {
  return typeof body === "string" || body instanceof Uint8Array;
}

/**
 * Are these the fields of a form? Some parsers give objects without a prototype, which no parser of JSON does by itself. Of the
 * others, the length tells: a form mostly is shorter than its fields in JSON, and JSON never is.
 */
function isForm({ headers }: NodeRequest, body: unknown): boolean {
  if (!isJsonObject(body)) return false;
  const type = headers["content-type"] ?? "";
  if (Object.getPrototypeOf(body) === null) return !JSON_TYPE.test(type);
  if (MULTIPART_TYPE.test(type)) return true;
  if (!FORM_TYPE.test(type)) return false;
  // Without its own length, its type is all that tells.
  if (isEncoded(headers["content-encoding"])) return true;
  // Of a login, count only its strings: JSON may write a number shorter than JavaScript does.
  return !(lengthAsJson(body, Object.hasOwn(body, "type") ? LOGIN_TEXTS : undefined) <= lengthIn(headers));
}

/** Of a document whose length the headers don't say. */
function isTooLong({ headers }: NodeRequest, body: unknown, limit: number): boolean {
  const isCounted = !Number.isNaN(lengthIn(headers)) && !isEncoded(headers["content-encoding"]);
  return !isCounted && lengthAsJson(body) > limit;
}

function lengthAsJson(body: unknown, names?: string[]): number {
  try {
    return Buffer.byteLength(JSON.stringify(body, names));
  } catch (error) {
    // Too deep; or somebody has added what JSON can't hold.
    return error instanceof RangeError ? Infinity : 0;
  }
}

/** A form's parser takes JSON apart at `&`, `=` and `[`: the name of its first field then begins with its brace. */
function isBrace(first: string | undefined): boolean {
  return first?.trimStart().startsWith("{") === true;
}

/**
 * A body that nobody wants is thrown away once it is answered, so that it ends, and the connection can serve the next request.
 * Node does so itself unless the body was looked at.
 */
function drainUnread(req: NodeRequest, res: NodeResponse): void {
  // The response of HTTP/2 says that it has finished only once its stream is closed.
  (isHttp2(req) ? req.stream : res).once("finish", () => {
    const isLeft = !req.readableDidRead && req.readableFlowing === null;
    if (isLeft && READING.every((event) => req.listenerCount(event) === 0)) (req as Readable).resume();
  });
}
