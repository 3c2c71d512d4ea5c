import type { KeyObject } from "node:crypto";

import type { KeyWatcher } from "../../remote/watchers.js";
import { isJsonObject } from "../../support/json.js";
import { OptionsError } from "../../support/options-error.js";
import { type Algorithm, PUBLIC_KEY_ALGORITHMS } from "../algorithms.js";
import { isSecret } from "./jwk.js";
import { jwkSet, setSource } from "./jwk-set.js";
import { fixedKeys, type KeyQuery, type KeySource } from "./key-source.js";
import { jsonOption, textOf } from "./pem.js";
import { publicKeyFromPem } from "./public-key.js";
import { RereadFile } from "./reread-file.js";

/** Keys in a file. */
export class KeyFile implements KeySource {
  readonly possibleAlgorithms = PUBLIC_KEY_ALGORITHMS;
  readonly #file: RereadFile<KeySource>;

  constructor(file: string, path: string, watcher: KeyWatcher) {
    this.#file = new RereadFile(file, path, parseKeyFile, watcher);
  }

  get algorithms(): ReadonlySet<Algorithm> {
    return this.#file.value.algorithms;
  }

  get usesKid(): boolean {
    // A token that is refused for its `kid` asks for no key, and must not keep the file from being read again.
    void this.#file.current();
    return this.#file.value.usesKid;
  }

  keysFor(query: KeyQuery): ReturnType<KeySource["keysFor"]> {
    const source = this.#file.current();
    return source instanceof Promise ? source.then((late) => late.keysFor(query)) : source.keysFor(query);
  }

  holds(key: KeyObject): boolean | Promise<boolean> {
    const source = this.#file.current();
    return source instanceof Promise ? source.then((late) => late.holds(key)) : source.holds(key);
  }

  describe(query: KeyQuery): string | undefined {
    return this.#file.value.describe?.(query);
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }
}

/** PEM, or a JWK, or a JWK Set. */
function parseKeyFile(content: Buffer, path: string): KeySource {
  const text = textOf(content).trim();
  if (!text.startsWith("{")) return fixedKeys([publicKeyFromPem(text, path)]);
  const json = jsonOption(text, path);
  const keys: unknown = (json as { keys?: unknown }).keys ?? [json];
  if (Array.isArray(keys) && keys.some((key) => isJsonObject(key) && isSecret(key))) {
    throw new OptionsError(path, "holds a private or secret JWK; give the public one alone");
  }
  const set = jwkSet({ keys }, path);
  // A JWK by itself is the one key that is meant, as a PEM is: no token's `kid` chooses it.
  const source = setSource(set);
  return "keys" in json
    ? source
    : {
        ...source,
        keysFor: ({ algorithm }) => source.keysFor({ algorithm, kid: undefined }),
        describe: ({ algorithm }) => source.describe?.({ algorithm, kid: undefined }),
      };
}
