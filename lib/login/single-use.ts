import { useOf, type TokenUse } from "../limits/used-tokens.js";
import type { Claims } from "../tokens/claims.js";
import { TokenError } from "../tokens/errors.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import type { SingleUse } from "./parse-login.js";

/** Seconds. What must be remembered longer fills any store, and outlives what timers can wait. */
const FURTHEST_EXPIRY = 7 * 86_400;

/** @throws TokenError where the token could be used for longer than a use of it is remembered */
export function checkExpiry({ exp }: Claims): void {
  if (exp === undefined) throw new TokenError("expiry_missing", "token has no expiry (exp)");
  if (exp - Date.now() / 1_000 > FURTHEST_EXPIRY) {
    throw new TokenError("expiry_too_far", "token expires more than 7 days from now (exp)");
  }
}

/** @throws TokenError where it has been claimed before */
export async function claim({ usedTokens, clockTolerance }: SingleUse, token: VerifiedToken): Promise<TokenUse> {
  const use = useOf(token.fingerprint, Number(token.claims.exp) + clockTolerance);
  if (await usedTokens.claim(use)) return use;
  throw new TokenError("used", "token used before");
}

/** What fails leaves the token as good as it was. */
export async function orGiveBack<T>({ usedTokens }: SingleUse, use: TokenUse, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await usedTokens.giveBack(use);
    throw error;
  }
}
