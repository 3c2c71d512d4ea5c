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

/** What the host has set stays: a browser refuses an answer in which one of these stands twice. */
export function setCorsHeaders(headers: HeaderTarget): void {
  for (const [name, value] of HEADERS) setUnlessThere(headers, name, value);
}

export function setUnlessThere(headers: HeaderTarget, name: string, value: string): void {
  if (!headers.has(name)) headers.set(name, value);
}
