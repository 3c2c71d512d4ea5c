/**
 * An invalid option. Thrown when what takes the options is made. After that it can only be the `cause` of another error: for
 * example, if a discovery document names a `jwks_uri` that is no URL.
 */
export class OptionsError extends Error {
  /** Always `"OptionsError"`. */
  override readonly name = "OptionsError";
  /** Always `"options"`. Check this instead of `instanceof` if the package may be loaded twice. */
  readonly code = "options";
  /** Path of the option, e.g. `loginTypes["org.matrix.login.jwt"].secret`. */
  readonly path: string;

  /**
   * @param path - of the option
   * @param problem - what is wrong and what would be right, as a sentence that follows the path
   * @param options - `cause`: the error behind it, if there is one
   */
  constructor(path: string, problem: string, options?: { cause?: unknown }) {
    super(`${path === "" ? "options" : path} ${problem}`, options);
    this.path = path;
  }
}
