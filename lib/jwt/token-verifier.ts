import type { KeyObject } from "node:crypto";

import type { OptionReader } from "../checks/checks.js";
import type { Algorithm } from "./algorithms.js";
import { checkClaims, type Claims } from "./claims.js";
import { parseCompact, type CompactToken } from "./compact.js";
import { TokenError } from "./errors.js";
import type { KeyContext } from "./keys/parse-key-source.js";
import { parseVerifierOptions, type Authorize, type VerifierConfig } from "./parse-options.js";
import { verifySignature } from "./signature.js";

/** A token that passed every check of its own. What is left is the host's say. */
export interface VerifiedToken {
  readonly claims: Claims;
  /** What `subjectClaim` points at: a non-empty string. */
  readonly subject: string;
}

/**
 * Verifies tokens by one login type's options, each rule once and in this order: length, shape and encoding,
 * algorithm, key, signature, claims, subject.
 */
export class Verifier {
  readonly #config: VerifierConfig;

  constructor(options: OptionReader, context: KeyContext) {
    this.#config = parseVerifierOptions(options, context);
  }

  get authorize(): Authorize | undefined {
    return this.#config.authorize;
  }

  ready(): Promise<void> {
    return this.#config.keys.ready();
  }

  /**
   * Synchronous where the key is at hand.
   *
   * @throws TokenError
   * @throws KeysUnavailableError
   */
  verify(token: unknown): VerifiedToken | Promise<VerifiedToken> {
    const { keys, maxTokenLength } = this.#config;
    if (typeof token !== "string") throw new TokenError("missing", "token is missing or not a string");
    if (token.length > maxTokenLength) {
      throw new TokenError("too_long", "token is longer than the option `maxTokenLength` of this login type allows");
    }
    const parsed = parseCompact(token);
    const { kid } = parsed.header;
    const algorithm = this.#allowed(parsed.header.alg);
    const found = keys.keysFor({ algorithm, kid });
    return found instanceof Promise
      ? found.then((late) => this.#verifyWith(late, parsed, algorithm))
      : this.#verifyWith(found, parsed, algorithm);
  }

  /** RFC 8725 section 3.1. */
  #allowed(alg: unknown): Algorithm {
    if (this.#config.algorithms.has(alg)) return alg as Algorithm;
    throw new TokenError("algorithm", "token algorithm not allowed (alg)");
  }

  #verifyWith(keys: readonly KeyObject[], token: CompactToken, algorithm: Algorithm): VerifiedToken {
    if (keys.length === 0) throw new TokenError("unknown_key", "token key not known (kid, alg)");
    for (const key of keys) {
      const claims = verifySignature(token, algorithm, key);
      if (claims !== undefined) return this.#judge(token, claims);
    }
    throw new TokenError("signature", "token signature invalid");
  }

  #judge({ header }: CompactToken, claims: Claims): VerifiedToken {
    checkClaims(header, claims, this.#config.rules, Date.now() / 1_000);
    const subject = this.#config.subject(claims);
    if (typeof subject !== "string" || subject === "") throw new TokenError("subject", "token has no usable subject");
    return { claims, subject };
  }
}
