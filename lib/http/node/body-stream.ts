import type { Readable } from "node:stream";

type Listener = (...args: unknown[]) => void;

/** Events whose listeners read a stream. */
const READING = ["data", "readable"] as const;

/** Reads a body to its end. To be released: whoever reads next, by whatever way, then finds the stream as it was. */
export class BodyStream {
  readonly #req: Readable;
  #others: readonly (readonly [string, Listener])[] = [];
  #body: Buffer | string = "";

  constructor(req: Readable) {
    this.#req = req;
  }

  /**
   * @param limit - bytes; no more is ever held
   * @param length - bytes that the whole body has; NaN if only its end tells
   * @returns the body; `"too long"`: all of it is still to be read; `"gone"`: the client hung up before the end
   */
  read(limit: number, length: number): Promise<Buffer | "too long" | "gone"> {
    const req = this.#req;
    const chunks: (Buffer | string)[] = [];
    let size = 0;
    let hasListened = false;
    // Node tells of the end in a turn of its own, after the last byte.
    const hasAll = (): boolean => size + req.readableLength === length || isEnded(req);
    // Those who listen already would have the body twice.
    this.#others = detach(req);

    return new Promise((resolve) => {
      const settle = (outcome?: "too long" | "gone"): void => {
        if (hasListened) req.off("readable", onReadable).off("error", onGone).off("close", onGone);
        const body = whole(chunks);
        if (outcome !== "gone") this.#body = body;
        const done = (): void => {
          resolve(outcome ?? (typeof body === "string" ? Buffer.from(body, encodingOf(req)) : body));
        };
        // In a tick's time the stream knows that nobody waits for it any more, and flows again for who comes next.
        if (hasListened) process.nextTick(done);
        else done();
      };
      const onReadable = (): void => {
        while (req.readableLength > 0) {
          // Exactly what is there: a read of more would announce the end, and nothing can be put back after that.
          const chunk = req.read(req.readableLength) as Buffer | string;
          chunks.push(chunk);
          size += typeof chunk === "string" ? Buffer.byteLength(chunk, encodingOf(req)) : chunk.length;
          if (size > limit) {
            settle("too long");
            return;
          }
        }
        if (hasAll()) settle();
      };
      const onGone = (): void => {
        settle("gone");
      };
      const start = (): void => {
        if (req.destroyed) {
          onGone();
          return;
        }
        // To listen to a stream that has all of its body would announce its end.
        hasListened = !hasAll();
        if (hasListened) req.on("readable", onReadable).on("error", onGone).on("close", onGone);
        // Somebody else may have had the event that told of what is there.
        onReadable();
      };
      // By the next tick, all that came in one packet is there. What flows already can't wait.
      if (req.readableFlowing === null) process.nextTick(start);
      else start();
    });
  }

  /**
   * Attaches the earlier listeners again. They get the body after this turn of the event loop.
   *
   * @param isHosts - is the request the host's? Otherwise the body is put back for earlier listeners alone, and what is
   *   still to come is thrown away
   */
  release(isHosts: boolean): void {
    const req = this.#req;
    const wanted = isHosts || this.#others.length > 0;
    if (wanted && this.#body.length > 0 && !req.readableEnded) {
      req.unshift(this.#body, encodingOf(req));
    }
    for (const [event, listener] of this.#others) req.on(event, listener);
    this.#others = [];
    // What nobody reads would keep the connection from its next request.
    if (!isHosts) req.resume();
  }
}

/**
 * Is all of the body read or in the stream's buffer? Node says so in public only of HTTP/1.1, and after the end is announced
 * of other streams.
 */
function isEnded(req: Readable): boolean {
  return (req as unknown as { readonly _readableState: { readonly ended: boolean } })._readableState.ended;
}

function encodingOf(req: Readable): BufferEncoding | undefined {
  return req.readableEncoding ?? undefined;
}

function detach(req: Readable): readonly (readonly [string, Listener])[] {
  if (READING.every((event) => req.listenerCount(event) === 0)) return [];
  const found = READING.flatMap((event) => req.rawListeners(event).map((one) => [event, one as Listener] as const));
  for (const [event, listener] of found) req.off(event, listener);
  return found;
}

/** Text, if somebody before us has set an encoding on the stream. */
function whole(chunks: readonly (Buffer | string)[]): Buffer | string {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  return typeof only === "string" ? chunks.join("") : Buffer.concat(chunks as readonly Buffer[]);
}
