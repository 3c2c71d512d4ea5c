import type { KeyWatcher } from "../remote/watchers.js";
import type { Logger } from "../support/logger.js";
import { notifier, type Notify } from "../support/notify.js";
import { Outages } from "../support/outages.js";
import type { IntrospectionWatcher, OpenQuestions } from "./introspection.js";
import { SharedJwks } from "./keys/shared-jwks.js";
import type { KeysErrorEvent } from "./options.js";

/** What all that verifies tokens under one name has in common. */
export interface TokenContext {
  readonly shared: SharedJwks;
  readonly watcher: KeyWatcher;
  /** Called on introspection's outages. */
  readonly introspectionWatcher: IntrospectionWatcher;
  readonly questions: OpenQuestions;
}

/** Lines a minute about tokens that no key fits: anybody can send them. */
const MAX_LINES = 10;
const MINUTE = 60_000;

/** The options about keys that every way in has. */
interface KeyEvents {
  readonly keyCache?: SharedJwks | undefined;
  readonly logger: Logger;
  readonly onKeysError?: ((event: KeysErrorEvent) => unknown) | undefined;
}

/** Makes what key sources share: fetched keys, and who reports their outages. */
export function tokenContexts({ keyCache, logger, onKeysError }: KeyEvents): (name: string) => TokenContext {
  const shared = keyCache ?? new SharedJwks();
  const notify = notifier(onKeysError, "onKeysError", logger);
  return (name) => {
    const told = new WeakSet<object>();
    return {
      shared,
      watcher: keyWatcher(name, logger, notify, told),
      introspectionWatcher: introspectionWatcher(name, logger, notify, told),
      questions: { open: 0 },
    };
  };
}

/** For whoever has no login types. */
export function withoutLoginType(
  tell: ((event: Omit<KeysErrorEvent, "loginType">) => unknown) | undefined,
): KeyEvents["onKeysError"] {
  return tell && (({ error, source }) => tell({ error, source }));
}

/**
 * Logs each outage of a login type's keys once when it begins and once when it ends; the host hears of each failure.
 *
 * @param told - gets the errors of which it is told
 */
function keyWatcher(
  loginType: string,
  logger: Logger,
  notify: Notify<KeysErrorEvent> | undefined,
  told: WeakSet<object>,
): KeyWatcher {
  const outages = new Outages(logger);
  let [minute, lines] = [0, 0];
  return {
    failed(error, what) {
      told.add(error);
      outages.began(what, `no new keys for ${loginType}: ${error.detail}`);
      notify?.({ loginType, error, source: "keys" });
    },
    recovered(what) {
      outages.ended(what, `keys for ${loginType} are available again`);
    },
    passedOver(describe) {
      const now = Math.floor(Date.now() / MINUTE);
      if (now !== minute) [minute, lines] = [now, 0];
      if (lines === MAX_LINES) return;
      const why = describe();
      if (why === undefined) return;
      lines += 1;
      logger.warn(`matrix-jwt-login: ${loginType}: ${why}`);
    },
  };
}

/**
 * As {@link keyWatcher}, of introspection.
 *
 * @param told - errors that were logged as an outage of keys: what follows from one is no outage of its own
 */
function introspectionWatcher(
  loginType: string,
  logger: Logger,
  notify: Notify<KeysErrorEvent> | undefined,
  told: WeakSet<object>,
): IntrospectionWatcher {
  const outages = new Outages(logger);
  return {
    failed(error, what) {
      if (!told.has(Object(error.cause) as object))
        outages.began(what, `${loginType} can't introspect tokens: ${error.detail}`);
      notify?.({ loginType, error, source: "introspection" });
    },
    recovered(what) {
      outages.ended(what, `${loginType} can introspect tokens again`);
    },
  };
}
