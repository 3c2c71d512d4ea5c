/**
 * An option that can't be right. Thrown when the middleware, the core or a verifier is made, never later.
 */
export class OptionsError extends Error {
  /** Always `"OptionsError"`. */
  override readonly name = "OptionsError";
  /** Always `"options"`: tells it where `instanceof` can't, as the package can be loaded twice. */
  readonly code = "options";
  /** Where the option stands, e.g. `loginTypes["org.matrix.login.jwt"].secret`. */
  readonly path: string;

  /**
   * @param path - where the option stands
   * @param problem - what is wrong and what would be right, as a sentence that follows the path
   * @param options - `cause`: the error behind it, if there is one
   */
  constructor(path: string, problem: string, options?: { cause?: unknown }) {
    super(`${path === "" ? "options" : path} ${problem}`, options);
    this.path = path;
  }
}
