import type { Logger } from "../support/logger.js";

/** Says an outage once when it begins and once when it ends: an operator needs no line for each login. */
export class Outage {
  readonly #what: string;
  readonly #logger: Logger;
  #underWay = false;

  constructor(what: string, logger: Logger) {
    this.#what = what;
    this.#logger = logger;
  }

  seen(cause: unknown): void {
    if (this.#underWay) return;
    this.#underWay = true;
    this.#logger.error(new Error(`matrix-jwt-login: ${this.#what} does not work; logins are refused`, { cause }));
  }

  over(): void {
    if (!this.#underWay) return;
    this.#underWay = false;
    this.#logger.info(`matrix-jwt-login: ${this.#what} works again`);
  }
}
