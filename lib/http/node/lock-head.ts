import { isHttp2Response, type NodeResponse } from "./request.js";

/**
 * Makes a response's head as unchangeable as if it were sent.
 *
 * @returns what undoes that
 */
export function lockHead(res: NodeResponse): () => void {
  if (!isHttp2Response(res)) {
    // All of Node's own checks ask this, and older middleware that wraps a response does as well.
    const inner = res as unknown as { _header: string | null };
    inner._header = "held back";
    return () => {
      inner._header = null;
    };
  }
  const refuse = { configurable: true, value: throwHeadersSent };
  Object.defineProperties(res, {
    headersSent: { configurable: true, value: true },
    setHeader: refuse,
    appendHeader: refuse,
    removeHeader: refuse,
  });
  return () => {
    for (const name of ["headersSent", "setHeader", "appendHeader", "removeHeader"]) Reflect.deleteProperty(res, name);
  };
}

/** As Node does. */
export function throwHeadersSent(): never {
  throw Object.assign(new Error("Cannot set headers after they are sent to the client"), {
    code: "ERR_HTTP_HEADERS_SENT",
  });
}
