import type { Logger } from "./logger.js";

/** Tells the operator of each outage once when it begins and once when it ends. What is down is known by identity or name. */
export class Outages {
  readonly #logger: Logger;
  readonly #down = new Set<unknown>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  began(what: unknown, line: string): void {
    if (!this.#down.has(what)) this.#logger.warn(`matrix-jwt-login: ${line}`);
    this.#down.add(what);
  }

  ended(what: unknown, line: string): void {
    if (this.#down.delete(what)) this.#logger.info(`matrix-jwt-login: ${line}`);
  }
}
