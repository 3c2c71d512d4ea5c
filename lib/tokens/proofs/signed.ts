import type { KeyObject } from "node:crypto";

import { type Algorithm, ALGORITHMS } from "../algorithms.js";
import { checkCritical, type CompactToken, type JoseHeader, keyIdOf, parseCompact } from "../compact.js";
import { TokenError } from "../errors.js";
import type { KeyQuery, KeySource } from "../keys/key-source.js";
import type { Steps } from "../steps.js";
import type { Proven, TokenReader } from "./reader.js";
import { verifySignature } from "./signature.js";

/** Proves a JWT by its signature: shape and encoding, critical extensions, algorithm, key, signature. */
export class SignedReader implements TokenReader {
  readonly keys: KeySource;
  readonly algorithms: ReadonlySet<Algorithm>;

  constructor(keys: KeySource, algorithms: readonly Algorithm[]) {
    this.keys = keys;
    this.algorithms = new Set(algorithms);
  }

  ready(): Promise<void> {
    return this.keys.ready();
  }

  read(text: string, steps: Steps): Proven | Promise<Proven> {
    const token = steps.take("shape", () => this.#parse(text));
    const { header } = token;
    steps.check("crit", () => {
      checkCritical(header);
    });
    const algorithm = steps.take("alg", () => knownAlgorithm(header));
    steps.check("alg", () => {
      if (!this.algorithms.has(algorithm)) throw algorithmNotAllowed();
    });
    const query = { algorithm, kid: this.#keyIdOf(token) };
    const keys = steps.take("key", () => this.#keysFor(query));
    return keys instanceof Promise
      ? keys.then((late) => verified(token, query, late, steps))
      : verified(token, query, keys, steps);
  }

  #parse(text: string): CompactToken {
    const token = parseCompact(text);
    this.#keyIdOf(token);
    return token;
  }

  #keyIdOf({ header }: CompactToken): string | undefined {
    return keyIdOf(header, this.keys.usesKid);
  }

  #keysFor(query: KeyQuery): readonly KeyObject[] | Promise<readonly KeyObject[]> {
    const keys = this.keys.keysFor(query);
    return keys instanceof Promise ? keys.then(assertKnown) : assertKnown(keys);
  }
}

/** RFC 8725 section 3.1. */
function knownAlgorithm({ alg }: JoseHeader): Algorithm {
  const algorithm = ALGORITHMS.find((name) => name === alg);
  if (algorithm === undefined) throw algorithmNotAllowed();
  return algorithm;
}

function algorithmNotAllowed(): TokenError {
  return new TokenError("algorithm", "token algorithm not allowed (alg)");
}

function assertKnown(keys: readonly KeyObject[]): readonly KeyObject[] {
  if (keys.length === 0) throw new TokenError("unknown_key", "token key not known (kid, alg)");
  return keys;
}

function verified(token: CompactToken, query: KeyQuery, keys: readonly KeyObject[], steps: Steps): Proven {
  return steps.take("signature", () => {
    for (const key of keys) {
      const claims = verifySignature(token, query.algorithm, key);
      if (claims === undefined) continue;
      const { header, signingInput } = token;
      const verifiedBy = { key, query };
      return { claims, typ: header.typ, fingerprint: signingInput, verifiedBy, introspection: undefined };
    }
    throw new TokenError("signature", "token signature invalid");
  });
}
