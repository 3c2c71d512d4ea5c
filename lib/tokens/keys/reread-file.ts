import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { KeysUnavailableError, operatorText } from "../../remote/errors.js";
import type { KeyWatcher } from "../../remote/watchers.js";
import { now, since } from "../../support/moment.js";
import { OptionsError } from "../../support/options-error.js";

/** No text of a key: that has no ending, and no slash but in base64. */
const PLAINLY_A_PATH = /^.{1,200}\.[a-z0-9]{1,6}$|^\/(?:[\w.-]+\/)+[\w.-]+$/i;

/** How old what was read of a file may be before it is read again, in milliseconds. */
const RECHECK_AFTER = 2_000;
/** Until when its content still serves while it is read again, so that whoever asks often never waits, in milliseconds. */
const USED_UNTIL = 4_000;
/** How long a file system may take to answer before the last good content is used as it is, in milliseconds. */
const READ_DEADLINE = 1_000;

/**
 * What a file holds. It is read when it is made, when anything wrong throws {@link OptionsError}, and again if it is used and
 * the last look is two seconds old: nothing polls or watches it, and it does not matter how the file was replaced.
 */
export class RereadFile<T> {
  readonly #file: string;
  readonly #path: string;
  readonly #parse: (content: Buffer, path: string) => T;
  readonly #watcher: KeyWatcher;
  #content: Buffer;
  #checkedAt = now();
  #reading: Promise<void> | undefined;
  #rereading: Promise<T> | undefined;
  /** As it was read last. */
  value: T;

  /** @param path - of the option that names the file */
  constructor(file: string, path: string, parse: (content: Buffer, path: string) => T, watcher: KeyWatcher) {
    // Quoted nowhere: it may be a private one.
    if (/-----BEGIN|^\s*\{|[\r\n]|\\n/.test(file))
      throw new OptionsError(path, "must be the path of a file, not a key");
    // Whatever folder the process changes to.
    this.#file = resolve(file);
    this.#path = path;
    this.#parse = parse;
    this.#watcher = watcher;
    try {
      this.#content = readFileSync(this.#file);
    } catch (cause) {
      const named = PLAINLY_A_PATH.test(file)
        ? ` (${String((cause as NodeJS.ErrnoException).code)}, ${this.#file})`
        : "";
      throw new OptionsError(path, `names a file that can't be read${named}`, { cause });
    }
    this.value = parse(this.#content, path);
  }

  /** Synchronous unless the last look is old. One read at a time, even if the file system hangs. */
  current(): T | Promise<T> {
    if (this.#age < RECHECK_AFTER) return this.value;
    const isUsable = this.#age < USED_UNTIL;
    this.#reading ??= this.#read();
    if (isUsable) return this.value;
    // One wait for all: each of its own would be kept for as long as a file system hangs.
    this.#rereading ??= this.#reread(this.#reading);
    return this.#rereading;
  }

  /** Waits for the file system: for who cannot wait for a promise. */
  currentNow(): T {
    if (this.#age < RECHECK_AFTER) return this.value;
    this.#checkedAt = now();
    try {
      this.#take(readFileSync(this.#file));
    } catch (cause) {
      this.#fail(cause);
    }
    return this.value;
  }

  get #age(): number {
    return since(this.#checkedAt);
  }

  async #reread(reading: Promise<void>): Promise<T> {
    await Promise.race([reading, sleep(READ_DEADLINE, undefined, { ref: false })]);
    this.#rereading = undefined;
    this.#checkedAt = now();
    return this.value;
  }

  async #read(): Promise<void> {
    try {
      this.#take(await readFile(this.#file));
    } catch (cause) {
      this.#fail(cause);
    }
    this.#reading = undefined;
    this.#checkedAt = now();
  }

  #take(content: Buffer): void {
    if (!content.equals(this.#content)) {
      this.value = this.#parse(content, this.#path);
      this.#content = content;
    }
    this.#watcher.recovered(this);
  }

  /** Half-written, removed or unreadable: what was good stays good. */
  #fail(cause: unknown): void {
    const message = `${this.#path} can't be read any more; its last good key stays in use`;
    const detail = `${message}${operatorText(cause, undefined)}`;
    const error = new KeysUnavailableError(message, { cause, retryAfter: RECHECK_AFTER / 1_000, detail });
    this.#watcher.failed(error, this);
  }
}
