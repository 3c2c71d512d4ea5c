import { inTime } from "../support/deadline.js";
import { AnswerError, withoutSecrets } from "./errors.js";

/**
 * What is asked of a `fetch`: the global one fits, and so does undici's, with TypeScript's `lib` DOM and without.
 */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;

/** What a {@link Fetch} is called with. */
export interface FetchInit {
  /** The method. */
  readonly method: "GET" | "POST";
  /** All headers that are set. */
  headers: Record<string, string>;
  /** The body of a `POST`. */
  body?: string;
  /** Redirects must not be followed. */
  readonly redirect: "error";
  /** Aborted at the deadline. */
  readonly signal: AbortSignal;
}

/** What is read of a response (Fetch Standard). */
export interface FetchResponse {
  /** The HTTP status. */
  readonly status: number;
  /** Whether a redirect was followed after all: the response is then refused. */
  readonly redirected: boolean;
  /** The headers. */
  readonly headers: {
    /** A header's value, or null. */
    get(name: string): string | null;
  };
  /** The body, as a stream of bytes. */
  readonly body: {
    /** Begins to read it. */
    getReader(): BodyReader;
  } | null;
}

interface BodyReader {
  read(): Promise<{ readonly done: boolean; readonly value?: unknown }>;
  cancel(): Promise<unknown>;
}

/** A question to another server. */
export interface RemoteRequest {
  /** `GET` unless set. */
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface RequestLimits {
  readonly fetch: Fetch;
  /** Bytes of the decoded body. */
  readonly maxResponseSize: number;
}

/** An answer, whatever its status. */
export interface RemoteAnswer {
  readonly status: number;
  readonly text: string;
  header(name: string): string | null;
}

/**
 * Gives work a deadline that holds whatever the work does: its signal says when to stop, and nobody waits longer.
 *
 * @param seconds - until the work counts as failed
 */
export async function within<T>(seconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  try {
    return await inTime(seconds, work(abort.signal), `no complete answer within ${String(seconds)} s`);
  } finally {
    abort.abort();
  }
}

/**
 * Asks for a JSON document: anything but status 200 and JSON within the size is an error.
 *
 * @param signal - of {@link within}: when it is aborted, nothing more of the answer is read or held
 */
export async function requestJson(
  url: string,
  request: RemoteRequest,
  limits: RequestLimits,
  signal: AbortSignal,
): Promise<unknown> {
  const headers = { accept: "application/json", ...request.headers };
  const answer = await send(url, { ...request, headers }, limits, signal);
  const { status } = answer.response;
  if (status !== 200) {
    const message = `answered with status ${String(status)}`;
    const { headers: sent, body = "" } = request;
    const hasCredentials = sent?.["authorization"] !== undefined || /(?:^|&)client_secret=/.test(body);
    throw hasCredentials && (status === 401 || status === 403)
      ? new AnswerError(message, "it does not take these credentials")
      : new Error(message);
  }
  return parseJson(await answer.bytes());
}

/** Asks, and reads the answer within the size, whatever its status. See {@link requestJson}. */
export async function request(
  url: string,
  request: RemoteRequest,
  limits: RequestLimits,
  signal: AbortSignal,
): Promise<RemoteAnswer> {
  const { response, bytes } = await send(url, request, limits, signal);
  const body = await bytes();
  const { status } = response;
  // Whoever parses it has no bounds of their own.
  if (status === 200 || /json/i.test(response.headers.get("content-type") ?? "")) assertBounded(body);
  return { status, text: decode(body), header: (name) => response.headers.get(name) };
}

/** Members of a form that nobody else may know (RFC 6749, RFC 7009, RFC 7521, RFC 7636). */
const SECRET_MEMBERS = ["token", "code", "code_verifier", "client_secret", "client_assertion", "refresh_token"];

/** What a request holds that must not be logged, in every form that a text could quote it in. */
export function secretsOf({ headers, body }: Pick<FetchInit, "headers" | "body">): readonly string[] {
  const form = new URLSearchParams(body);
  const authorization = headers["authorization"] ?? "";
  const credentials = authorization.replace(/^\S+ +/, "");
  return [
    credentials,
    ...(/^basic /i.test(authorization) ? passwordsIn(credentials) : []),
    ...SECRET_MEMBERS.flatMap((name) => form.getAll(name)),
  ]
    .filter((secret) => secret !== "")
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      new URLSearchParams([["", secret]]).toString().slice(1),
      JSON.stringify(secret).slice(1, -1),
    ]);
}

/** RFC 7617 section 2: as it stands there, and decoded as in a form (RFC 6749 section 2.3.1), which not every server does. */
function passwordsIn(credentials: string): readonly string[] {
  const password = Buffer.from(credentials, "base64")
    .toString()
    .replace(/^[^:]*:/, "");
  return [password, String(new URLSearchParams(`password=${password}`).get("password"))];
}

/** Redirects are not followed: they would let the endpoint choose another. */
async function send(
  url: string,
  { method = "GET", headers, body }: RemoteRequest,
  { fetch, maxResponseSize }: RequestLimits,
  signal: AbortSignal,
): Promise<{ readonly response: Omit<FetchResponse, "body">; readonly bytes: () => Promise<Buffer> }> {
  const init: FetchInit = { method, headers: { ...headers }, redirect: "error", signal };
  if (body !== undefined) init.body = body;
  const secrets = secretsOf(init);
  // What the host's `fetch` throws is logged and handed on.
  const ofHost: OfHost = async (call) => {
    try {
      return await call();
    } catch (error) {
      throw secrets.length === 0 ? error : withoutSecrets(error, secrets);
    }
  };
  const { response, reader } = await ofHost(async () => {
    const { status, redirected, headers, body } = await fetch(url, init);
    return { response: { status, redirected, headers }, reader: readerUntil(signal, body) };
  });
  if (response.redirected) throw new Error("answered with a redirect");
  return { response, bytes: () => readAll(reader, maxResponseSize, ofHost) };
}

/** Calls what the host gave. */
type OfHost = <T>(call: () => Promise<T>) => Promise<T>;

/** Values that one document may hold: parsing more would block the event loop for too long. */
const MAX_VALUES = 56_000;
/** Levels of objects and lists in one document. */
const MAX_DEPTH = 100;

/** @throws Error whose message quotes nothing of the answer, which may hold a key */
export function parseJson(bytes: Buffer): unknown {
  const text = decode(bytes);
  assertBounded(bytes);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error("answered with something that is not JSON");
  }
}

function assertBounded(json: Buffer): void {
  if (!isBounded(json)) throw new Error("answered with JSON that is too deep or holds too many values");
}

function isBounded(json: Buffer): boolean {
  let values = 0;
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index];
    if (quoted) {
      if (byte === BACKSLASH) index += 1;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if (byte === COMMA) values += 1;
    else if (byte === BRACE || byte === BRACKET) {
      values += 1;
      depth += 1;
    } else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) depth -= 1;
    if (values > MAX_VALUES || depth > MAX_DEPTH) return false;
  }
  return true;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [BRACE, CLOSING_BRACE, BRACKET, CLOSING_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

function decode(bytes: Buffer): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

/** A `fetch` of the host's may not know of the signal. */
function readerUntil(signal: AbortSignal, body: FetchResponse["body"]): BodyReader | undefined {
  const reader = body?.getReader();
  const cancel = async () => {
    try {
      await reader?.cancel();
    } catch {
      // It may have none: nobody waits for it, and it must not end the process.
    }
  };
  if (signal.aborted) void cancel();
  signal.addEventListener("abort", () => void cancel(), { once: true });
  return reader;
}

async function readAll(reader: BodyReader | undefined, maxSize: number, ofHost: OfHost): Promise<Buffer> {
  if (reader === undefined) throw new Error("answered without a body");
  const chunks: Uint8Array[] = [];
  let size = 0;
  const read = () =>
    ofHost(async () => {
      const { done, value } = await reader.read();
      if (done) return undefined;
      if (ArrayBuffer.isView(value)) return value as Uint8Array;
      throw new Error("answered with a body that is not of bytes");
    });
  for (let chunk = await read(); chunk !== undefined; chunk = await read()) {
    size += chunk.byteLength;
    if (size > maxSize) throw new Error(`answered with more than ${String(maxSize)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
