import { AccessAttempt, AccessCheck } from "../access/access-check.js";
import { parseAuthorization } from "../access/authorization.js";
import type { AccessContext, BearerAuthOptions, MatrixAccess } from "../access/options.js";
import { bearerOptions, parseBearerOptions, WITHIN_BEARER } from "../access/parse-options.js";
import { rejectionOf } from "../access/refusal.js";
import { clientGone } from "../matrix/errors.js";
import { ClientGone } from "../support/client-gone.js";
import { optionsOf } from "../support/options.js";

/** The check of access tokens, without a web framework. Its functions need no `this`. */
export interface BearerAuth<User = undefined, Req = unknown> {
  /**
   * Verifies the access token of one request.
   *
   * @param authorization - the value of the `Authorization` header; undefined or null if there is none
   * @param context - who asks
   * @throws MatrixError, and nothing else: `statusCode` and `toJSON()` are status and body of the answer. The header
   * `WWW-Authenticate` of 401 and 403 (RFC 6750 section 3) is the caller's: at least `Bearer`
   */
  authenticate(
    this: void,
    authorization: string | null | undefined,
    context?: AccessContext<Req>,
  ): Promise<MatrixAccess<User>>;
  /**
   * Resolves once all keys, and the documents that name endpoints, have been fetched.
   *
   * @throws KeysUnavailableError if keys are temporarily unavailable, IntrospectionUnavailableError
   * if the document that names the introspection endpoint can't be fetched
   */
  ready(this: void): Promise<void>;
}

/**
 * Makes a check of access tokens without Express: for another framework, or for a host's own handlers.
 *
 * @param options - checked here, never later
 * @throws OptionsError if an option is invalid
 */
export function createBearerAuth<User = undefined, Req = unknown>(
  options: BearerAuthOptions<User, Req>,
): BearerAuth<User, Req> {
  const config = parseBearerOptions(optionsOf(bearerOptions<User, Req>(), WITHIN_BEARER)(options, ""));
  const check = new AccessCheck(config, { passesForeign: false });
  return Object.freeze({
    async authenticate(authorization: string | null | undefined, context?: AccessContext<Req>) {
      const attempt = new AccessAttempt(context ?? {});
      try {
        return await check.access(parseAuthorization(authorization), attempt);
      } catch (error) {
        if (error instanceof ClientGone) throw clientGone();
        const rejection = rejectionOf(error);
        check.report(error, rejection, attempt);
        throw rejection.answer;
      }
    },
    ready: () => check.ready(),
  });
}
