import type { JwtLoginOptions } from "./login.js";

/** What only a mounted middleware has to know. */
export interface HttpOptions {
  /** Add our flows to the host's own answer to `GET /login`, or answer alone. Default `"merge"`. */
  readonly flows?: "merge" | "replace";
  /** What becomes of a login of another type: the host's handlers get it, or it is refused with 400. Default `"next"`. */
  readonly unknownLoginType?: "next" | "reject";
  /** Bytes of a login request's body; a longer one is 413. Default 65536. */
  readonly bodyLimit?: number;
  /** Set the CORS headers of the specification's "Web browser clients", and answer `OPTIONS`. Default true. */
  readonly cors?: boolean;
}

/**
 * The options of the middleware.
 *
 * @typeParam User - the host's own type, inferred from `findUser`
 */
export type MatrixJwtLoginOptions<User, Req = unknown> = JwtLoginOptions<User, Req> & HttpOptions;
