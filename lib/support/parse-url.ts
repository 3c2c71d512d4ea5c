/**
 * A text as an absolute URL (WHATWG URL Standard). Undefined: it is none.
 *
 * Not by `URL.canParse`: once it is optimized, Node 20's says no to valid URLs that hold letters such as ü.
 */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
