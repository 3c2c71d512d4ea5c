import type { Logger } from "../support/logger.js";
import { once } from "../support/once.js";
import { placeOf } from "./address.js";
import { FailureLimit } from "./failure-limit.js";
import type { FailureLimiter, RateLimiter } from "./limiter.js";
import { beginConsume, LimiterCall } from "./limiter-call.js";

/** The host's limiters, as `RateLimits` has them. */
export interface Limiters {
  readonly address?: RateLimiter | undefined;
  readonly account?: RateLimiter | undefined;
  readonly failures?: FailureLimiter | undefined;
}

/** Applies the host's limiters. */
export class LoginLimits {
  readonly #address: AttemptLimit | undefined;
  readonly #account: AttemptLimit | undefined;
  readonly #failures: FailureLimit | undefined;
  readonly #warnOfUnknown: () => void;

  constructor({ address, account, failures }: Limiters, logger: Logger) {
    this.#address = address && new AttemptLimit(address, "the limiter rateLimits.address", logger);
    this.#account = account && new AttemptLimit(account, "the limiter rateLimits.account", logger);
    this.#failures = failures && new FailureLimit(failures, logger);
    this.#warnOfUnknown = once(() => {
      logger.warn(
        "matrix-jwt-login: a client's address is not known, so rateLimits count such clients together as `unknown`; " +
          "is the server behind a Unix socket, or `ip` missing in the context?",
      );
    });
  }

  /**
   * Does some work for a client at this address, if the address's limits allow it.
   *
   * @param ip - null, undefined or empty: clients without an address count together
   * @param isFailure - which error of the work counts for `failures`
   * @throws Refusal `rate_limited` or `limiter_unavailable`
   */
  async admit<T>(
    ip: string | null | undefined,
    work: () => Promise<T>,
    isFailure: (error: unknown) => boolean,
  ): Promise<T> {
    if (this.#address === undefined && this.#failures === undefined) return work();
    const place = placeOf(ip ?? "") || this.#unknownPlace();
    await this.#address?.consume(`address:${place}`);
    return this.#failures === undefined ? work() : this.#failures.around(`failures:${place}`, work, isFailure);
  }

  /** @throws Refusal `rate_limited` or `limiter_unavailable` */
  async countLogin(userId: string): Promise<void> {
    await this.#account?.consume(`account:${userId.toLowerCase()}`);
  }

  #unknownPlace(): string {
    this.#warnOfUnknown();
    return "unknown";
  }
}

class AttemptLimit {
  readonly #limiter: RateLimiter;
  readonly #call: LimiterCall;

  constructor(limiter: RateLimiter, what: string, logger: Logger) {
    this.#limiter = limiter;
    this.#call = new LimiterCall(what, logger);
  }

  async consume(key: string): Promise<void> {
    await this.#call.answer(beginConsume(() => this.#limiter.consume(key)));
  }
}
