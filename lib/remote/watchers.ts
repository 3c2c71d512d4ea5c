import { KeysUnavailableError } from "./errors.js";

/** Called after each failed fetch or read of keys, and when one works again. */
export interface KeyWatcher {
  /** @param what - what can't be had, by identity: each has outages of its own */
  failed(error: KeysUnavailableError, what: object): void;
  /** Also called where nothing had failed. */
  recovered(what: object): void;
  /** A token that no key fits. What `describe` returns says which keys there are. */
  passedOver?(describe: () => string | undefined): void;
}

/** One watcher that calls all of a list, which may still grow. */
export function broadcast(watchers: readonly KeyWatcher[]): KeyWatcher {
  return {
    failed: (error, what) => {
      for (const watcher of watchers) watcher.failed(error, what);
    },
    recovered: (what) => {
      for (const watcher of watchers) watcher.recovered(what);
    },
  };
}

/** Makes watchers of parts that depend on one another and count as one: they have recovered when each of them has. */
export function together(watcher: KeyWatcher): () => KeyWatcher {
  const failing = new Set<KeyWatcher>();
  return () => {
    const part: KeyWatcher = {
      failed(error) {
        failing.add(part);
        // If one failed because another one did, that one has reported it.
        if (!(error.cause instanceof KeysUnavailableError)) watcher.failed(error, failing);
      },
      recovered() {
        failing.delete(part);
        if (failing.size === 0) watcher.recovered(failing);
      },
    };
    return part;
  };
}
