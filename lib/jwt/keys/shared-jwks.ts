import { RemoteJwks, type JwksSettings } from "./jwks.js";
import type { KeySource, KeyWatcher } from "./key-source.js";

interface Entry {
  readonly settings: JwksSettings;
  readonly source: KeySource;
  readonly watchers: KeyWatcher[];
}

/** The JWKS endpoints of one host: login types over the same one, with equal settings, share its keys. */
export class SharedJwks {
  readonly #byUri = new Map<string, Entry[]>();

  source(uri: string, settings: JwksSettings, watcher: KeyWatcher): KeySource {
    const entries = this.#byUri.get(uri) ?? [];
    const twin = entries.find((entry) => equal(entry.settings, settings));
    if (twin !== undefined) {
      twin.watchers.push(watcher);
      return twin.source;
    }
    const watchers = [watcher];
    const source = new RemoteJwks(uri, settings, broadcast(watchers));
    this.#byUri.set(uri, [...entries, { settings, source, watchers }]);
    return source;
  }
}

function broadcast(watchers: readonly KeyWatcher[]): KeyWatcher {
  return {
    failed: (error) => {
      for (const watcher of watchers) watcher.failed(error);
    },
    recovered: () => {
      for (const watcher of watchers) watcher.recovered();
    },
  };
}

function equal(one: JwksSettings, other: JwksSettings): boolean {
  return (Object.keys(one) as (keyof JwksSettings)[]).every((name) => one[name] === other[name]);
}
