import type { Logger } from "./logger.js";

/** Tells the host of an event. Never throws. */
export type Notify<Event> = (event: Event) => void;

export function notifier<Event>(
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
      // It may be async despite its type, and nothing waits for it.
      Promise.resolve(listener(event)).catch(complain);
    } catch (cause) {
      complain(cause);
    }
  };
}
