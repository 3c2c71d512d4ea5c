/**
 * What only a login over HTTP has to know.
 *
 * @typeParam Req - the type of the request
 */
export interface HttpOptions<Req = unknown> {
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
   * Who answers what is no login of one of the `loginTypes`: the host's handlers get it untouched, or it is refused with 400.
   *
   * @defaultValue `"next"`
   */
  readonly unknownLoginType?: "next" | "reject";
  /**
   * No more of a login request is ever buffered. A longer one is no login by JWT: it is the host's, or 413.
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
  /**
   * The client's address, instead of `req.ip` under Express or `req.socket.remoteAddress`: for hosts behind a proxy that do
   * not have Express's `trust proxy`.
   *
   * @remarks
   * Rate limits count by it. Read a header that your own proxy always sets itself.
   *
   * @defaultValue none
   */
  readonly clientAddress?: (req: Req) => string | undefined;
}
