import type { KeyObject } from "node:crypto";

import type { JwksClient, Options } from "jwks-rsa";

import { AnswerError } from "../../remote/errors.js";
import type { RemoteSettings } from "../../remote/metadata.js";
import { type FetchOnce, Refreshed } from "../../remote/refreshed.js";
import { requestJson, within } from "../../remote/request.js";
import type { KeyWatcher } from "../../remote/watchers.js";
import { memberOf } from "../../support/json.js";
import { PUBLIC_KEY_ALGORITHMS } from "../algorithms.js";
import { JwkSet, noKeyFor } from "./jwk-set.js";
import type { KeyQuery, KeySource } from "./key-source.js";

type Keys = readonly KeyObject[];

/** Where a set is fetched from. */
export interface JwksEndpoint {
  /** The URL of the document that names it, if one does. */
  readonly foundBy?: string;
  /** Fetches by its URL, or by one after the other if the first one known has moved. */
  load<T>(fetchSet: (uri: string) => Promise<T>): Promise<T>;
}

/** Keys of a JWKS endpoint. While the set may be used, a known key is found without waiting; a new `kid` waits for the next fetch. */
export class RemoteJwks implements KeySource {
  readonly usesKid = true;
  readonly algorithms = PUBLIC_KEY_ALGORITHMS;
  readonly possibleAlgorithms = PUBLIC_KEY_ALGORITHMS;
  readonly #set: Refreshed<JwkSet>;

  constructor(endpoint: JwksEndpoint, settings: RemoteSettings, watcher: KeyWatcher) {
    const fetch: FetchOnce<JwkSet> = async (asking, before) => {
      const { JwksClient } = await jwksRsa();
      // One deadline over all that it takes, so that a login waits no longer for keys that have to be found first.
      return within(settings.timeout, (signal) =>
        endpoint.load((uri) => {
          // Finding the endpoint may have taken too long: then whoever asked meanwhile is answered by the next fetch.
          signal.throwIfAborted();
          asking(uri);
          return fetchSet(new JwksClient(clientOptions(uri, settings, signal)), before);
        }),
      );
    };
    this.#set = new Refreshed("the JWK Set", fetch, settings, watcher, endpoint.foundBy);
  }

  keysFor(query: KeyQuery): Keys | Promise<Keys> {
    const set = this.#set.current();
    if (set === undefined) return this.#keysAfterFetch(query);
    const keys = set.keysFor(query);
    if (keys instanceof Promise) return keys.then((late) => this.#orNewer(late, set, query));
    return this.#orNewer(keys, set, query);
  }

  holds(key: KeyObject): boolean {
    return this.#set.current()?.holds(key) === true;
  }

  describe(query: KeyQuery): string | undefined {
    // An outage explains it, and has been logged.
    const set = this.#set.isFailing ? undefined : this.#set.current();
    return set && noKeyFor(query, set.describe(query));
  }

  ready(): Promise<void> {
    return this.#set.ready();
  }

  /** A newer set is asked if no key fits, unless this one has keys of that `kid`: those decide. */
  #orNewer(keys: Keys, set: JwkSet, query: KeyQuery): Keys | Promise<Keys> {
    return isAnswer(keys, set, query) ? keys : this.#keysAfterFetch(query);
  }

  async #keysAfterFetch(query: KeyQuery): Promise<Keys> {
    try {
      const set = await this.#set.next(async (newer) => isAnswer(await newer.keysFor(query), newer, query));
      return await set.keysFor(query);
    } catch (error) {
      const set = this.#set.fallback();
      const keys = set && (await set.keysFor(query));
      if (keys === undefined || !isAnswer(keys, set, query)) throw error;
      return keys;
    }
  }
}

function isAnswer(keys: Keys, set: JwkSet | undefined, { kid }: KeyQuery): boolean {
  return keys.length > 0 || set?.knows(kid) === true;
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
    fetcher: async (url) => {
      const json = await requestJson(url, { headers: { accept: JWKS_TYPES } }, settings, signal);
      return { keys: memberOf(json, "keys") };
    },
  };
}

async function fetchSet(client: JwksClient, before: JwkSet | undefined): Promise<JwkSet> {
  const keys = await client.getKeys();
  if (!Array.isArray(keys)) throw new Error("answered with something that is not a JWK Set");
  const set = await JwkSet.from(keys, before);
  if (await set.isUsable()) return set;
  throw new AnswerError("answered with a JWK Set that has no usable key", set.describe());
}
