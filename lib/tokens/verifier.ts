import type { KeyObject } from "node:crypto";

import type { OptionReader } from "../support/checks.js";
import type { Algorithm } from "./readers/algorithms.js";
import { checkClaims, type Claims } from "./claims.js";
import { checkCritical, parseCompact, type CompactToken, type JoseHeader } from "./readers/compact.js";
import { TokenError } from "./errors.js";
import type { KeyContext } from "./keys/parse-key-source.js";
import { parseVerifierOptions, type Authorize, type VerifierConfig } from "./parse-options.js";
import { verifySignature } from "./readers/signature.js";

/** A token that passed every check of its own. What is left is the host's say. */
export interface VerifiedToken {
  readonly claims: Claims;
  /** What `subjectClaim` points at: a non-empty string. */
  readonly subject: string;
  /** What was signed: tells tokens apart, where their text does not. */
  readonly signingInput: string;
}

/**
 * Verifies tokens by one login type's options, each rule once and in this order: length, shape and encoding, critical
 * extensions, algorithm, key, signature, claims, subject.
 */
export class Verifier {
  readonly config: VerifierConfig;

  constructor(options: OptionReader, context: KeyContext) {
    this.config = parseVerifierOptions(options, context);
  }

  get authorize(): Authorize | undefined {
    return this.config.authorize;
  }

  ready(): Promise<void> {
    return this.config.keys.ready();
  }

  /**
   * Synchronous where the key is at hand.
   *
   * @throws TokenError
   * @throws KeysUnavailableError
   */
  verify(token: unknown): VerifiedToken | Promise<VerifiedToken> {
    if (typeof token !== "string") throw new TokenError("missing", "token is missing or not a string");
    checkLength(token, this.config);
    const parsed = parseCompact(token);
    checkCritical(parsed.header);
    const algorithm = allowedAlgorithm(parsed.header, this.config);
    const found = this.config.keys.keysFor({ algorithm, kid: parsed.header.kid });
    return found instanceof Promise
      ? found.then((late) => this.#verifyWith(late, parsed, algorithm))
      : this.#verifyWith(found, parsed, algorithm);
  }

  #verifyWith(keys: readonly KeyObject[], token: CompactToken, algorithm: Algorithm): VerifiedToken {
    checkKnown(keys);
    const claims = verifiedClaims(token, algorithm, keys);
    checkClaims({ header: token.header, claims }, this.config.rules, Date.now() / 1_000);
    return { claims, subject: subjectOf(claims, this.config), signingInput: token.signingInput };
  }
}

// Each rule by itself, as `explain` applies them.

export function checkLength(token: string, { maxTokenLength }: VerifierConfig): void {
  if (token.length <= maxTokenLength) return;
  throw new TokenError("too_long", "token is longer than the option `maxTokenLength` of this login type allows");
}

/** RFC 8725 section 3.1. */
export function allowedAlgorithm({ alg }: JoseHeader, { algorithms }: VerifierConfig): Algorithm {
  if (algorithms.has(alg)) return alg as Algorithm;
  throw new TokenError("algorithm", "token algorithm not allowed (alg)");
}

export function checkKnown(keys: readonly KeyObject[]): void {
  if (keys.length === 0) throw new TokenError("unknown_key", "token key not known (kid, alg)");
}

export function verifiedClaims(token: CompactToken, algorithm: Algorithm, keys: readonly KeyObject[]): Claims {
  for (const key of keys) {
    const claims = verifySignature(token, algorithm, key);
    if (claims !== undefined) return claims;
  }
  throw new TokenError("signature", "token signature invalid");
}

export function subjectOf(claims: Claims, config: VerifierConfig): string {
  const subject = config.subject(claims);
  if (typeof subject === "string" && subject !== "") return subject;
  throw new TokenError("subject", "token has no usable subject");
}
