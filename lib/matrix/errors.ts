/** Options of a {@link MatrixError}. */
export interface MatrixErrorOptions {
  /**
   * HTTP status, a whole number from 400 to 599.
   *
   * @defaultValue `403`
   */
  readonly statusCode?: number;
  /**
   * Further members of the error's JSON, e.g. `{ soft_logout: true }`. `errcode` and `error` can't be replaced.
   *
   * @defaultValue none
   */
  readonly fields?: Readonly<Record<string, unknown>>;
  /**
   * Milliseconds after which another try makes sense: sent as `Retry-After`, in whole seconds; with
   * `M_LIMIT_EXCEEDED` as `retry_after_ms` too.
   *
   * @unit milliseconds
   * @defaultValue none
   */
  readonly retryAfterMs?: number;
  /** For the log; never sent. */
  readonly cause?: unknown;
}

// Two copies of this package can be loaded beside each other (CommonJS and ES modules), so `instanceof` would miss one.
const MARK = Symbol.for("matrix-jwt-login.MatrixError");

/**
 * An error that is sent to the client: the standard error response of the Matrix client-server API. If a callback throws it, it
 * is the answer to the login or API request.
 */
export class MatrixError extends Error {
  /** Always `"MatrixError"`. */
  override readonly name = "MatrixError";
  /** e.g. `M_FORBIDDEN`. */
  readonly errcode: string;
  /** HTTP status, 400 to 599. */
  readonly statusCode: number;
  /** Further members of the error's JSON. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Milliseconds after which another try makes sense, if known. */
  readonly retryAfterMs: number | undefined;

  /**
   * @param errcode - the spec's or the host's own code, e.g. `M_USER_DEACTIVATED`
   * @param message - sent as `error`; unless given, the errcode
   * @param options - status, further fields, and what is for the log alone
   * @throws RangeError if `statusCode` is not that of an error
   * @throws TypeError if `errcode` is no string, or has white space and no message is given; if `message` is an object, or
   * `options` none; if `options` has a member `status`
   */
  constructor(errcode: string, message: string = errcode, options: MatrixErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    // A code of a host's own may be odd; a text by itself is no code.
    if (typeof errcode !== "string" || (message === errcode && /\s/.test(errcode))) {
      throw new TypeError('the errcode comes first, as in new MatrixError("M_FORBIDDEN", "This user is locked")');
    }
    const isSecond = typeof message !== "string" && Object(message) === message;
    if (isSecond || typeof options !== "object" || "status" in options) {
      throw new TypeError("the status is a member of the third argument, as in { statusCode: 401 }");
    }
    const { statusCode = 403, fields = {}, retryAfterMs } = options;
    if (!Number.isInteger(statusCode) || statusCode < 400 || statusCode > 599) {
      throw new RangeError(`statusCode must be a whole number from 400 to 599, not ${String(statusCode)}`);
    }
    this.errcode = errcode;
    this.statusCode = statusCode;
    this.fields = fields;
    this.retryAfterMs = retryAfterMs;
    Object.defineProperty(this, MARK, { value: true });
  }

  /**
   * A user who is locked (client-server API, "Account locking"): 401 `M_USER_LOCKED`, `soft_logout: true`.
   *
   * @param message - sent as `error`
   */
  static userLocked(message = "This account has been locked"): MatrixError {
    return new MatrixError("M_USER_LOCKED", message, { statusCode: 401, fields: { soft_logout: true } });
  }

  /**
   * A user who is deactivated: 403 `M_USER_DEACTIVATED`.
   *
   * @param message - sent as `error`
   */
  static userDeactivated(message = "This account has been deactivated"): MatrixError {
    return new MatrixError("M_USER_DEACTIVATED", message);
  }

  /** The body of the answer. */
  toJSON(): Readonly<Record<string, unknown>> {
    // "Rate limiting" of the client-server API: some clients read the JSON alone.
    const limited = this.errcode === "M_LIMIT_EXCEEDED" && this.retryAfterMs !== undefined;
    return {
      ...(limited && { retry_after_ms: this.retryAfterMs }),
      ...this.fields,
      errcode: this.errcode,
      error: this.message,
    };
  }
}

export function isMatrixError(error: unknown): error is MatrixError {
  return typeof error === "object" && error !== null && MARK in error;
}

/** When an attempt makes sense again, in whole seconds (RFC 9110 section 10.2.3): some clients fail on a fraction. */
export function retryAfterOf({ retryAfterMs, fields }: MatrixError): number | undefined {
  const ms = retryAfterMs ?? fields["retry_after_ms"];
  return typeof ms === "number" && Number.isFinite(ms) && ms >= 0 ? Math.ceil(ms / 1_000) : undefined;
}

/** The status is nginx's for this; nobody is left to read it. */
export function clientGone(): MatrixError {
  return new MatrixError("M_UNKNOWN", "The client has hung up", { statusCode: 499 });
}
