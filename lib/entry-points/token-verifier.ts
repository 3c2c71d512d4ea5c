import { type LoginTypeOptions, parseLoginType } from "../login/login-type.js";
import { at, callback } from "../support/checks.js";
import { HostFailure } from "../support/host-failure.js";
import { anyLogger, consoleLogger, type Logger } from "../support/logger.js";
import { optional, type OptionsOf, optionsOf } from "../support/options.js";
import { OptionsError } from "../support/options-error.js";
import type { Claims } from "../tokens/claim-rules.js";
import { tokenContexts, withoutLoginType } from "../tokens/context.js";
import { TokenError } from "../tokens/errors.js";
import { type KeyCache, keyCache } from "../tokens/keys/shared-jwks.js";
import type { KeysErrorEvent } from "../tokens/options.js";

/** Verifies tokens by themselves. Its functions need no `this`. */
export interface TokenVerifier {
  /**
   * Verifies one token, in compact serialization (RFC 7515 section 7.1).
   *
   * @returns the claims of a token that passed every check
   * @throws TokenError if the token is refused
   * @throws KeysUnavailableError or IntrospectionUnavailableError if the token cannot be checked right now
   */
  readonly verify: (token: string) => Promise<Claims>;
  /**
   * Resolves once the keys, and the documents that name endpoints, have been fetched.
   *
   * @throws KeysUnavailableError if keys are temporarily unavailable, IntrospectionUnavailableError
   * if the document that names the introspection endpoint can't be fetched
   */
  readonly ready: () => Promise<void>;
}

/** What a verifier may share with the rest of your server. */
export interface TokenVerifierContext {
  /**
   * Logs outages of keys and of introspection: pino and `console` fit, `false` for none. Never gets a token, a secret or a key.
   *
   * @defaultValue `console`'s warnings and errors
   */
  readonly logger?: Logger | false | undefined;
  /**
   * Called after each fetch or read of keys, and each introspection, that failed.
   *
   * @remarks
   * What it throws is logged and changes nothing.
   *
   * @defaultValue none
   */
  readonly onKeysError?: ((event: Omit<KeysErrorEvent, "loginType">) => void) | undefined;
  /**
   * Shares keys and discovery documents with whatever is given the same handle and asks the same endpoint with the same
   * `jwksOptions`.
   *
   * @defaultValue none
   */
  readonly keyCache?: KeyCache | undefined;
}

const VERIFIER_CONTEXT_OPTIONS = {
  logger: optional(anyLogger, consoleLogger),
  onKeysError: optional(callback<NonNullable<TokenVerifierContext["onKeysError"]>>),
  keyCache: optional(keyCache),
} satisfies OptionsOf<TokenVerifierContext>;

const contextOptions = optionsOf(VERIFIER_CONTEXT_OPTIONS, {}, "absent");

/**
 * Makes a verifier from a login type's options: for a host that wants tokens checked without a login. Options about users
 * and logins (`allowRegistration`, `identifier`, `subjectFormat`, `localpart`, `displayNameClaim`) are accepted and ignored.
 * `singleUse: true` is an {@link OptionsError}, as a verifier remembers no tokens.
 *
 * @param options - a login type's, or a list of them by issuer
 * @param context - logger and callbacks
 * @throws OptionsError if an option is invalid
 */
export function createTokenVerifier(
  options: LoginTypeOptions | readonly LoginTypeOptions[],
  context: TokenVerifierContext = {},
): TokenVerifier {
  const { logger, onKeysError, keyCache } = contextOptions(context, "");
  const contextFor = tokenContexts({ logger, keyCache, onKeysError: withoutLoginType(onKeysError) });
  const entries = parseLoginType(options, "", contextFor("a token verifier"));
  for (const [index, { singleUse }] of entries.all.entries()) {
    if (!singleUse) continue;
    const path = at(Array.isArray(options) ? at("", index) : "", "singleUse");
    throw new OptionsError(path, "must not be true: a verifier remembers no tokens; have a login check this one");
  }
  return Object.freeze({
    async verify(token: string): Promise<Claims> {
      try {
        const { verifier } = await entries.for(token);
        const verified = await verifier.verify(token);
        await verifier.authorize(verified, {});
        return verified.claims;
      } catch (error) {
        // A function of the host's failed, so the token is refused.
        if (!(error instanceof HostFailure)) throw error;
        throw new TokenError("unauthorized", "token could not be judged", { cause: error.cause });
      }
    },
    ready: () => entries.ready(),
  });
}
