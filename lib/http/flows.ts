import { randomUUID } from "node:crypto";

import { type LoginFlow, mergeFlows } from "../matrix/login-flows.js";
import type { Logger } from "../support/logger.js";
import { once } from "../support/once.js";
import { type HeaderTarget, setCorsHeaders, setUnlessThere } from "./answer.js";

/** With these a host may answer that nothing has changed, or a part, or in a coding; then there is nothing to add to. */
export const WITHHELD = [
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
  "if-range",
  "range",
  "accept-encoding",
];

/** Characters, or bytes: a longer answer lists no login flows. */
export const MAX_HELD = 1_048_576;

/** Headers that describe the host's body, if another body is sent (RFC 9110 section 8, RFC 9530, RFC 1864). */
const STALE = [
  "ETag",
  "Last-Modified",
  "Content-Length",
  "Transfer-Encoding",
  "Trailer",
  "Content-MD5",
  "Digest",
  "Content-Digest",
  "Repr-Digest",
];

/** How a host's flows are added to. */
export interface FlowsOptions {
  readonly cors: boolean;
  /** Is told of the status of the host's answer. */
  readonly onStatus: (status: number) => void;
}

/** Headers that can be changed: of Node's response, or of the Fetch standard's. */
export interface Headers extends HeaderTarget {
  delete(name: string): void;
}

/** Tells the operator once of a host that asks for an access token where clients can't have one yet. */
export function tellOfGuard(logger: Logger): (status: number) => void {
  const tell = once(() => {
    logger.warn(
      "matrix-jwt-login: your server answers GET /login with 401, so clients find no login type: have whatever asks for an " +
        'access token there (matrixBearerAuth?) let GET /login through, or set the option flows to "replace"',
    );
  });
  return (status) => {
    if (status === 401) tell();
  };
}

/** Has the host no flows of its own? */
export function isMissing(status: number): boolean {
  return status === 404 || status === 405;
}

/**
 * Adds our flows to the body of a host's 200.
 *
 * @returns undefined: it lists no flows, and is not ours to change
 */
export function mergedBody(body: string, flows: readonly LoginFlow[]): string | undefined {
  try {
    const merged = mergeFlows(JSON.parse(body), flows);
    if (merged === undefined || !MAY_LOSE_NUMBERS.test(body)) return merged && JSON.stringify(merged);
    return withNumbers(JSON.stringify(mergeFlows(JSON.parse(withNumbersAsText(body)), flows)));
  } catch {
    // No JSON, or too deep.
    return undefined;
  }
}

/** Without any of these, JavaScript writes every number as it has read it. */
const MAY_LOSE_NUMBERS = /\d{16}|\d[.eE]|-0/;

/** Before each number in the meantime; no host can have it in a string of its own. */
const NUMBER = `number ${randomUUID()} `;

/** What a double can't hold would come back as another number: what JavaScript would write otherwise stays as the host wrote it. */
function withNumbersAsText(json: string): string {
  return json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g, (token) =>
    token.startsWith('"') || String(Number(token)) === token ? token : `"${NUMBER}${token}"`,
  );
}

function withNumbers(json: string): string {
  return json.replace(new RegExp(`"${NUMBER}([^"]*)"`, "g"), "$1");
}

/** A host that writes no body for HEAD would have written its flows for GET: its headers are made right as if it had. */
export function isFlowsOfHead(
  method: string | undefined,
  body: string,
  contentType: string | number | readonly string[] | null | undefined,
): boolean {
  return (
    method === "HEAD" &&
    body === "" &&
    (contentType === null || contentType === undefined || /[/+]json\b/i.test(String(contentType)))
  );
}

/** Makes a host's headers right for a merged body; all but the length. */
export function setMergedHeaders(headers: Headers, { cors }: { readonly cors: boolean }): void {
  dropStale(headers);
  if (cors) setCorsHeaders(headers);
  setUnlessThere(headers, "Content-Type", "application/json");
  setUnlessThere(headers, "Cache-Control", "no-store");
}

export function dropStale(headers: Headers): void {
  for (const name of STALE) headers.delete(name);
}

/** Whether a header of the host's "not found" stays when ours is sent in its place: CORS's with `Vary`, and cookies. */
export function staysOnOurs(name: string): boolean {
  return /^(?:access-control-.*|vary|set-cookie)$/i.test(name);
}
