/**
 * The options that only a login over HTTP has.
 *
 * @typeParam Req - the type of the request
 */
export interface HttpOptions<Req = unknown> {
  /**
   * Add the login types to your own answer to `GET /login`, or answer with them alone.
   *
   * @remarks
   * They are added to a 200 that is an object with a `flows` array. A 404 or 405 is replaced. Anything else passes unchanged.
   *
   * @defaultValue `"merge"`
   */
  readonly flows?: "merge" | "replace" | undefined;
  /**
   * What to do with a login of another type: your own handlers get it untouched, or it is refused with 400.
   *
   * @defaultValue `"next"`
   */
  readonly unknownLoginType?: "next" | "reject" | undefined;
  /**
   * The most bytes of a login request that are buffered. A longer request goes to your own handlers, or is 413 with
   * `unknownLoginType: "reject"`.
   *
   * @unit bytes
   * @defaultValue `65536`
   */
  readonly bodyLimit?: number | undefined;
  /**
   * Set the CORS headers of the specification's "Web browser clients", and answer `OPTIONS`.
   *
   * @remarks
   * A header that you have already set stays.
   *
   * @defaultValue `true`
   */
  readonly cors?: boolean | undefined;
  /**
   * Returns the client's address, instead of `req.ip` under Express or `req.socket.remoteAddress`: for servers behind a proxy
   * without Express's `trust proxy`.
   *
   * @remarks
   * Rate limits count by it. Read a header that your own proxy always sets itself.
   *
   * @defaultValue none
   */
  readonly clientAddress?: ((req: Req) => string | undefined) | undefined;
}
