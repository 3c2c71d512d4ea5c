import type { IncomingMessage } from "node:http";

import { tooLarge } from "./json-body.js";

/**
 * Reads a body to its end without using it up: the bytes are put back before the stream's end is announced, so they are
 * there for whoever reads next, by whatever way. Who needs them no more calls `req.resume()`.
 *
 * @returns undefined where the client hung up before the end
 * @throws MatrixError 413 `M_TOO_LARGE`; no more than `limit` bytes are kept at any time
 */
export function readBody(req: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  if (req.destroyed) return Promise.resolve(undefined);
  const chunks: Buffer[] = [];
  let size = 0;

  return new Promise((resolve, reject) => {
    const stop = () => {
      req.off("readable", onReadable).off("end", onEnd).off("error", onAbort).off("close", onAbort);
    };
    const onReadable = () => {
      for (let chunk = nextChunk(req); chunk !== undefined; chunk = nextChunk(req)) {
        size += chunk.length;
        if (size > limit) {
          stop();
          // What is still to come is read and thrown away, so that the connection can serve the next request.
          req.resume();
          reject(tooLarge());
          return;
        }
        chunks.push(chunk);
      }
      if (req.complete) onEnd();
    };
    const onEnd = () => {
      stop();
      const body = Buffer.concat(chunks, size);
      // At once: in the next tick the end would be announced, and nothing can be put back after that.
      if (size > 0) putBack(req, body);
      resolve(body);
    };
    const onAbort = () => {
      stop();
      resolve(undefined);
    };
    req.on("readable", onReadable).on("end", onEnd).on("error", onAbort).on("close", onAbort);
  });
}

/** Text, where somebody before us has set an encoding on the stream. */
function nextChunk(req: IncomingMessage): Buffer | undefined {
  const chunk = req.read() as Buffer | string | null;
  if (chunk === null) return undefined;
  return typeof chunk === "string" ? Buffer.from(chunk, String(req.readableEncoding) as BufferEncoding) : chunk;
}

function putBack(req: IncomingMessage, body: Buffer): void {
  const encoding = req.readableEncoding;
  if (encoding === null) req.unshift(body);
  else req.unshift(body.toString(encoding), encoding);
}
