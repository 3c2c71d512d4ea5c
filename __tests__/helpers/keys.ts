import { createPrivateKey, createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject } from "node:crypto";

import type { Algorithm, Jwk } from "matrix-jwt-login";

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const SECRET = "a secret of sixty-four bytes, which is enough for HS256 to HS512";

// By way of DER: Node 20 hangs where it collects what generated a key, while that very key is exported as a JWK.
const DER = {
  publicKeyEncoding: { type: "spki", format: "der" },
  privateKeyEncoding: { type: "pkcs8", format: "der" },
} as const;

/** Made when first asked for, once a test file: RSA keys take a while. */
export const RSA = lazily("rsa", { modulusLength: 2048 });
export const P256 = lazily("ec", { namedCurve: "P-256" });
export const P384 = lazily("ec", { namedCurve: "P-384" });
const P521 = lazily("ec", { namedCurve: "P-521" });
export const ED25519 = lazily("ed25519");

const secret = createSecretKey(Buffer.from(SECRET));

/** The key that signs, and the one that verifies, for each algorithm. */
export const KEYS: Readonly<Record<Algorithm, KeyPair>> = {
  HS256: { publicKey: secret, privateKey: secret },
  HS384: { publicKey: secret, privateKey: secret },
  HS512: { publicKey: secret, privateKey: secret },
  RS256: RSA,
  RS384: RSA,
  RS512: RSA,
  PS256: RSA,
  PS384: RSA,
  PS512: RSA,
  ES256: P256,
  ES384: P384,
  ES512: P521,
  EdDSA: ED25519,
  Ed25519: ED25519,
};

export function pem({ publicKey }: KeyPair): string {
  return publicKey.export({ type: "spki", format: "pem" }).toString();
}

export function privatePem({ privateKey }: KeyPair): string {
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** A public JWK, with more members than the key's own where given. */
export function jwk({ publicKey }: KeyPair, members: Readonly<Record<string, unknown>> = {}): Jwk {
  return { ...publicKey.export({ format: "jwk" }), ...members };
}

function lazily(type: string, options: object = {}): KeyPair {
  let pair: KeyPair | undefined;
  const made = (): KeyPair => (pair ??= make(type, options));
  return {
    get publicKey() {
      return made().publicKey;
    },
    get privateKey() {
      return made().privateKey;
    },
  };
}

function make(type: string, options: object): KeyPair {
  // Of the overloads, all that have these encodings.
  const generate = generateKeyPairSync as (type: string, options: object) => unknown;
  const { publicKey, privateKey } = generate(type, { ...options, ...DER }) as Readonly<Record<keyof KeyPair, Buffer>>;
  return {
    publicKey: createPublicKey({ key: publicKey, ...DER.publicKeyEncoding }),
    privateKey: createPrivateKey({ key: privateKey, ...DER.privateKeyEncoding }),
  };
}
