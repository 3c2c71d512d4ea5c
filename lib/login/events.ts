import { callback, type OptionReader } from "../support/checks.js";
import type { IntrospectionWatcher } from "../tokens/introspection.js";
import type { KeyWatcher } from "../remote/watchers.js";
import type { Logger } from "../support/logger.js";
import type { KeysErrorEvent } from "./options.js";

/** Tells the host of an event. Never throws. */
export type Notify<Event> = (event: Event) => void;

export function notifier<Event>(options: OptionReader, name: string, logger: Logger): Notify<Event> | undefined {
  return notifying(options.optional(name, callback<(event: Event) => unknown>), name, logger);
}

export function notifying<Event>(
  listener: ((event: Event) => unknown) | undefined,
  name: string,
  logger: Logger,
): Notify<Event> | undefined {
  if (listener === undefined) return undefined;
  const complain = (cause: unknown) => {
    logger.error(new Error(`matrix-jwt-login: ${name} failed`, { cause }));
  };
  return (event) => {
    try {
      // It may be async in spite of its type, and nothing waits for it.
      Promise.resolve(listener(event)).catch(complain);
    } catch (cause) {
      complain(cause);
    }
  };
}

/** Lines a minute about tokens that no key fits: anybody can send them. */
const MAX_LINES = 10;
const MINUTE = 60_000;

/** Logs an outage of a login type's keys once when it begins and once when it ends; the host hears of each failure. */
export function keyWatcher(loginType: string, logger: Logger, notify: Notify<KeysErrorEvent> | undefined): KeyWatcher {
  let down = false;
  let [minute, lines] = [0, 0];
  return {
    failed(error) {
      if (!down) logger.warn(`matrix-jwt-login: no new keys for ${loginType}: ${error.detail}`);
      down = true;
      notify?.({ loginType, error, source: "keys" });
    },
    recovered() {
      down = false;
      logger.info(`matrix-jwt-login: keys for ${loginType} are available again`);
    },
    passedOver(describe) {
      const now = Math.floor(Date.now() / MINUTE);
      if (now !== minute) [minute, lines] = [now, 0];
      // The outage explains it.
      if (down || lines === MAX_LINES) return;
      lines += 1;
      const why = describe();
      if (why !== undefined) logger.warn(`matrix-jwt-login: ${loginType}: ${why}`);
    },
  };
}

/** As {@link keyWatcher}, of introspection. */
export function introspectionWatcher(
  loginType: string,
  logger: Logger,
  notify: Notify<KeysErrorEvent> | undefined,
): IntrospectionWatcher {
  let down = false;
  return {
    failed(error) {
      const why = error.cause instanceof Error ? error.cause.message : "no answer";
      if (!down) logger.warn(`matrix-jwt-login: ${loginType} can't introspect tokens, and its logins get 503: ${why}`);
      down = true;
      notify?.({ loginType, error, source: "introspection" });
    },
    recovered() {
      down = false;
      logger.info(`matrix-jwt-login: ${loginType} can introspect tokens again`);
    },
  };
}
