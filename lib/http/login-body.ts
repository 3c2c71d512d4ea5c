import type { IncomingMessage } from "node:http";

import { readBody } from "./body-stream.js";
import { notJson, parseJson, parseJsonText, tooLarge } from "./json-body.js";

/** A request as body parsers leave it. */
export interface ParsedRequest extends IncomingMessage {
  readonly body?: unknown;
}

export interface BodyOptions {
  /** Bytes. */
  readonly bodyLimit: number;
  /** A body in a coding (gzip, ...) that nobody decoded: left to the host, or refused. */
  readonly encoded: "pass" | "refuse";
  /** Told when a form's parser has taken a JSON body apart before us. */
  readonly onFormParser: () => void;
}

/** Picks what is ours of the JSON that clients send; undefined: it is the host's, and stays as it was. */
export type Take<T> = (json: unknown) => T | undefined;

/**
 * Takes the JSON of a request, whatever its `Content-Type` says, and whether or not a parser has read it already.
 *
 * @returns what was taken; `pass`: not ours to read or to take; `aborted`: the client is gone
 * @throws MatrixError 400 `M_NOT_JSON` or 413 `M_TOO_LARGE`, and what `take` throws
 */
export async function takeLoginBody<T extends object>(
  req: ParsedRequest,
  options: BodyOptions,
  take: Take<T>,
): Promise<T | "pass" | "aborted"> {
  if (Number(req.headers["content-length"]) > options.bodyLimit) throw tooLarge();
  // A stream that was read to its end can't be read again, and one without a body must not be touched.
  if (isTaken(req) || !hasBody(req)) return parsedBefore(req, options, take);
  if (isEncoded(req)) {
    if (options.encoded === "pass") return "pass";
    throw notJson();
  }
  return readBody(req, options.bodyLimit, (bytes) => take(parseJson(bytes)));
}

/** Some parsers go on at the last byte, before the stream's end is announced. */
function isTaken(req: ParsedRequest): boolean {
  return req.readableEnded || (req.readableDidRead && req.readableLength === 0 && req.body !== undefined);
}

/** RFC 9112 section 6: without either header there is none. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

function isEncoded({ headers }: IncomingMessage): boolean {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "";
  return encoding !== "" && encoding !== "identity";
}

function parsedBefore<T>(req: ParsedRequest, { bodyLimit, onFormParser }: BodyOptions, take: Take<T>): T | "pass" {
  const { body } = req;
  if (!hasBody(req) && isEmpty(body)) throw notJson();
  if (body === undefined) return "pass";
  if (typeof body === "string" || body instanceof Uint8Array) {
    if (Buffer.byteLength(body) > bodyLimit) throw tooLarge();
    return take(typeof body === "string" ? parseJsonText(body) : parseJson(body)) ?? "pass";
  }
  if (isMadeOfForm(req, body)) {
    onFormParser();
    throw notJson();
  }
  return take(body) ?? "pass";
}

/** Express 4's parsers leave an empty object where there was no body. */
function isEmpty(body: unknown): boolean {
  return body === undefined || (typeof body === "object" && body !== null && Object.keys(body).length === 0);
}

/**
 * A form's parser takes JSON apart at `&`, `=` and `[`: what is left of it begins with its brace. What a real form leaves
 * is told from what a JSON parser made, one that takes every content type, by its length: no JSON text of the same
 * members can be as short as the form was.
 */
function isMadeOfForm({ headers }: IncomingMessage, body: unknown): boolean {
  if (!/^\s*(?:application\/x-www-form-urlencoded|multipart\/)/i.test(headers["content-type"] ?? "")) return false;
  if (typeof body !== "object" || body === null || Array.isArray(body)) return false;
  if (Object.getPrototypeOf(body) === null) return true;
  const [first] = Object.keys(body);
  if (first?.trimStart().startsWith("{")) return true;
  const isText = Object.values(body).every((value) => typeof value === "string");
  return isText && Number(headers["content-length"]) < Buffer.byteLength(JSON.stringify(body));
}
