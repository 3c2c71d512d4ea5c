import { HostFailure } from "../support/host-failure.js";
import type { Claims } from "../tokens/claims.js";
import { KeysUnavailableError } from "../remote/errors.js";
import { TokenError } from "../tokens/errors.js";
import { SharedJwks } from "../tokens/keys/shared-jwks.js";
import { consoleLogger } from "../support/logger.js";
import { keyWatcher } from "./events.js";
import type { LoginTypeOptions } from "./login-type.js";
import { parseLoginType } from "./parse-login-type.js";

/** Verifies tokens by themselves. Its functions need no `this`. */
export interface TokenVerifier {
  /**
   * Verifies one token, in compact serialization (RFC 7515 section 7.1).
   *
   * @returns the claims of a token that passed every check
   * @throws TokenError where the token is refused
   * @throws KeysUnavailableError where that can't be told just now
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
  const { verifier } = parseLoginType(options, "", { shared: new SharedJwks(), watcher });
  const { authorize } = verifier;
  return Object.freeze({
    async verify(token: string): Promise<Claims> {
      try {
        const { claims } = await verifier.verify(token);
        if (authorize === undefined || (await authorize(claims, {})) === true) return claims;
      } catch (error) {
        if (error instanceof TokenError || error instanceof KeysUnavailableError) throw error;
        // A function of the host's failed: what it did not say yes to is refused.
        const cause = error instanceof HostFailure ? error.cause : error;
        throw new TokenError("unauthorized", "token could not be judged", { cause });
      }
      throw new TokenError("unauthorized", "token not authorized");
    },
    ready: () => verifier.ready(),
  });
}
