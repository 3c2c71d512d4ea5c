import type { Logger } from "../support/logger.js";
import { placeOf } from "./address.js";
import { Asked, begin } from "./asked.js";
import { FailureLimit } from "./failure-limit.js";
import type { RateLimiter, RateLimits } from "./limiter.js";

/** Lets logins in by the host's limiters. */
export class LoginLimits {
  readonly #address: AttemptLimit | undefined;
  readonly #account: AttemptLimit | undefined;
  readonly #failures: FailureLimit | undefined;

  constructor({ address, account, failures }: RateLimits, logger: Logger) {
    this.#address = address && new AttemptLimit(address, "the limiter rateLimits.address", logger);
    this.#account = account && new AttemptLimit(account, "the limiter rateLimits.account", logger);
    this.#failures = failures && new FailureLimit(failures, logger);
  }

  /**
   * Does the work of a login from this address, if there is one and its limits allow it.
   *
   * @param isFailure - which error of the work counts for `failures`
   * @throws RateLimited
   * @throws LimiterUnavailable
   */
  async admit<T>(ip: string | undefined, work: () => Promise<T>, isFailure: (error: unknown) => boolean): Promise<T> {
    if (ip === undefined || ip === "") return work();
    const place = placeOf(ip);
    await this.#address?.consume(`address:${place}`);
    return this.#failures === undefined ? work() : this.#failures.around(`failures:${place}`, work, isFailure);
  }

  /**
   * @throws RateLimited
   * @throws LimiterUnavailable
   */
  async countLogin(userId: string): Promise<void> {
    await this.#account?.consume(`account:${userId.toLowerCase()}`);
  }
}

class AttemptLimit {
  readonly #limiter: RateLimiter;
  readonly #asked: Asked;

  constructor(limiter: RateLimiter, what: string, logger: Logger) {
    this.#limiter = limiter;
    this.#asked = new Asked(what, logger);
  }

  async consume(key: string): Promise<void> {
    await this.#asked.answer(begin(() => this.#limiter.consume(key)));
  }
}
