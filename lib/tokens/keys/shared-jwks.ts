import { IssuerMetadata, type RemoteSettings } from "../../remote/metadata.js";
import { broadcast, type KeyWatcher, together } from "../../remote/watchers.js";
import type { Check } from "../../support/checks.js";
import { OptionsError } from "../../support/options-error.js";
import type { KeySource } from "./key-source.js";
import { type JwksEndpoint, RemoteJwks } from "./remote-jwks.js";

interface Entry<M> {
  readonly settings: RemoteSettings;
  /** Of the issuer that names the endpoint, if it is discovered. */
  readonly metadata: M;
  readonly source: KeySource;
  readonly watchers: KeyWatcher[];
}

declare const made: unique symbol;

/** A handle by which several parts of a host share keys and discovery documents. Made by {@link createKeyCache} alone. */
export interface KeyCache {
  /** Nothing else is one. */
  readonly [made]: true;
}

/**
 * Makes a handle for the option `keyCache`. Whatever has the same one and asks one endpoint with equal `jwksOptions`
 * fetches its keys, and its issuer's discovery document, once. Without it each middleware and verifier has its own.
 *
 * The cache reports outages to every middleware and verifier ever made with it, even to those that are no longer used: make each
 * once, not for every request.
 */
export function createKeyCache(): KeyCache {
  return new SharedJwks() as unknown as KeyCache;
}

/** Of a handle that another copy of this package made (CommonJS beside ES modules): what this copy shares by it. */
const byForeignHandle = new WeakMap<object, SharedJwks>();
const HANDLE = Symbol.for("matrix-jwt-login.KeyCache");

/** Checks the option `keyCache`. */
export const keyCache: Check<SharedJwks> = (value, path) => {
  if (value instanceof SharedJwks) return value;
  if (typeof value === "object" && value !== null && HANDLE in value) {
    const ours = byForeignHandle.get(value) ?? new SharedJwks();
    byForeignHandle.set(value, ours);
    return ours;
  }
  throw new OptionsError(path, "must be what createKeyCache() of this package returned");
};

/** The JWKS endpoints of one host: login types over the same one, with equal settings, share its keys. */
export class SharedJwks {
  readonly [HANDLE] = true;
  readonly #byUri = new Map<string, Entry<undefined>[]>();
  readonly #byIssuer = new Map<string, Entry<IssuerMetadata>[]>();

  /** Keys of a JWKS endpoint. */
  source(uri: string, settings: RemoteSettings, watcher: KeyWatcher): KeySource {
    const endpoint: JwksEndpoint = { load: (fetchSet) => fetchSet(uri) };
    return this.#shared(this.#byUri, uri, settings, watcher, () => ({ endpoint, metadata: undefined })).source;
  }

  /** Keys of the endpoint that an issuer names. */
  discovered(issuer: string, settings: RemoteSettings, watcher: KeyWatcher): KeySource {
    return this.#issuer(issuer, settings, watcher).source;
  }

  /** The metadata by which {@link discovered} finds the keys of this issuer: fetched once for both, when first needed. */
  metadata(issuer: string, settings: RemoteSettings, watcher: KeyWatcher): IssuerMetadata {
    return this.#issuer(issuer, settings, watcher).metadata;
  }

  #issuer(issuer: string, settings: RemoteSettings, watcher: KeyWatcher): Entry<IssuerMetadata> {
    return this.#shared(this.#byIssuer, issuer, settings, watcher, (part) => {
      const metadata = new IssuerMetadata(issuer, settings, part());
      return { metadata, endpoint: { foundBy: metadata.url, load: (fetchSet) => metadata.ask("jwks_uri", fetchSet) } };
    });
  }

  #shared<M>(
    all: Map<string, Entry<M>[]>,
    name: string,
    settings: RemoteSettings,
    watcher: KeyWatcher,
    find: (part: () => KeyWatcher) => { readonly endpoint: JwksEndpoint; readonly metadata: M },
  ): Entry<M> {
    const entries = all.get(name) ?? [];
    const twin = entries.find((entry) => equal(entry.settings, settings));
    if (twin !== undefined) {
      if (!twin.watchers.includes(watcher)) twin.watchers.push(watcher);
      return twin;
    }
    const watchers = [watcher];
    const part = together(broadcast(watchers));
    const { endpoint, metadata } = find(part);
    const entry = { settings, metadata, source: new RemoteJwks(endpoint, settings, part()), watchers };
    all.set(name, [...entries, entry]);
    return entry;
  }
}

function equal(one: RemoteSettings, other: RemoteSettings): boolean {
  return (Object.keys(one) as (keyof RemoteSettings)[]).every((name) => one[name] === other[name]);
}
