/** What only a mounted middleware has to know. */
export interface HttpOptions {
  /**
   * Add our flows to the host's own answer to `GET /login`, or answer alone.
   *
   * @remarks
   * Merged into a 200 that is an object with a `flows` array; a 404 or 405 becomes our answer; anything else passes unchanged.
   *
   * @defaultValue `"merge"`
   */
  readonly flows?: "merge" | "replace";
  /**
   * What becomes of a login of another type: the host's handlers get it, or it is refused with 400.
   *
   * @defaultValue `"next"`
   */
  readonly unknownLoginType?: "next" | "reject";
  /**
   * A longer body of a login request is 413, and no more is ever kept.
   *
   * @unit bytes
   * @defaultValue `65536`
   */
  readonly bodyLimit?: number;
  /**
   * Set the CORS headers of the specification's "Web browser clients", and answer `OPTIONS`.
   *
   * @remarks
   * A header that the host has set already is left as it is.
   *
   * @defaultValue `true`
   */
  readonly cors?: boolean;
}
