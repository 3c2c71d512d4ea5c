import type { IncomingMessage } from "node:http";

import { tooLarge } from "./json-body.js";

/**
 * Reads a body to its end. What is not taken is put back before the stream's end is announced, so it is there for whoever
 * reads next, by whatever way.
 *
 * @param take - what is made of the whole body; undefined: it is for who reads next
 * @returns what was taken; `pass`: nothing was; `aborted`: the client hung up before the end
 * @throws MatrixError 413 `M_TOO_LARGE`, where no more than `limit` bytes were kept at any time; what `take` throws
 */
export function readBody<T>(
  req: IncomingMessage,
  limit: number,
  take: (body: Buffer) => T | undefined,
): Promise<T | "pass" | "aborted"> {
  if (req.destroyed) return Promise.resolve("aborted");
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
      const [only] = chunks;
      const body = only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks, size);
      try {
        const taken = take(body);
        // At once: in the next tick the end would be announced, and nothing can be put back after that.
        if (taken === undefined && size > 0) putBack(req, body);
        resolve(taken ?? "pass");
      } catch (error) {
        reject(error);
      }
    };
    const onAbort = () => {
      stop();
      resolve("aborted");
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
