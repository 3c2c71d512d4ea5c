import type { Readable } from "node:stream";

import { isHttp2, type NodeRequest } from "./request.js";

type Listener = (...args: unknown[]) => void;

/** Events whose listeners read a stream. */
export const READING = ["data", "readable"] as const;

/** The body; `"too long"`: all of it is still to be read; `"gone"`: the client hung up before the end. */
type ReadOutcome = Buffer | "too long" | "gone";

/** Reads a body to its end. To be released: whoever reads next, by whatever way, then finds the stream as it was. */
export class BodyStream {
  readonly #req: Readable;
  /** Bytes. */
  #limit = 0;
  /** Bytes. */
  #length = NaN;
  #chunks: (Buffer | string)[] = [];
  /** Bytes of the chunks. */
  #size = 0;
  #settled!: (outcome: ReadOutcome) => void;
  #isListening = false;
  #others: readonly (readonly [string, Listener])[] = [];
  #body: Buffer | string = "";
  #flowed = false;
  #wasRead = false;
  #lacksBeginning = false;
  #holdsEnd = false;
  #wasPaused = false;
  /** How often the stream was told to flow since, by somebody else. */
  #resumed = 0;
  readonly #onResume = (): void => {
    this.#resumed += 1;
  };
  readonly #onReadable = (): void => {
    this.#take();
  };
  readonly #onGone = (): void => {
    this.#settle("gone");
  };

  constructor(req: Readable) {
    this.#req = req;
  }

  /** Somebody else has taken the beginning of what was read, and not put all of it back. */
  get lacksBeginning(): boolean {
    return this.#lacksBeginning;
  }

  /**
   * To be called once.
   *
   * @param limit - bytes; no more is ever held
   * @param length - bytes that the whole body has; NaN if only its end tells
   */
  read(limit: number, length: number): Promise<ReadOutcome> {
    const req = this.#req;
    this.#limit = limit;
    this.#length = length;
    this.#wasPaused = req.readableFlowing === false && req.listenerCount("readable") === 0;
    this.#wasRead = req.readableDidRead;
    this.#takeOver();
    this.#holdEnd();
    return new Promise((resolve) => {
      this.#settled = resolve;
      // By the next tick, all that came in one packet is there, and who listens just after us has come.
      process.nextTick(() => {
        this.#begin();
      });
    });
  }

  #begin(): void {
    const req = this.#req;
    // A listener for `readable` that has just left looked like a pause until now.
    this.#wasPaused &&= req.readableFlowing === false;
    if (this.#wasPaused) req.on("resume", this.#onResume);
    const flowed = this.#takeOver();
    if (this.#holdEnd()) this.#settle();
    else if (flowed)
      process.nextTick(() => {
        this.#listen();
      });
    else this.#listen();
  }

  #listen(): void {
    const req = this.#req;
    if (req.destroyed) {
      this.#settle("gone");
      return;
    }
    // To listen to a stream that has all of its body would announce its end.
    this.#isListening = !this.#hasAll();
    if (this.#isListening) {
      req.on("readable", this.#onReadable).on("error", this.#onGone).on("close", this.#onGone);
      // HTTP/2 sends nothing to a stream that is paused. With a listener for `readable` it does not flow.
      if (this.#flowed || this.#wasPaused) {
        req.resume();
        this.#resumed -= 1;
      }
    }
    // Somebody else may have had the event that told of what is there.
    this.#take();
  }

  #take(): void {
    const req = this.#req;
    while (req.readableLength > 0) {
      // Exactly what is there: a read of more would announce the end, and nothing can be put back after that.
      const chunk = req.read(req.readableLength) as Buffer | string;
      this.#chunks.push(chunk);
      this.#size += typeof chunk === "string" ? Buffer.byteLength(chunk, encodingOf(req)) : chunk.length;
      if (this.#size > this.#limit) {
        this.#settle("too long");
        return;
      }
    }
    if (this.#hasAll()) this.#settle();
  }

  /** Node tells of the end in a turn of its own, after the last byte. A stream with an encoding counts characters. */
  #hasAll(): boolean {
    const req = this.#req;
    return (this.#size + req.readableLength === this.#length && req.readableEncoding === null) || isEnded(req);
  }

  #settle(outcome?: "too long" | "gone"): void {
    const req = this.#req;
    if (this.#isListening) req.off("readable", this.#onReadable).off("error", this.#onGone).off("close", this.#onGone);
    if (outcome === undefined) {
      this.#lacksBeginning = this.#wasRead && req.readableEncoding === null && this.#size < this.#length;
      if (this.#size === 0) this.#holdEnd();
    }
    const body = whole(this.#chunks, encodingOf(req));
    if (outcome !== "gone") this.#body = body;
    const settled = (): void => {
      this.#settled(outcome ?? (typeof body === "string" ? Buffer.from(body, encodingOf(req)) : body));
    };
    // In a tick's time the stream knows that nobody waits for it any more, and flows again for who comes next.
    if (this.#isListening) process.nextTick(settled);
    else settled();
  }

  /**
   * Attaches the earlier listeners again. They get the body after this turn of the event loop.
   *
   * @param isHosts - is the request the host's? Otherwise the body is put back for earlier listeners alone, and what is
   *   still to come is thrown away
   */
  release(isHosts: boolean): void {
    const req = this.#req;
    if (this.#holdsEnd && !req.destroyed) this.#letEnd(isHosts);
    const wanted = isHosts || this.#others.length > 0;
    if (wanted && this.#body.length > 0 && !req.readableEnded) {
      req.unshift(this.#body, encodingOf(req));
      // What the Fetch standard takes for a body must be unread (`util.isDisturbed`).
      stateOf(req).dataEmitted = this.#wasRead;
    }
    for (const [event, listener] of this.#others) req.on(event, listener);
    req.off("resume", this.#onResume);
    const isHeldBack = this.#wasPaused && this.#resumed <= 0 && req.readableFlowing !== true;
    // Over HTTP/2, what is left of a body that is paused does not come to every reader.
    const mayPause = !isHttp2(req as NodeRequest) || this.#others.some(([event]) => event === "data");
    this.#others = [];
    // What nobody reads would keep the connection from its next request.
    if (!isHosts || this.#flowed) req.resume();
    else if (isHeldBack && mayPause) req.pause();
  }

  /**
   * Holds the end of an empty body back, unless it is announced already: its reader may listen later.
   *
   * @returns is it such a body?
   */
  #holdEnd(): boolean {
    const req = this.#req;
    if (this.#holdsEnd) return true;
    if (req.readableLength > 0 || req.readableEnded || req.destroyed || !isEnded(req)) return false;
    this.#holdsEnd = true;
    // There is nothing to put back that would keep Node from announcing it; of a stream that is closed, it announces none.
    stateOf(req).closeEmitted = true;
    return true;
  }

  /** @param isHosts - as of {@link release} */
  #letEnd(isHosts: boolean): void {
    const req = this.#req;
    stateOf(req).closeEmitted = false;
    // Node tells of an end by `readable` too, but only who listened when it came.
    const wereTold = this.#others.some(([event]) => event === "readable");
    if (isHosts && !wereTold) {
      process.nextTick(() => req.listenerCount("readable") > 0 && !req.readableEnded && req.emit("readable"));
    }
    // Who has begun to read meanwhile has been waiting for it.
    if (req.readableFlowing === true || READING.some((event) => req.listenerCount(event) > 0)) req.read(0);
  }

  /**
   * Those who listen would have the body twice. A stream that begins to flow would announce its end in a tick, if we had taken
   * all of it by then.
   *
   * @returns did it flow? Then that tick is still to come
   */
  #takeOver(): boolean {
    const req = this.#req;
    const found = detach(req);
    if (found.length > 0) this.#others = [...this.#others, ...found];
    if (req.readableFlowing !== true) return false;
    req.pause();
    this.#flowed = true;
    return true;
  }
}

/**
 * Is all of the body read or in the stream's buffer? Node says so in public only of HTTP/1.1, and after the end is announced
 * of other streams.
 */
function isEnded(req: Readable): boolean {
  return stateOf(req).ended;
}

/** Of what Node knows of a stream, what has no name in public. */
function stateOf(req: Readable): StreamState {
  return (req as unknown as { readonly _readableState: StreamState })._readableState;
}

interface StreamState {
  readonly ended: boolean;
  dataEmitted: boolean;
  closeEmitted: boolean;
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

/** Text, if somebody has set an encoding on the stream. If that was in the middle of the body, a character there may be lost. */
function whole(chunks: readonly (Buffer | string)[], encoding: BufferEncoding | undefined): Buffer | string {
  if (encoding !== undefined) return chunks.map((chunk) => chunk.toString(encoding)).join("");
  const [only] = chunks as readonly Buffer[];
  return only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks as readonly Buffer[]);
}
