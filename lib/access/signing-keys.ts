import { createPublicKey, type KeyObject } from "node:crypto";

import { broadcast, type KeyWatcher } from "../remote/watchers.js";
import { at } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";
import { type Algorithm, algorithmsOf, isSynonym } from "../tokens/algorithms.js";
import { type Jwk, otherUseOf } from "../tokens/keys/jwk.js";
import { notFile } from "../tokens/keys/pem.js";
import { type PrivateKey, privateKey, privateKeysIn, publicJwk } from "../tokens/keys/private-key.js";
import { notForSignatures } from "../tokens/keys/public-key.js";
import { RereadFile } from "../tokens/keys/reread-file.js";

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

/** Keys in files, each PEM, a JWK or a JWK Set. */
export function signingKeyFiles(files: readonly string[], path: string, algorithm?: Algorithm): SigningKeys {
  const watchers: KeyWatcher[] = [];
  const watcher = broadcast(watchers);
  const all = files.map((file, index) => {
    const parse = (content: Buffer, here: string) =>
      privateKeysIn(content, here).map((key) => signingKeyOf(key, here, algorithm));
    return new RereadFile(file, files.length === 1 ? path : at(path, index), parse, watcher);
  });
  return {
    // The file is small and this machine's own, whoever issues a token does not wait for a promise, and a token is verified by
    // the keys that would issue it.
    current: () => all.flatMap((file) => file.currentNow()) as unknown as ReturnType<SigningKeys["current"]>,
    watch: (one) => watchers.push(one),
  };
}

/** Checks an inline private key that signs. */
export function signingKey(value: unknown, path: string, algorithm?: Algorithm): SigningKey {
  return signingKeyOf(notFile(privateKey, "signingKeyFile")(value, path), path, algorithm);
}

export function signingSecret(secret: KeyObject, path: string, algorithm?: Algorithm): SigningKey {
  return { algorithm: fitting(secret, path, { algorithm }), signs: secret, verifies: secret };
}

function signingKeyOf(key: PrivateKey, path: string, algorithm?: Algorithm): SigningKey {
  const { alg } = key.jwk;
  const otherUse = otherUseOf(key.jwk, "sig", ["sign"]);
  if (otherUse !== undefined) throw new OptionsError(path, `is a JWK that is not for signatures: ${otherUse}`);
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
  if (possible.length === 0) throw notForSignatures(path);
  const { algorithm, alg } = wanted;
  const served = alg === undefined ? possible : possible.filter((name) => isSynonym(name, alg));
  const usual = served.find((name) => name === alg) ?? served[0];
  if (usual === undefined) throw new OptionsError(path, "is a JWK for an algorithm that it does not fit (alg)");
  if (algorithm === undefined) return usual;
  if (served.includes(algorithm)) return algorithm;
  throw new OptionsError("algorithm", `is ${algorithm}, which does not fit the key; ${served.join(", ")} would`);
}
