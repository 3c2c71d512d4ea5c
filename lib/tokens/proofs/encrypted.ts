import { isUtf8 } from "node:buffer";

import type * as Jose from "jose";

import { jsonIn } from "../../support/json.js";
import { MADE_FOR_OTHERS, mediaType } from "../claim-options.js";
import { isBase64url, isEncrypted, malformed } from "../compact.js";
import { TokenError } from "../errors.js";
import type { DecryptionKey, KeyManagement } from "../keys/decryption-key.js";
import type { Steps } from "../steps.js";
import type { Proven, TokenReader } from "./reader.js";

/** Content encryption algorithms (RFC 7518 section 5.1) that can be allowed. */
export const CONTENT_ENCRYPTION = ["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"] as const;
/** A content encryption algorithm (RFC 7518 section 5): `A128GCM`, `A256GCM`, `A128CBC-HS256` or `A256CBC-HS512`. */
export type ContentEncryption = (typeof CONTENT_ENCRYPTION)[number];

/** Where keys for decryption come from. */
interface DecryptionKeys {
  /** All keys; those of a file as it is now. */
  current(): Promise<readonly DecryptionKey[]>;
}

export interface EncryptedConfig {
  readonly keys: DecryptionKeys;
  readonly algorithms: readonly KeyManagement[];
  readonly contentEncryption: readonly ContentEncryption[];
  readonly allowUnencrypted: boolean;
}

/** The header of an encrypted token (RFC 7516 section 4), of which everything that matters has been checked. */
interface JweHeader {
  readonly alg: KeyManagement;
  readonly enc: ContentEncryption;
  readonly kid: unknown;
}

/**
 * Decrypts a token (RFC 7516) and hands what is in it, a signed one, to another reader: encryption proves nothing, as
 * anybody may encrypt to a public key.
 */
export class EncryptedReader implements TokenReader {
  readonly #inner: TokenReader;
  readonly #config: EncryptedConfig;

  constructor(inner: TokenReader, config: EncryptedConfig) {
    this.#inner = inner;
    this.#config = config;
  }

  async ready(): Promise<void> {
    await Promise.all([this.#inner.ready(), jose()]);
  }

  read(token: string, steps: Steps): Proven | Promise<Proven> {
    if (this.#isPlain(token)) return this.#inner.read(token, steps);
    return steps.take("decryption", () => this.#decrypt(token)).then((inner) => this.#inner.read(inner, steps));
  }

  /**
   * The signed token in an encrypted one, or a signed token itself if that is allowed.
   *
   * @throws TokenError
   */
  open(token: string): string | Promise<string> {
    return this.#isPlain(token) ? token : this.#decrypt(token);
  }

  #isPlain(token: string): boolean {
    return this.#config.allowUnencrypted && !isEncrypted(token);
  }

  /** One text whatever failed: who does not have the key learns nothing about what it opens. */
  async #decrypt(token: string): Promise<string> {
    if (!isEncrypted(token)) throw malformed("an encrypted token has five parts");
    const header = this.#headerOf(token);
    const content = header && (await this.#contentOf(token, header, await jose()));
    if (content !== undefined) return content;
    throw new TokenError("decryption", "token can't be decrypted, or holds no signed token");
  }

  async #contentOf(
    token: string,
    { alg, enc, kid }: JweHeader,
    { compactDecrypt }: typeof Jose,
  ): Promise<string | undefined> {
    const all = await this.#config.keys.current();
    const named = kid === undefined ? [] : all.filter((each) => each.kid === kid);
    for (const { key, algorithms } of named.length === 0 ? all : named) {
      if (!algorithms.includes(alg)) continue;
      const options = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc] };
      const decrypted = await compactDecrypt(token, key, options).catch(() => undefined);
      if (decrypted !== undefined) return signedIn(decrypted.plaintext);
    }
    return undefined;
  }

  /** All that a header says is checked before anything is decrypted (RFC 8725 section 3.1). */
  #headerOf(token: string): JweHeader | undefined {
    if (!token.split(".").every(isBase64url)) return undefined;
    const bytes = Buffer.from(token.slice(0, token.indexOf(".")), "base64url");
    const header: unknown = isUtf8(bytes) ? jsonIn(bytes.toString()) : undefined;
    if (typeof header !== "object" || header === null || "zip" in header || "crit" in header) return undefined;
    const { alg, enc, kid, cty, typ } = header as Readonly<Record<string, unknown>>;
    const allowed = this.#config.algorithms.find((name) => name === alg);
    const encryption = this.#config.contentEncryption.find((name) => name === enc);
    const isJwt = cty === undefined || (typeof cty === "string" && mediaType(cty) === "application/jwt");
    const isNamed = kid === undefined || typeof kid === "string";
    const isOther = typeof typ === "string" && MADE_FOR_OTHERS.has(mediaType(typ));
    if (allowed === undefined || encryption === undefined || !isJwt || !isNamed || isOther) return undefined;
    return { alg: allowed, enc: encryption, kid };
  }
}

/** RFC 7519 section 11.2: signed, then encrypted. An unsigned token has no third part. */
function signedIn(plaintext: Uint8Array): string | undefined {
  const text = Buffer.from(plaintext).toString("latin1");
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text) ? text : undefined;
}

/** An ES module, which is loaded when it is first needed. */
function jose(): Promise<typeof Jose> {
  return import("jose");
}
