import { discoveredEndpoint, type JwksEndpoint, type JwksSettings } from "../../remote/discovery.js";
import { RemoteJwks } from "./remote-jwks.js";
import type { KeyWatcher } from "../../remote/watchers.js";
import type { KeySource } from "./key-source.js";
import { broadcast, together } from "../../remote/watchers.js";

interface Entry {
  readonly settings: JwksSettings;
  readonly source: KeySource;
  readonly watchers: KeyWatcher[];
}

/** The JWKS endpoints of one host: login types over the same one, with equal settings, share its keys. */
export class SharedJwks {
  readonly #byName = new Map<string, Entry[]>();

  /** Keys of a JWKS endpoint. */
  source(uri: string, settings: JwksSettings, watcher: KeyWatcher): KeySource {
    return this.#shared(uri, settings, watcher, () => ({ load: (fetchSet) => fetchSet(uri) }));
  }

  /** Keys of the endpoint that an issuer names. */
  discovered(issuer: string, settings: JwksSettings, watcher: KeyWatcher): KeySource {
    // No URL of an endpoint has a space.
    const name = `keys of ${issuer}`;
    return this.#shared(name, settings, watcher, (part) => discoveredEndpoint(issuer, settings, part()));
  }

  #shared(
    name: string,
    settings: JwksSettings,
    watcher: KeyWatcher,
    endpoint: (part: () => KeyWatcher) => JwksEndpoint,
  ): KeySource {
    const entries = this.#byName.get(name) ?? [];
    const twin = entries.find((entry) => equal(entry.settings, settings));
    if (twin !== undefined) {
      twin.watchers.push(watcher);
      return twin.source;
    }
    const watchers = [watcher];
    const part = together(broadcast(watchers));
    const source = new RemoteJwks(endpoint(part), settings, part());
    this.#byName.set(name, [...entries, { settings, source, watchers }]);
    return source;
  }
}

function equal(one: JwksSettings, other: JwksSettings): boolean {
  return (Object.keys(one) as (keyof JwksSettings)[]).every((name) => one[name] === other[name]);
}
