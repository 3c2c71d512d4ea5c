import type { KeyObject } from "node:crypto";

import type { ClaimedToken, Claims } from "../claim-rules.js";
import type { KeyQuery } from "../keys/key-source.js";
import type { Steps } from "../steps.js";

/** Proves a token: by its signature, or by asking the server that issued it; or decrypts it, and has another reader prove the content. */
export interface TokenReader {
  /**
   * Synchronous if nothing has to be fetched.
   *
   * @throws TokenError if the token is not proven
   * @throws KeysUnavailableError if keys are temporarily unavailable; another proof has an `UnavailableError` of its own
   */
  read(token: string, steps: Steps): Proven | Promise<Proven>;

  /** Resolves once everything that reading needs has been fetched. */
  ready(): Promise<void>;
}

/** A second proof of a token that a reader has proven and whose claims are good, e.g. introspection beside a signature. */
export interface SecondProof {
  /**
   * @returns `proven` with what the second proof adds
   * @throws TokenError if the token is refused after all
   */
  confirm(token: string, proven: Proven, steps: Steps): Proven | Promise<Proven>;

  /** As for {@link TokenReader.ready}, if there is anything to fetch. */
  ready?(): Promise<void>;
}

/** A proven token, before any rule about its claims. */
export interface Proven extends ClaimedToken {
  /** What single use knows the token by: equal for every text of the same token. */
  readonly fingerprint: string;
  /** The key that verified it, and what was asked of the key source to get it. */
  readonly verifiedBy: { readonly key: KeyObject; readonly query: KeyQuery } | undefined;
  /** The introspection endpoint's answer (RFC 7662 section 2.2), if it confirmed the token. */
  readonly introspection: Claims | undefined;
}
