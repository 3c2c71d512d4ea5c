import { KeysUnavailableError } from "./errors.js";

/** Is told of each failure to get keys, and when they can be had again. */
export interface KeyWatcher {
  failed(error: KeysUnavailableError): void;
  recovered(): void;
  /** A token that no key fits. What `describe` returns says which keys there are. */
  passedOver?(describe: () => string | undefined): void;
}

/** One watcher that tells all of a list, which may still grow. */
export function broadcast(watchers: readonly KeyWatcher[]): KeyWatcher {
  return {
    failed: (error) => {
      for (const watcher of watchers) watcher.failed(error);
    },
    recovered: () => {
      for (const watcher of watchers) watcher.recovered();
    },
  };
}

/** Makes watchers of parts that need one another: told as one, they are well again when each of them is. */
export function together(watcher: KeyWatcher): () => KeyWatcher {
  const failing = new Set<KeyWatcher>();
  return () => {
    const part: KeyWatcher = {
      failed(error) {
        failing.add(part);
        // Where one failed for another's failure, that one told it.
        if (!(error.cause instanceof KeysUnavailableError)) watcher.failed(error);
      },
      recovered() {
        failing.delete(part);
        if (failing.size === 0) watcher.recovered();
      },
      passedOver(describe) {
        watcher.passedOver?.(describe);
      },
    };
    return part;
  };
}
