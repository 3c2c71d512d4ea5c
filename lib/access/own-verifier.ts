import type { KeyObject } from "node:crypto";

import { optionsOf } from "../support/options.js";
import { type Algorithm, PUBLIC_KEY_ALGORITHMS } from "../tokens/algorithms.js";
import { CLAIM_OPTIONS, claimRules } from "../tokens/claim-options.js";
import { claimReader } from "../tokens/claim-reader.js";
import type { KeyQuery, KeySource } from "../tokens/keys/key-source.js";
import { DEFAULT_TOKEN_LENGTH } from "../tokens/parse-options.js";
import { SignedReader } from "../tokens/proofs/signed.js";
import { Verifier } from "../tokens/verifier.js";
import type { OwnTokens } from "./create-access-tokens.js";
import type { SigningKeys } from "./signing-keys.js";

const claimOptions = optionsOf(CLAIM_OPTIONS);

/** Verifies the tokens of `createAccessTokens` (RFC 9068 section 4). */
export function ownVerifier({ keys, issuer, audience }: OwnTokens): Verifier {
  const source = new OwnKeys(keys);
  const signed = new SignedReader(source, [...source.algorithms]);
  return new Verifier({
    reader: signed,
    signed,
    rules: claimRules({ ...claimOptions({ tokenType: "at+jwt", issuer, audience }, ""), requireExpiry: true }),
    subject: claimReader("sub", "subjectClaim"),
    maxTokenLength: DEFAULT_TOKEN_LENGTH,
    authorize: undefined,
  });
}

/** The keys that sign now, each for the one algorithm that it signs with, and by its name if it has one. */
class OwnKeys implements KeySource {
  readonly algorithms: ReadonlySet<Algorithm>;
  readonly possibleAlgorithms: ReadonlySet<Algorithm>;
  readonly usesKid: boolean;
  readonly #keys: SigningKeys;

  constructor(keys: SigningKeys) {
    const current = keys.current();
    this.#keys = keys;
    this.usesKid = current[0].jwk !== undefined;
    // A file may come to hold a key for another algorithm; a secret does not change.
    this.algorithms = this.usesKid ? PUBLIC_KEY_ALGORITHMS : new Set(current.map(({ algorithm }) => algorithm));
    this.possibleAlgorithms = this.algorithms;
  }

  keysFor({ algorithm, kid }: KeyQuery): readonly KeyObject[] {
    return this.#keys
      .current()
      .filter((key) => key.algorithm === algorithm && (key.jwk === undefined || key.jwk.kid === kid))
      .map(({ verifies }) => verifies);
  }

  holds(key: KeyObject): boolean {
    const { asymmetricKeyType: type } = key;
    // Compared with a key of another type, it would leave an error in OpenSSL that fails whatever key is read next.
    return this.#keys.current().some(({ verifies }) => verifies.asymmetricKeyType === type && verifies.equals(key));
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }
}
