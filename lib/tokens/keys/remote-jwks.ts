import type { KeyObject } from "node:crypto";

import type { JwksClient, Options } from "jwks-rsa";

import { PUBLIC_KEY_ALGORITHMS } from "../readers/algorithms.js";
import type { RemoteSettings } from "../../remote/metadata.js";
import { requestJson, within } from "../../remote/request.js";
import { JwkSet } from "./jwk-set.js";
import type { KeyQuery, KeySource } from "./key-source.js";
import { Refreshed } from "../../remote/refreshed.js";
import type { KeyWatcher } from "../../remote/watchers.js";

/** Where a set is fetched from. */
export interface JwksEndpoint {
  /** Fetches by its URL, or by one after the other if the first one known has moved. */
  load<T>(fetchSet: (uri: string) => Promise<T>): Promise<T>;
}

/** Keys of a JWKS endpoint. With the set at hand a login is synchronous; a new `kid` waits for the next fetch. */
export class RemoteJwks implements KeySource {
  readonly algorithms = PUBLIC_KEY_ALGORITHMS;
  readonly possibleAlgorithms = PUBLIC_KEY_ALGORITHMS;
  readonly #set: Refreshed<JwkSet>;

  constructor(endpoint: JwksEndpoint, settings: RemoteSettings, watcher: KeyWatcher) {
    const fetch = async () => {
      const { JwksClient } = await jwksRsa();
      // One deadline over all that it takes, so that a login waits no longer for keys that have to be found first.
      return within(settings.timeout, (signal) =>
        endpoint.load((uri) => fetchSet(new JwksClient(clientOptions(uri, settings, signal)))),
      );
    };
    this.#set = new Refreshed(fetch, settings, watcher);
  }

  keysFor(query: KeyQuery): readonly KeyObject[] | Promise<readonly KeyObject[]> {
    const set = this.#set.current();
    return (set && answer(set, query)) ?? this.#keysAfterFetch(query);
  }

  ready(): Promise<void> {
    return this.#set.ready();
  }

  async #keysAfterFetch(query: KeyQuery): Promise<readonly KeyObject[]> {
    try {
      const set = await this.#set.next();
      return set.keysFor(query);
    } catch (error) {
      const set = this.#set.lastGood();
      const keys = set && answer(set, query);
      if (keys === undefined) throw error;
      return keys;
    }
  }
}

/** Undefined where a newer set might say more: its `kid` is not in this one, or nothing here fits. */
function answer(set: JwkSet, query: KeyQuery): readonly KeyObject[] | undefined {
  const keys = set.keysFor(query);
  return keys.length > 0 || set.knows(query.kid) ? keys : undefined;
}

/** Loaded when first needed: it takes as long as all the rest, and a host of fixed keys never needs it. */
function jwksRsa() {
  return import("jwks-rsa");
}

const JWKS_TYPES = "application/jwk-set+json, application/json";

function clientOptions(jwksUri: string, settings: RemoteSettings, signal: AbortSignal): Options {
  return {
    jwksUri,
    // Its own cache asks once for each unknown `kid`, and its rate limit, emptied by forged ones, refuses honest ones.
    cache: false,
    rateLimit: false,
    fetcher: (url) =>
      requestJson(url, { headers: { accept: JWKS_TYPES } }, settings, signal) as Promise<{ keys: unknown }>,
  };
}

async function fetchSet(client: JwksClient): Promise<JwkSet> {
  const keys = await client.getKeys();
  if (!Array.isArray(keys)) throw new Error("answered with something that is not a JWK Set");
  const set = new JwkSet(keys);
  if (!set.usable) throw new Error("answered with a JWK Set that has no usable key");
  return set;
}
