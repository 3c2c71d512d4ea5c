import { hkdfSync } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";

/** Bytes of what a sealed text may hold, however well it was compressed. */
const MAX_CONTENT = 65_536;

/** What a sealed text is for. None passes for another: each has a key of its own. */
export type SealPurpose = "sign-in" | "form" | "login token";

/** Times of a sealed text, in seconds since 1970. */
export interface SealedTimes {
  readonly iat: number;
  readonly exp: number;
}

/** @param lifetime - seconds */
export function timesFor(lifetime: number): SealedTimes {
  const iat = Math.floor(Date.now() / 1_000);
  return { iat, exp: iat + lifetime };
}

/** Seals and opens the texts of one purpose. */
export interface Seal {
  /** @returns a compact JWE (RFC 7516): `dir`, `A256GCM` */
  seal(content: object): Promise<string>;
  /** @returns undefined unless it was sealed with one of the secrets, for this purpose and server, and has not expired */
  open(sealed: string): Promise<Readonly<Record<string, unknown>> | undefined>;
}

/** Whose keys are derived: the first makes, all read. */
export interface SealSecrets {
  readonly secrets: readonly Uint8Array[];
  readonly serverName: string;
}

/**
 * Keys are derived by HKDF (RFC 5869) with purpose and server name as `info`.
 *
 * @param maxLength - characters of a sealed text; a longer one is not decrypted
 */
export function sealFor(purpose: SealPurpose, { secrets, serverName }: SealSecrets, maxLength: number): Seal {
  const info = `matrix-jwt-login sso\n${purpose}\n${serverName}`;
  const keys = secrets.map((secret) => new Uint8Array(hkdfSync("sha256", secret, "", info, 32)));
  return {
    async seal(content) {
      const { CompactEncrypt } = await jose();
      return new CompactEncrypt(deflateRawSync(JSON.stringify(content)))
        .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
        .encrypt(keys[0] as Uint8Array);
    },
    async open(sealed) {
      if (sealed.length > maxLength) return undefined;
      const { compactDecrypt } = await jose();
      for (const key of keys) {
        const content = await compactDecrypt(sealed, key, ALGORITHMS)
          .then(({ plaintext }) => contentOf(plaintext))
          .catch(() => undefined);
        if (content !== undefined) return content;
      }
      return undefined;
    },
  };
}

const ALGORITHMS = { keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"] };

function contentOf(plaintext: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  const json = inflateRawSync(plaintext, { maxOutputLength: MAX_CONTENT }).toString();
  const content = JSON.parse(json) as Readonly<Record<string, unknown>>;
  return Number(content["exp"]) > Date.now() / 1_000 ? content : undefined;
}

/** Loaded when first used: a host without single sign-on does not need it for this. */
function jose() {
  return import("jose");
}
