/** Keys cannot be had just now: says nothing about the token. `cause` says why; it is the operator's to read. */
export class KeysUnavailableError extends Error {
  /** Always `"KeysUnavailableError"`. */
  override readonly name = "KeysUnavailableError";
  /** Always `"keys_unavailable"`: tells it where `instanceof` can't, as the package can be loaded twice. */
  readonly code = "keys_unavailable";
  /** Seconds after which another attempt makes sense. */
  readonly retryAfter: number;

  /**
   * @param message - what the client is told
   * @param options - `cause`: what went wrong, for the log; `retryAfter`, in seconds
   */
  constructor(message: string, options: { cause?: unknown; retryAfter: number }) {
    super(message, { cause: options.cause });
    this.retryAfter = options.retryAfter;
  }
}

/**
 * The introspection endpoint could not be asked, or gave no answer that could be used: says nothing about the token. `cause`
 * says why; it is for the operator.
 */
export class IntrospectionUnavailableError extends Error {
  /** Always `"IntrospectionUnavailableError"`. */
  override readonly name = "IntrospectionUnavailableError";
  /** Always `"introspection_unavailable"`: tells it where `instanceof` can't, as the package can be loaded twice. */
  readonly code = "introspection_unavailable";
  /** Seconds after which another attempt makes sense. */
  readonly retryAfter: number;

  /**
   * @param message - what the client is told
   * @param options - `cause`: what went wrong, for the log; `retryAfter`, in seconds
   */
  constructor(message: string, options: { cause?: unknown; retryAfter: number }) {
    super(message, { cause: options.cause });
    this.retryAfter = options.retryAfter;
  }
}
