import { MatrixError, retryAfterOf } from "../matrix/errors.js";

/** An answer of ours, whatever carries it. CORS headers and the length come with sending. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** A page for a browser. A text replaces the header of its name; a list is added to it. */
export interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
}

const JSON_HEADERS = [
  ["Content-Type", "application/json"],
  ["Cache-Control", "no-store"],
] as const;

/** A preflight's answer (Fetch standard, "CORS-preflight fetch"): any 2xx with the CORS headers. */
export const PREFLIGHT: Answer = { status: 204, headers: [], body: "" };

export function jsonAnswer(status: number, body: string): Answer {
  return { status, headers: JSON_HEADERS, body };
}

export function errorAnswer(error: MatrixError): Answer {
  const seconds = retryAfterOf(error);
  return {
    status: error.statusCode,
    headers: seconds === undefined ? JSON_HEADERS : [...JSON_HEADERS, ["Retry-After", String(seconds)]],
    body: jsonOf(error),
  };
}

/** The specification's answer to a request for an endpoint that is not there. */
export function unrecognized(): Answer {
  return errorAnswer(new MatrixError("M_UNRECOGNIZED", "Unrecognized request", { statusCode: 404 }));
}

/** The host's own fields may hold what JSON can't. */
function jsonOf(error: MatrixError): string {
  try {
    return JSON.stringify(error);
  } catch {
    return JSON.stringify({ errcode: error.errcode, error: error.message });
  }
}

/** The client-server API, "Web browser clients"; and what lets a browser read how long to wait (Fetch standard). */
const HEADERS: readonly (readonly [string, string])[] = [
  ["Access-Control-Allow-Origin", "*"],
  ["Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS"],
  ["Access-Control-Allow-Headers", "X-Requested-With, Content-Type, Authorization"],
  ["Access-Control-Expose-Headers", "Retry-After"],
];

/** Headers that can be set: of Node's response, or of the Fetch standard's. */
export interface HeaderTarget {
  has(name: string): boolean;
  set(name: string, value: string): void;
}

/** Sets the CORS headers that the host has not set: browsers refuse one that appears twice. */
export function setCorsHeaders(headers: HeaderTarget): void {
  for (const [name, value] of HEADERS) setUnlessThere(headers, name, value);
}

export function setUnlessThere(headers: HeaderTarget, name: string, value: string): void {
  if (!headers.has(name)) headers.set(name, value);
}
