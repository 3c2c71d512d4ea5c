import { at, type Check, listOf } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";
import { isEncrypted, parseCompact, unverifiedClaims } from "./compact.js";
import { TokenError } from "./errors.js";
import { EncryptedReader } from "./proofs/encrypted.js";
import { assertLength, assertText, type Verifier } from "./verifier.js";

/** Rules for tokens, with a verifier among them. */
interface Entry {
  readonly verifier: Verifier;
}

/** The rules of one login type: one entry, or one for each of several issuers. */
export interface Entries<E extends Entry> {
  readonly all: readonly E[];
  /**
   * The entry whose rules apply to a token. Of several, the token's own `iss` chooses it. Synchronous unless the token has to
   * be decrypted for that.
   *
   * @throws TokenError if there is none, or the token can't be read
   */
  for(token: unknown): E | Promise<E>;
  /** Resolves once all verifiers are ready. */
  ready(): Promise<void>;
}

/**
 * Makes a check of one options object, or of a list of them by issuer.
 *
 * @param parse - for one options object
 * @param neverEncrypted - is an entry of a list one whose tokens are never encrypted? Where there may be such entries, only a
 *   token that is encrypted is decrypted to learn its issuer
 */
export function oneOrByIssuer<E extends Entry>(
  parse: Check<E>,
  neverEncrypted?: (options: unknown) => boolean,
): Check<Entries<E>> {
  return (value, path) => {
    if (Array.isArray(value)) {
      const all = listOf(parse)(value, path);
      const choose = chooseByIssuer(all, path);
      assertOneDecryption(value, path, neverEncrypted);
      return byIssuer(all, choose, neverEncrypted !== undefined);
    }
    const entry = parse(value, path);
    return { all: [entry], for: () => entry, ready: () => entry.verifier.ready() };
  };
}

/**
 * Chooses among entries by a token's issuer, which nothing proves yet: the entry's verifier does that.
 *
 * @returns the entry of an `iss`. Throws TokenError `issuer` if there is none
 * @throws OptionsError unless each issuer has one entry, whose tokens can name it
 */
function chooseByIssuer<E extends Entry>(all: readonly E[], path: string): (issuer: unknown) => E {
  const entries = new Map<unknown, E>();
  for (const [index, entry] of all.entries()) {
    const here = at(at(path, index), "issuer");
    const { rules, signed } = entry.verifier.config;
    if (signed === undefined) {
      throw new OptionsError(
        at(at(path, index), "introspection"),
        "needs a key source in a list of issuers: tokens of introspection alone name no issuer",
      );
    }
    const { issuers } = rules;
    if (issuers === undefined)
      throw new OptionsError(here, "is required in a list, as it chooses the rules of a token");
    for (const issuer of issuers) {
      if (entries.has(issuer)) throw new OptionsError(here, `is that of another entry too: ${String(issuer)}`);
      entries.set(issuer, entry);
    }
  }
  return (issuer) => {
    const entry = entries.get(issuer);
    if (entry === undefined) throw new TokenError("issuer", "token issuer not accepted (iss)");
    return entry;
  };
}

/**
 * The `iss` that a signed token claims: nothing proves it.
 *
 * @throws TokenError `malformed`
 */
function unverifiedIssuer(token: string): unknown {
  return unverifiedClaims(parseCompact(token)).iss;
}

/** Characters of the longest token that one of the entries takes. */
export function longestAccepted(all: readonly Entry[]): number {
  return Math.max(...all.map(({ verifier }) => verifier.config.maxTokenLength));
}

function byIssuer<E extends Entry>(all: readonly E[], choose: (issuer: unknown) => E, mayBePlain: boolean): Entries<E> {
  const entryOf = (text: string): E => choose(unverifiedIssuer(text));
  const signedIn = opener(all, mayBePlain);
  return {
    all,
    for(token) {
      const opened = signedIn(token);
      return typeof opened === "string" ? entryOf(opened) : opened.then(entryOf);
    },
    ready: async () => {
      await Promise.all(all.map(({ verifier }) => verifier.ready()));
    },
  };
}

/**
 * Makes what opens a token before its issuer is known: the signed one in it, or the token itself.
 *
 * @param all - entries; those that decrypt do it alike
 * @param mayBePlain - is a token that is not encrypted taken as it is, whatever the entries that decrypt allow?
 */
function opener(all: readonly Entry[], mayBePlain: boolean): (token: unknown) => string | Promise<string> {
  const maxTokenLength = longestAccepted(all);
  const readers = all.map(({ verifier }) => verifier.config.reader);
  const encrypted = readers.find((reader) => reader instanceof EncryptedReader);
  return (token) => {
    assertText(token);
    assertLength(token, maxTokenLength);
    return encrypted === undefined || (mayBePlain && !isEncrypted(token)) ? token : encrypted.open(token);
  };
}

/**
 * A token is decrypted before its issuer is known.
 *
 * @throws OptionsError
 */
function assertOneDecryption(
  list: readonly unknown[],
  path: string,
  neverEncrypted: ((options: unknown) => boolean) | undefined,
): void {
  const all = list
    .map((options, index) => ({ options, index }))
    .filter(({ options }) => neverEncrypted?.(options) !== true);
  const decryptionOf = (options: unknown) => (options as { readonly decryption?: unknown }).decryption;
  const odd = all.find(({ options }) => decryptionOf(options) !== decryptionOf(all[0]?.options));
  if (odd === undefined) return;
  const here = at(at(path, odd.index), "decryption");
  throw new OptionsError(here, "must be the same object in all entries of a list, or in none");
}
