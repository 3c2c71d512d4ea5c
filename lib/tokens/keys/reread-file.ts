import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { OptionsError } from "../../support/options-error.js";
import { KeysUnavailableError } from "../../remote/errors.js";
import type { KeyWatcher } from "../../remote/watchers.js";

/** How old what was read of a file may be when it is used, in milliseconds. */
const RECHECK_AFTER = 2_000;
/** How long a file system may take to answer before the last good content is used as it is, in milliseconds. */
const READ_DEADLINE = 1_000;

/**
 * What a file holds. It is read at once, when anything wrong throws {@link OptionsError}, and again if it is used and the
 * last look is two seconds old: no timer, no watcher, and whatever way it was replaced.
 */
export class RereadFile<T> {
  readonly #file: string;
  readonly #path: string;
  readonly #parse: (content: Buffer, path: string) => T;
  readonly #watcher: KeyWatcher;
  #content: Buffer;
  #checkedAt = Date.now();
  #reading: Promise<void> | undefined;
  #failing = false;
  /** As it was read last. */
  value: T;

  constructor(file: string, path: string, parse: (content: Buffer, path: string) => T, watcher: KeyWatcher) {
    this.#file = file;
    this.#path = path;
    this.#parse = parse;
    this.#watcher = watcher;
    this.#content = readNow(file, path);
    this.value = parse(this.#content, path);
  }

  /** One read at a time, even if the file system hangs: then the last good content is used. */
  async current(): Promise<T> {
    if (Math.abs(Date.now() - this.#checkedAt) < RECHECK_AFTER) return this.value;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await Promise.race([this.#reading, sleep(READ_DEADLINE, undefined, { ref: false })]);
    this.#checkedAt = Date.now();
    return this.value;
  }

  async #read(): Promise<void> {
    try {
      const content = await readFile(this.#file);
      if (!content.equals(this.#content)) {
        this.value = this.#parse(content, this.#path);
        this.#content = content;
      }
      if (this.#failing) this.#watcher.recovered();
      this.#failing = false;
    } catch (cause) {
      // Half-written, removed or unreadable: what was good stays good.
      this.#failing = true;
      const message = `${this.#path} can't be read any more; its last good key stays in use`;
      this.#watcher.failed(new KeysUnavailableError(message, { cause, retryAfter: RECHECK_AFTER / 1_000 }));
    }
  }
}

function readNow(file: string, path: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new OptionsError(path, "names a file that can't be read", { cause });
  }
}
