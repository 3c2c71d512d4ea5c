import type { KeyObject } from "node:crypto";

import type { Algorithm } from "../readers/algorithms.js";

/** What of a token's header may choose a key: never `jwk`, `jku`, `x5u` or `x5c` (RFC 8725 section 3.10). */
export interface KeyQuery {
  readonly algorithm: Algorithm;
  readonly kid: string | undefined;
}

/** Where a login type's keys come from. */
export interface KeySource {
  /**
   * The keys that may verify a token, best first: at once where they are known, and none where none fits.
   *
   * Rejects with {@link KeysUnavailableError} where that can't be told just now.
   */
  keysFor(query: KeyQuery): readonly KeyObject[] | Promise<readonly KeyObject[]>;

  /** The algorithms that its keys fit now; where they are still to be fetched, all that they may fit. */
  readonly algorithms: ReadonlySet<Algorithm>;

  /** The algorithms that its keys may come to fit: what is allowed where the host does not say. */
  readonly possibleAlgorithms: ReadonlySet<Algorithm>;

  /** Settles when keys are there; rejects with {@link KeysUnavailableError}. */
  ready(): Promise<void>;
}

/** How many keys a token is tried against at most, so that a token without a `kid` costs no more than that. */
export const MAX_CANDIDATES = 8;
