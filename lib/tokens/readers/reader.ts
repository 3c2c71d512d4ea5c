import type { Claims } from "../claims.js";

/**
 * Proves a token: by its signature, by asking the server that issued it, or by decrypting it for another reader. Nothing
 * above a reader knows how it does that.
 */
export interface TokenReader {
  /**
   * Synchronous if nothing has to be asked for.
   *
   * @throws TokenError if the token is not proven
   * @throws KeysUnavailableError if keys are temporarily unavailable; other proofs have an error of the same shape
   */
  read(token: string): Proven | Promise<Proven>;

  /** Resolves once all that is needed to read is there. */
  ready(): Promise<void>;
}

/** A proven token, before any rule about its claims. */
export interface Proven {
  readonly claims: Claims;
  /** The header's `typ` (RFC 7515 section 4.1.9), if there is one. */
  readonly typ?: unknown;
  /** What single use knows the token by: equal for every text of the same token. */
  readonly fingerprint: string;
}
