import type { ServerResponse } from "node:http";

/** The client-server API, "Web browser clients"; and what lets a browser read how long to wait (Fetch standard). */
const HEADERS: readonly (readonly [string, string])[] = [
  ["Access-Control-Allow-Origin", "*"],
  ["Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS"],
  ["Access-Control-Allow-Headers", "X-Requested-With, Content-Type, Authorization"],
  ["Access-Control-Expose-Headers", "Retry-After"],
];

/** What the host has set stays: a browser refuses an answer in which one of these stands twice. */
export function setCorsHeaders(res: ServerResponse): void {
  for (const [name, value] of HEADERS) {
    if (!res.hasHeader(name)) res.setHeader(name, value);
  }
}
