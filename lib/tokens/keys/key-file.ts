import type { KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { OptionsError } from "../../support/options-error.js";
import { PUBLIC_KEY_ALGORITHMS, type Algorithm } from "../readers/algorithms.js";
import { KeysUnavailableError, operatorText } from "../../remote/errors.js";
import { isSecret } from "./jwk.js";
import { jwkSet, setSource } from "./jwk-set.js";
import type { KeyWatcher } from "../../remote/watchers.js";
import { fixedKeys, type KeyQuery, type KeySource } from "./key-source.js";
import { textOf } from "./pem.js";
import { publicKeyFromPem } from "./public-key.js";

/** How old what was read of a file may be when a token is verified with it, in milliseconds. */
const RECHECK_AFTER = 2_000;
/** How long a file system may take to answer before the last good key is used as it is, in milliseconds. */
const READ_DEADLINE = 1_000;

/**
 * Keys in a file. It is read when the middleware is made, where anything wrong throws {@link OptionsError}, and again
 * when a token needs it and the last look is two seconds old: no timer, no watcher, and whatever way it was replaced.
 */
export class KeyFile implements KeySource {
  readonly possibleAlgorithms = PUBLIC_KEY_ALGORITHMS;
  readonly #file: string;
  readonly #path: string;
  readonly #watcher: KeyWatcher;
  #content: Buffer;
  #source: KeySource;
  #checkedAt = Date.now();
  #reading: Promise<void> | undefined;
  #failing = false;

  constructor(file: string, path: string, watcher: KeyWatcher) {
    this.#file = file;
    this.#path = path;
    this.#watcher = watcher;
    this.#content = readNow(file, path);
    this.#source = parseKeyFile(this.#content, path);
  }

  get algorithms(): ReadonlySet<Algorithm> {
    return this.#source.algorithms;
  }

  keysFor(query: KeyQuery): ReturnType<KeySource["keysFor"]> {
    if (Math.abs(Date.now() - this.#checkedAt) < RECHECK_AFTER) return this.#source.keysFor(query);
    return this.#recheck().then(() => this.#source.keysFor(query));
  }

  holds(key: KeyObject): boolean | Promise<boolean> {
    if (Math.abs(Date.now() - this.#checkedAt) < RECHECK_AFTER) return this.#source.holds(key);
    return this.#recheck().then(() => this.#source.holds(key));
  }

  get named(): boolean {
    return this.#source.named;
  }

  describe(query: KeyQuery): string | undefined {
    return this.#source.describe(query);
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  /** One read at a time, even where the file system hangs: then logins go on with the last good key. */
  async #recheck(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await Promise.race([this.#reading, sleep(READ_DEADLINE, undefined, { ref: false })]);
    this.#checkedAt = Date.now();
  }

  async #read(): Promise<void> {
    try {
      const content = await readFile(this.#file);
      if (!content.equals(this.#content)) {
        this.#source = parseKeyFile(content, this.#path);
        this.#content = content;
      }
      if (this.#failing) this.#watcher.recovered();
      this.#failing = false;
    } catch (cause) {
      // Half-written, removed or unreadable: what was good stays good.
      this.#failing = true;
      const message = `${this.#path} can't be read any more; its last good key stays in use`;
      const detail = `${message}${operatorText(cause, undefined)}`;
      this.#watcher.failed(new KeysUnavailableError(message, { cause, retryAfter: RECHECK_AFTER / 1_000, detail }));
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

/** PEM, or a JWK, or a JWK Set. */
function parseKeyFile(content: Buffer, path: string): KeySource {
  const text = textOf(content).trim();
  if (!text.startsWith("{")) return fixedKeys([publicKeyFromPem(text, path)]);
  const json = parseJson(text, path);
  const keys: unknown = (json as { keys?: unknown }).keys ?? [json];
  if (Array.isArray(keys) && keys.some((key) => typeof key === "object" && key !== null && isSecret(key as object))) {
    throw new OptionsError(path, "holds a private or secret JWK; give the public one alone");
  }
  const set = jwkSet({ keys }, path);
  // A JWK by itself is the one key that is meant, as a PEM is: no token's `kid` chooses it.
  const source = setSource(set);
  return "keys" in json
    ? source
    : { ...source, keysFor: ({ algorithm }) => set.keysFor({ algorithm, kid: undefined }) };
}

function parseJson(text: string, path: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    // JSON.parse's own error would quote the file, and a key that should not be there with it.
    throw new OptionsError(path, "is damaged: it is neither PEM nor JSON");
  }
}
