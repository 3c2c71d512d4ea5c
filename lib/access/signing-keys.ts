import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";

import { KeysUnavailableError } from "../remote/errors.js";
import { broadcast, type KeyWatcher } from "../remote/watchers.js";
import { at } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";
import type { Jwk } from "../tokens/keys/jwk-set.js";
import { privateKey, privateKeysFromText, publicJwk, type PrivateKey } from "../tokens/keys/private-key.js";
import { algorithmsOf, type Algorithm } from "../tokens/readers/algorithms.js";

/** A key that signs access tokens, and the one that verifies them. */
export interface SigningKey {
  readonly algorithm: Algorithm;
  readonly signs: KeyObject;
  readonly verifies: KeyObject;
  /** Of a private key: what is published. */
  readonly jwk?: Jwk & { readonly kid: string };
}

/** Keys that may change while the process runs. The first one signs, all verify. */
export interface SigningKeys {
  /** The keys of now. */
  readonly current: () => readonly [SigningKey, ...SigningKey[]];
  /** Tells `watcher` of key files that can't be read any more. */
  readonly watch: (watcher: KeyWatcher) => void;
}

export function fixedSigningKeys(keys: readonly SigningKey[]): SigningKeys {
  const current = keys as ReturnType<SigningKeys["current"]>;
  return { current: () => current, watch: () => undefined };
}

/** How old what was read of a file may be when a token is signed or verified, in milliseconds. */
const RECHECK_AFTER = 2_000;

/** Keys in files, each PEM, a JWK or a JWK Set. */
export function signingKeyFiles(files: readonly string[], path: string, algorithm?: Algorithm): SigningKeys {
  const watchers: KeyWatcher[] = [];
  const watcher = broadcast(watchers);
  const all = files.map((file, index) => {
    return new SigningKeyFile(file, files.length === 1 ? path : at(path, index), algorithm, watcher);
  });
  return {
    current: () => all.flatMap((file) => file.current()) as unknown as ReturnType<SigningKeys["current"]>,
    watch: (one) => watchers.push(one),
  };
}

/**
 * Read again when it is next needed and the last look is two seconds old, and at once: whoever issues a token waits for
 * nothing, and the file is small and this machine's own.
 */
class SigningKeyFile {
  readonly #file: string;
  readonly #path: string;
  readonly #algorithm: Algorithm | undefined;
  readonly #watcher: KeyWatcher;
  #content: Buffer;
  #keys: readonly SigningKey[];
  #checkedAt = Date.now();
  #failing = false;

  constructor(file: string, path: string, algorithm: Algorithm | undefined, watcher: KeyWatcher) {
    this.#file = file;
    this.#path = path;
    this.#algorithm = algorithm;
    this.#watcher = watcher;
    try {
      this.#content = readFileSync(file);
    } catch (cause) {
      throw new OptionsError(path, "names a file that can't be read", { cause });
    }
    this.#keys = this.#parse(this.#content);
  }

  current(): readonly SigningKey[] {
    if (Math.abs(Date.now() - this.#checkedAt) >= RECHECK_AFTER) this.#recheck();
    return this.#keys;
  }

  #recheck(): void {
    this.#checkedAt = Date.now();
    try {
      const content = readFileSync(this.#file);
      if (!content.equals(this.#content)) {
        this.#keys = this.#parse(content);
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

  #parse(content: Buffer): readonly SigningKey[] {
    return privateKeysFromText(content.toString(), this.#path).map((key) =>
      signingKeyOf(key, this.#path, this.#algorithm),
    );
  }
}

/** Checks an inline private key that signs. */
export function signingKey(value: unknown, path: string, algorithm?: Algorithm): SigningKey {
  return signingKeyOf(privateKey(value, path), path, algorithm);
}

export function signingSecret(secret: KeyObject, path: string, algorithm?: Algorithm): SigningKey {
  return { algorithm: fitting(secret, path, { algorithm }), signs: secret, verifies: secret };
}

function signingKeyOf(key: PrivateKey, path: string, algorithm?: Algorithm): SigningKey {
  const { alg, use, key_ops: operations } = key.jwk;
  // RFC 7517 sections 4.2 and 4.3.
  if ((use ?? "sig") !== "sig" || (Array.isArray(operations) && !operations.includes("sign"))) {
    throw new OptionsError(path, "is a JWK that is not for signatures (use, key_ops)");
  }
  const jwk = publicJwk(key, path);
  const fits = fitting(key.key, path, { algorithm, alg });
  return {
    algorithm: fits,
    signs: key.key,
    verifies: createPublicKey(key.key),
    jwk: { ...jwk, alg: fits, use: "sig" },
  };
}

/**
 * The algorithm that the key signs with (RFC 7518 section 3.1): that of the option, that of the JWK (RFC 7517 section
 * 4.4), or the key's usual one.
 */
function fitting(key: KeyObject, path: string, wanted: { algorithm: Algorithm | undefined; alg?: unknown }): Algorithm {
  const possible = algorithmsOf(key);
  if (possible.length === 0) {
    throw new OptionsError(
      path,
      "must be an RSA key of at least 2048 bits, an EC key on P-256, P-384 or P-521, or an Ed25519 key (RFC 7518 section 3)",
    );
  }
  const { algorithm, alg } = wanted;
  const served = alg === undefined ? possible : possible.filter((name) => name === alg);
  const [usual] = served;
  if (usual === undefined) throw new OptionsError(path, "is a JWK for an algorithm that it does not fit (alg)");
  if (algorithm === undefined) return usual;
  if (served.includes(algorithm)) return algorithm;
  throw new OptionsError("algorithm", `is ${algorithm}, which does not fit the key; ${served.join(", ")} would`);
}
