import { types } from "node:util";

import { OptionsError } from "../support/options-error.js";

/** What a token is judged by is temporarily unavailable, so the token was neither accepted nor refused. */
export abstract class UnavailableError extends Error {
  /** What is unavailable. Check this instead of `instanceof` if the package may be loaded twice. */
  abstract readonly code: "keys_unavailable" | "introspection_unavailable";
  /** Seconds after which another attempt makes sense. */
  readonly retryAfter: number;
  /** For the operator, in one line: what was asked, what went wrong, and what happens meanwhile. Never sent to a client. */
  readonly detail: string;

  /**
   * @param message - for the client
   * @param options - `cause`: what went wrong; `retryAfter`, in seconds; `detail`: for the operator, the same as `message`
   * unless given
   */
  constructor(message: string, options: { cause?: unknown; retryAfter: number; detail?: string }) {
    super(message, { cause: options.cause });
    this.retryAfter = options.retryAfter;
    this.detail = options.detail ?? message;
  }
}

/** Keys are temporarily unavailable, so the token was neither accepted nor refused. */
export class KeysUnavailableError extends UnavailableError {
  /** Always `"KeysUnavailableError"`. */
  override readonly name = "KeysUnavailableError";
  /** Always `"keys_unavailable"`. Check this instead of `instanceof` if the package may be loaded twice. */
  override readonly code = "keys_unavailable";
}

/**
 * The introspection endpoint is unavailable or gave no valid answer, so the token was neither accepted nor refused. `cause` is
 * the reason, for the operator.
 */
export class IntrospectionUnavailableError extends UnavailableError {
  /** Always `"IntrospectionUnavailableError"`. */
  override readonly name = "IntrospectionUnavailableError";
  /** Always `"introspection_unavailable"`. Check this instead of `instanceof` if the package may be loaded twice. */
  override readonly code = "introspection_unavailable";
}

/** An answer that can't be used. */
export class AnswerError extends Error {
  /** What else the operator should know. */
  readonly detail: string;

  constructor(message: string, detail: string) {
    super(message);
    this.detail = detail;
  }
}

/** How far down an error's causes are looked at: a host's `fetch` may throw one that is its own cause. */
const MAX_DEPTH = 8;
const MAX_LENGTH = 4_000;
const MAX_QUOTED = 200;
/** Characters. A shorter one is in many texts by chance. */
const SHORTEST_SECRET = 4;
/** RFC 3986 section 3.2.1. */
const USER_INFO = /\/\/[^\s/?#]*@/g;
/** How OpenSSL writes an error: `ID:error:code:library:function:reason:file:line:`. */
const OPENSSL = /^[\dA-F]+:error:[\dA-F]+:[^:]*:[^:]*:([^:]+):[^:]*:\d+:\s*/;
/** What OpenSSL makes of an answer that is not TLS. */
const NOT_TLS = /wrong version number|packet length too long/;
/** As Node, OpenSSL and undici write them. */
const SYSTEM_CODE = /^[A-Z][A-Z0-9_]*$/;

/**
 * An outage, in one line for the operator. One that follows from another is told as that one.
 *
 * @param failed - what cannot be had, to be followed by where from
 * @param asked - the URL that was asked last, if any was
 */
export function outageText(failed: string, cause: unknown, asked: string | undefined, meanwhile: string): string {
  return cause instanceof KeysUnavailableError ? cause.detail : `${failed}${operatorText(cause, asked)}; ${meanwhile}`;
}

/**
 * The end of an operator's line, after words such as "cannot fetch the JWK Set": the URL without credentials and query,
 * and the root cause.
 *
 * @param url - what was asked last, if anything was
 */
export function operatorText(error: unknown, url: string | undefined): string {
  const root = readableRootOf(error);
  // A host's `fetch` may have put credentials into the URL.
  const anonymous = (text: string): string => text.replaceAll(USER_INFO, "//");
  if (url === undefined) return `: ${oneLine(withoutOpenSsl(anonymous(root)))}`;
  const { origin, pathname } = new URL(url);
  // A message may quote the URL, whose query may be a secret.
  const brief = (text: string): string => text.replaceAll(url, origin + pathname);
  return ` from ${origin}${pathname}: ${oneLine(withoutOpenSsl(brief(anonymous(brief(root)))))}`;
}

/**
 * An error of the host's `fetch`, as it may be logged and handed on: the texts and codes of it and of its causes, and nothing
 * else that it holds, as many hold the whole request.
 *
 * @param secrets - of the request: a text that quotes one is not shown
 */
export function withoutSecrets(error: unknown, secrets: readonly string[]): Error {
  return copyOf(error, secrets, MAX_DEPTH);
}

function copyOf(error: unknown, secrets: readonly string[], depth: number): Error {
  try {
    if (!isError(error)) return new Error(UNKNOWN);
    const cause = causeOf(error);
    const { code } = error as { readonly code?: unknown };
    const copy = new Error(
      shown(textOf(error), secrets),
      isError(cause) && depth > 0 ? { cause: copyOf(cause, secrets, depth - 1) } : {},
    );
    return isSystemCode(code) && shown(code, secrets) === code ? Object.assign(copy, { code }) : copy;
  } catch {
    // One that can't be read.
    return new Error(UNKNOWN);
  }
}

const UNKNOWN = "failed";

/** Its message, or its name if it has neither that nor a code. */
function textOf(error: Error): string {
  const { name, message, code } = error as {
    readonly name: unknown;
    readonly message: unknown;
    readonly code?: unknown;
  };
  // A parser quotes what it can't parse, and there may be a token in it.
  if (name === "SyntaxError") return "answered with something that is not JSON";
  return message === "" && !isSystemCode(code) ? String(name) : String(message);
}

/** Only for who reads: secrets are searched in the whole text. */
function withoutOpenSsl(text: string): string {
  const [whole = "", reason = ""] = OPENSSL.exec(text) ?? [];
  if (reason === "") return text;
  const plain = NOT_TLS.test(reason) ? `that port does not speak https (${reason})` : reason;
  return [plain, text.slice(whole.length)].filter((part) => part !== "").join(" ");
}

/** What somebody else wrote, unless it quotes a secret. */
export function shown(text: string, secrets: readonly string[]): string {
  // A secret may begin in what is shown and end behind it, and each of its characters may be encoded.
  const beginning = text.slice(0, MAX_LENGTH + 3 * Math.max(0, ...secrets.map(({ length }) => length)));
  const spellings = [
    [beginning.toLowerCase(), secrets.map((secret) => secret.toLowerCase())],
    [decoded(beginning), secrets.map(decoded)],
  ] as const;
  const isTelling = spellings.some(([told, all]) =>
    all.some((secret) => secret.length >= SHORTEST_SECRET && told.includes(secret)),
  );
  if (isTelling) return "an error that is not shown, as it quotes the request";
  // No more of it is ever shown.
  return text.slice(0, MAX_LENGTH + 1);
}

/** Without the encoding of URLs and forms, of which each side has ways of its own; not in the case of its letters. */
function decoded(text: string): string {
  return text
    .replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll("%", ""), "hex").toString())
    .replaceAll("+", " ")
    .toLowerCase();
}

function readableRootOf(error: unknown): string {
  try {
    return rootOf(error);
  } catch {
    return UNKNOWN;
  }
}

function rootOf(error: unknown): string {
  let root = error;
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    // What an option's error says is said in full.
    if (root instanceof OptionsError) break;
    const below = causeOf(root);
    if (!isError(below)) break;
    root = below;
  }
  if (!isError(root)) return UNKNOWN;
  const { code } = root as { readonly code?: unknown };
  const message = textOf(root);
  const name = isSystemCode(code) && !message.includes(code) ? code : "";
  const text = [message, name].filter((part) => part !== "").join(" ");
  return root instanceof AnswerError ? `${text}; ${root.detail}` : text;
}

function isSystemCode(code: unknown): code is string {
  return typeof code === "string" && SYSTEM_CODE.test(code);
}

/** Of any realm: what Node's own fetch throws in a test under Jest is of another one. */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

/** Of a connection that was tried at several addresses, what the first one said. */
function causeOf(error: unknown): unknown {
  return error instanceof AggregateError ? error.errors[0] : (error as Error | undefined)?.cause;
}

function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}...` : line;
}

/** A text that a peer sent (of anything else, its type), short enough for one line, and without characters that a terminal acts on or does not show. */
export function quoted(value: unknown): string {
  const text = typeof value === "string" ? value : typeof value;
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}...` : text).replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${Number(character.codePointAt(0)).toString(16)}}`,
  );
}
