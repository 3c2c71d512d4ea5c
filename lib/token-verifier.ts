import type { HostFailure } from "./support/host-failure.js";
import { consoleLogger } from "./support/logger.js";
import { introspectionWatcher, keyWatcher } from "./login/events.js";
import type { LoginTypeOptions } from "./login/login-type.js";
import { parseLoginType } from "./login/parse-login-type.js";
import { IntrospectionUnavailableError, KeysUnavailableError } from "./remote/errors.js";
import type { Claims } from "./tokens/claims.js";
import { TokenError } from "./tokens/errors.js";
import { SharedJwks } from "./tokens/keys/shared-jwks.js";

/** Verifies tokens by themselves. Its functions need no `this`. */
export interface TokenVerifier {
  /**
   * Verifies one token, in compact serialization (RFC 7515 section 7.1).
   *
   * @returns the claims of a token that passed every check
   * @throws TokenError where the token is refused
   * @throws KeysUnavailableError, or IntrospectionUnavailableError, if that can't be told right now
   */
  readonly verify: (token: string) => Promise<Claims>;
  /**
   * Resolves when the keys are at hand; fetches them if need be.
   *
   * @throws KeysUnavailableError where they can't be had
   */
  readonly ready: () => Promise<void>;
}

/**
 * Makes a verifier by a login type's options: for a host that wants the token checked and no login. What concerns users
 * and logins (`allowRegistration`, `identifier`, `subjectFormat`, `localpart`, `displayNameClaim`, `singleUse`) is accepted
 * and not acted on.
 *
 * @param options - those of a login type
 * @throws OptionsError where an option can't be right
 */
export function createTokenVerifier(options: LoginTypeOptions): TokenVerifier {
  const watcher = keyWatcher("a token verifier", consoleLogger, undefined);
  const { verifier } = parseLoginType(options, "", {
    shared: new SharedJwks(),
    watcher,
    introspectionWatcher: introspectionWatcher("a token verifier", consoleLogger, undefined),
  });
  return Object.freeze({
    async verify(token: string): Promise<Claims> {
      try {
        const verified = await verifier.verify(token);
        await verifier.authorize(verified, {});
        return verified.claims;
      } catch (error) {
        if (error instanceof TokenError || error instanceof KeysUnavailableError) throw error;
        if (error instanceof IntrospectionUnavailableError) throw error;
        // A function of the host's failed, so the token is refused.
        const { cause } = error as HostFailure;
        throw new TokenError("unauthorized", "token could not be judged", { cause });
      }
    },
    ready: () => verifier.ready(),
  });
}
