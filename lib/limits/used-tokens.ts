import { createHash } from "node:crypto";

/** One use of a token. */
export interface TokenUse {
  /** `used:` and the SHA-256 of the token's signing input, in hexadecimal. */
  readonly key: string;
  /** Seconds since 1970 until which the token may be accepted. */
  readonly until: number;
}

/** What is remembered of tokens that log in once. */
export interface UsedTokens {
  /**
   * False: it is claimed already.
   *
   * @throws LimiterUnavailable
   */
  claim(use: TokenUse): boolean | Promise<boolean>;
  /** Never throws. */
  giveBack(use: TokenUse): void | Promise<void>;
}

/**
 * By what was signed (RFC 7515 section 5.2), not by the token's text: of one token, anybody can make others whose
 * signature is as good.
 */
export function useOf(signingInput: string, until: number): TokenUse {
  return { key: `used:${createHash("sha256").update(signingInput).digest("hex")}`, until };
}
