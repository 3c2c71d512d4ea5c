import type { ServerResponse } from "node:http";
import { createGzip } from "node:zlib";

import type { RequestHandler } from "express";

type Method = (...args: unknown[]) => unknown;

interface Wrapped {
  write: Method;
  end: Method;
  writeHead: Method;
  _implicitHeader: () => void;
  readonly _header: string | null;
}

/** A response as older middleware sees it: with Node's own underscored members. */
function wrapped(res: ServerResponse): Wrapped {
  return res as unknown as Wrapped;
}

/** Calls back as soon as the head is about to be written, however: as the package on-headers does. */
function beforeHead(res: ServerResponse, act: () => void): void {
  const response = wrapped(res);
  const writeHead = response.writeHead;
  let done = false;
  response.writeHead = function (this: unknown, ...args) {
    if (!done) {
      done = true;
      act();
    }
    return writeHead.apply(this, args);
  };
}

/** Saves before the answer is let go, and sets a cookie: as session middleware does. */
export function session(saved: () => void): RequestHandler {
  return (_req, res, next) => {
    const response = wrapped(res);
    const { write, end } = response;
    let ended = false;
    beforeHead(res, () => {
      res.appendHeader("Set-Cookie", "session=1");
    });
    response.end = (chunk?: unknown, encoding?: unknown) => {
      if (ended) return false;
      ended = true;
      setImmediate(() => {
        saved();
        end.call(res);
      });
      if (chunk === undefined || chunk === null || typeof chunk === "function") return true;
      const bytes = Buffer.from(chunk as string, typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8");
      if (Number(res.getHeader("Content-Length")) > 0 && bytes.length > 0) {
        write.call(res, bytes.subarray(0, -1));
        return write.call(res, bytes.subarray(-1));
      }
      return write.call(res, bytes);
    };
    next();
  };
}

/**
 * Encodes what the client would like encoded. `"header"` asks Node's own member whether the head is written, as the
 * package compression did up to 1.7; `"headersSent"` the public one, as it does since 1.8.
 */
export function compression(asks: "header" | "headersSent"): RequestHandler {
  return (req, res, next) => {
    const response = wrapped(res);
    const { write, end } = response;
    let encoder: ReturnType<typeof createGzip> | undefined;
    const begin = (): void => {
      if (asks === "headersSent") {
        if (!res.headersSent) res.writeHead(res.statusCode);
      } else if (response._header === null) {
        response._implicitHeader();
      }
    };
    beforeHead(res, () => {
      res.vary("Accept-Encoding");
      if (res.hasHeader("Content-Encoding") || req.method === "HEAD") return;
      if (req.acceptsEncodings("gzip", "identity") !== "gzip") return;
      encoder = createGzip();
      res.setHeader("Content-Encoding", "gzip");
      res.removeHeader("Content-Length");
      encoder.on("data", (chunk: Buffer) => write.call(res, chunk));
      encoder.on("end", () => end.call(res));
    });
    response.write = (chunk, encoding) => {
      begin();
      return encoder === undefined ? write.call(res, chunk, encoding) : encoder.write(chunk);
    };
    response.end = (chunk, encoding) => {
      begin();
      if (encoder === undefined) return end.call(res, chunk, encoding);
      return chunk === undefined ? encoder.end() : encoder.end(chunk);
    };
    next();
  };
}
