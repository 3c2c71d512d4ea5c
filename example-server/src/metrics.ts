import type { Fetch, JwksOptions, KeysErrorEvent, LoginEvent, RejectEvent } from "matrix-jwt-login";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/**
 * What Prometheus reads. Each label has a few values that are known ahead, login types, reasons and statuses: a user ID or
 * an address would make a time series each.
 */
export class Metrics {
  readonly registry = new Registry();

  readonly #logins = new Counter({
    name: "matrix_jwt_logins_total",
    help: "Logins by token that succeeded",
    labelNames: ["type"],
    registers: [this.registry],
  });
  readonly #rejects = new Counter({
    name: "matrix_jwt_login_rejects_total",
    help: "Logins by token that were refused, or failed",
    labelNames: ["type", "reason", "status"],
    registers: [this.registry],
  });
  readonly #seconds = new Histogram({
    name: "matrix_jwt_login_duration_seconds",
    help: "From the submission to the decision about it",
    labelNames: ["type", "outcome"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  readonly #keyErrors = new Counter({
    name: "matrix_jwt_login_key_errors_total",
    help: "Fetches or reads of keys that failed",
    labelNames: ["type"],
    registers: [this.registry],
  });
  readonly #keyFetches = new Counter({
    name: "matrix_jwt_login_key_fetches_total",
    help: "Requests for keys, and for where they are, by the answer's status",
    labelNames: ["status"],
    registers: [this.registry],
  });
  readonly #keysFetchedAt = new Gauge({
    name: "matrix_jwt_login_keys_fetched_timestamp_seconds",
    help: "When such a request was last answered with 200; the time since is the age of the cached keys",
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  readonly onLogin = ({ loginType: type, durationMs }: LoginEvent): void => {
    this.#logins.inc({ type });
    this.#seconds.observe({ type, outcome: "login" }, durationMs / 1000);
  };

  readonly onReject = ({ loginType: type, reason, statusCode: status, durationMs }: RejectEvent): void => {
    this.#rejects.inc({ type, reason, status });
    this.#seconds.observe({ type, outcome: "reject" }, durationMs / 1000);
  };

  readonly onKeysError = ({ loginType: type }: KeysErrorEvent): void => {
    this.#keyErrors.inc({ type });
  };

  /** Counts what keys are fetched. */
  readonly #fetchKeys: Fetch = async (url, init) => {
    try {
      const response = await fetch(url, init);
      // Codes are exchanged by POST.
      if (init.method !== "GET") return response;
      this.#keyFetches.inc({ status: response.status });
      if (response.status === 200) this.#keysFetchedAt.setToCurrentTime();
      return response;
    } catch (error) {
      if (init.method === "GET") this.#keyFetches.inc({ status: "none" });
      throw error;
    }
  };

  /**
   * For all that asks the identity provider. Plain HTTP is for loopback addresses otherwise; the provider for development is
   * wherever this server listens.
   */
  readonly jwksOptions: JwksOptions = { allowHttp: true, fetch: this.#fetchKeys };
}
