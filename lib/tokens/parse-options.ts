import { types } from "node:util";

import { at, callback, type Check, kindOf, listOf, numberFrom, oneOf, text } from "../support/checks.js";
import { optional, type OptionsOf, type Values } from "../support/options.js";
import { OptionsError } from "../support/options-error.js";
import { type Algorithm, ALGORITHMS, withSynonyms } from "./algorithms.js";
import { CLAIM_OPTIONS, claimRules } from "./claim-options.js";
import { type ClaimLocator, claimReader } from "./claim-reader.js";
import type { TokenContext } from "./context.js";
import { assertFitting, type KeySource } from "./keys/key-source.js";
import { KEY_OPTIONS, parseKeySource, sourcesIn } from "./keys/parse-key-source.js";
import { warnOfShortSecret } from "./keys/secret.js";
import type { DiscoverOptions, KeyOptions, TokenRules } from "./options.js";
import { decryption, parseDecryption } from "./parse-decryption.js";
import { introspection, parseIntrospection } from "./parse-introspection.js";
import { EncryptedReader } from "./proofs/encrypted.js";
import { IntrospectedReader, SecondIntrospection } from "./proofs/introspected.js";
import { SignedReader } from "./proofs/signed.js";
import { type Authorize, Verifier } from "./verifier.js";

/** As `subjectClaim` and its like take it. */
export const claimLocator: Check<ClaimLocator> = (value, path) => {
  if (types.isAsyncFunction(value)) {
    throw new OptionsError(path, "must be a function that is not async: what it returns is the claim");
  }
  if (typeof value === "function") return value as ClaimLocator;
  if (typeof value === "string") return text(value, path);
  if (Array.isArray(value)) return listOf(text)(value, path);
  throw new OptionsError(
    path,
    `must be a string (a claim's name), a list of strings, or a function, not ${kindOf(value)}`,
  );
};

/** Names, checks and defaults of the options of tokens. */
export const TOKEN_OPTIONS = {
  ...KEY_OPTIONS,
  algorithms: optional(listOf(algorithm)),
  ...CLAIM_OPTIONS,
  subjectClaim: optional(claimLocator, "sub"),
  maxTokenLength: optional(numberFrom(1, Number.MAX_SAFE_INTEGER, { unit: "characters", integer: true })),
  authorize: optional(callback<Authorize>),
  introspection: optional(introspection),
  decryption: optional(decryption),
} satisfies OptionsOf<KeyOptions & DiscoverOptions & TokenRules>;

export type TokenValues = Values<typeof TOKEN_OPTIONS>;

/** The default of `maxTokenLength`, in characters, of tokens that are not encrypted. */
export const DEFAULT_TOKEN_LENGTH = 8_192;

/** The `maxTokenLength` that applies: an encrypted token is longer than the one within it. */
export function maxTokenLengthOf(options: {
  readonly maxTokenLength?: unknown;
  readonly decryption?: unknown;
}): number {
  const byDefault = options.decryption === undefined ? DEFAULT_TOKEN_LENGTH : 16_384;
  return typeof options.maxTokenLength === "number" ? options.maxTokenLength : byDefault;
}

/** @throws OptionsError */
export function parseVerifier(options: TokenValues, path: string, context: TokenContext): Verifier {
  const { decryption: decrypted } = options;
  const decryption = decrypted && parseDecryption(decrypted, at(path, "decryption"), context.watcher);
  const introspection = options.introspection && parseIntrospection(options.introspection, options, path, context);
  const isAlone = introspection !== undefined && sourcesIn(options).length === 0;
  if (isAlone) assertFitIntrospection(options, path);
  const proof = isAlone ? new IntrospectedReader(introspection) : signedReader(options, path, context);
  const signed = proof instanceof SignedReader ? proof : undefined;
  return new Verifier({
    reader: decryption === undefined ? proof : new EncryptedReader(proof, decryption),
    ...(signed && { signed }),
    ...(introspection && !isAlone && { secondProof: new SecondIntrospection(introspection, options) }),
    ...(decryption && { decryption }),
    rules: claimRules({ ...options, requireExpiry: options.requireExpiry ?? !isAlone }),
    subject: claimReader(options.subjectClaim, "subjectClaim"),
    maxTokenLength: maxTokenLengthOf(options),
    authorize: options.authorize,
  });
}

function signedReader(options: TokenValues, path: string, context: TokenContext): SignedReader {
  const keys = parseKeySource(options, path, context);
  const algorithms = allowedAlgorithms(options, path, keys);
  warnOfShortSecret(options.secret ?? [], algorithms, at(path, "secret"));
  return new SignedReader(keys, algorithms);
}

/** Refuses options that need a signature, and requires `audience`, where introspection alone proves tokens. */
function assertFitIntrospection(options: TokenValues, path: string): void {
  const signedOnly = (["algorithms", "tokenType", "jwksOptions"] as const).find((name) => options[name] !== undefined);
  if (signedOnly !== undefined) {
    throw new OptionsError(at(path, signedOnly), "goes with a key source only, and there is introspection alone");
  }
  if (options.decryption !== undefined) {
    throw new OptionsError(
      at(path, "decryption"),
      "needs a key source: encryption proves nothing, as anybody may encrypt",
    );
  }
  if (options.audience === undefined) {
    throw new OptionsError(
      at(path, "audience"),
      "is required with introspection alone, or tokens of any client would log in; null says that they may",
    );
  }
}

/** RFC 8725 section 3.1: the allow-list is the host's, and each algorithm in it must fit the key. */
function allowedAlgorithms({ algorithms }: TokenValues, path: string, keys: KeySource): readonly Algorithm[] {
  if (algorithms === undefined) return [...keys.possibleAlgorithms];
  assertFitting(algorithms, [...keys.algorithms], at(path, "algorithms"));
  return withSynonyms(algorithms);
}

function algorithm(value: unknown, path: string): Algorithm {
  if (typeof value === "string" && value.toLowerCase() === "none") {
    throw new OptionsError(path, "must not be none: an unsigned token proves nothing (RFC 8725 section 3.2)");
  }
  return oneOf(ALGORITHMS)(value, path);
}
