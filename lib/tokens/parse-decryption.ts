import type { KeyWatcher } from "../remote/watchers.js";
import { at, flag, listOf, oneOf, oneOrMore } from "../support/checks.js";
import { optional, type OptionsOf, optionsOf, type Values } from "../support/options.js";
import { OptionsError } from "../support/options-error.js";
import {
  type DecryptionKey,
  decryptionKey,
  decryptionKeysIn,
  KEY_MANAGEMENT,
  type KeyManagement,
} from "./keys/decryption-key.js";
import { assertFitting } from "./keys/key-source.js";
import { keyFilePath } from "./keys/parse-key-source.js";
import { RereadFile } from "./keys/reread-file.js";
import type { DecryptionOptions } from "./options.js";
import { CONTENT_ENCRYPTION, type EncryptedConfig } from "./proofs/encrypted.js";

const decryptionOptions = {
  keyFile: optional(oneOrMore(keyFilePath)),
  key: optional(oneOrMore(decryptionKey)),
  algorithms: optional(listOf(oneOf(KEY_MANAGEMENT))),
  contentEncryption: optional(listOf(oneOf(CONTENT_ENCRYPTION)), CONTENT_ENCRYPTION),
  allowUnencrypted: optional(flag, false),
} satisfies OptionsOf<DecryptionOptions>;

export const decryption = optionsOf(decryptionOptions);

/** How tokens are decrypted. */
export interface Decryption extends EncryptedConfig {
  /** The keys of now, for who can't wait for a promise. */
  known(): readonly DecryptionKey[];
}

/** @throws OptionsError */
export function parseDecryption(
  values: Values<typeof decryptionOptions>,
  path: string,
  watcher: KeyWatcher,
): Decryption {
  const { key, keyFile, contentEncryption, allowUnencrypted } = values;
  if ((key === undefined) === (keyFile === undefined)) {
    throw new OptionsError(at(path, "keyFile"), "is required, or key; exactly one of the two");
  }
  const files = (keyFile ?? []).map(({ file, path: here }) => new RereadFile(file, here, decryptionKeysIn, watcher));
  const known = () => key ?? files.flatMap((file) => file.currentNow());
  const current = async () => key ?? (await Promise.all(files.map(async (file) => file.current()))).flat();
  return {
    keys: { current },
    known,
    algorithms: allowedAlgorithms(values, known(), path),
    contentEncryption,
    allowUnencrypted,
  };
}

function allowedAlgorithms(
  { algorithms }: Values<typeof decryptionOptions>,
  keys: readonly DecryptionKey[],
  path: string,
): readonly KeyManagement[] {
  // A file's next key may be of another kind.
  if (algorithms === undefined) return KEY_MANAGEMENT;
  const fitting = keys.flatMap((key) => key.algorithms);
  assertFitting(algorithms, fitting, at(path, "algorithms"));
  return algorithms;
}
