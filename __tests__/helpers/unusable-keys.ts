import { generateKeyPairSync } from "node:crypto";

import { jwk, P256, RSA } from "./keys.js";

const short = generateKeyPairSync("rsa", { modulusLength: 1024 });
const secp256k1 = generateKeyPairSync("ec", { namedCurve: "secp256k1" });
const x25519 = generateKeyPairSync("x25519");
const ed448 = generateKeyPairSync("ed448");

/** What a JWK Set may hold that verifies nothing: each would be named `kid` and fit RS256 if it were any good. */
export function unusableKeys(kid?: string): readonly (readonly [string, unknown])[] {
  const named = kid === undefined ? {} : { kid };
  const rsa = { ...jwk(RSA), ...named };
  return [
    ["a key for encryption", { ...rsa, use: "enc" }],
    ["a key of unknown use", { ...rsa, use: "tls" }],
    ["a key whose use is null", { ...rsa, use: null }],
    ["a key whose use is a list", { ...rsa, use: ["sig"] }],
    ["key_ops without verify", { ...rsa, key_ops: ["sign", "encrypt"] }],
    ["no key_ops at all", { ...rsa, key_ops: [] }],
    ["key_ops that are text", { ...rsa, key_ops: "verify" }],
    ["a private key", { ...RSA.privateKey.export({ format: "jwk" }), ...named }],
    ["a private exponent alone", { ...rsa, d: "AQAB" }],
    ["a private EC key", { ...P256.privateKey.export({ format: "jwk" }), ...named }],
    ["a shared secret", { ...named, kty: "oct", k: "c2VjcmV0", alg: "HS256" }],
    ["an RSA key of 1024 bits", jwk(short, named)],
    ["an RSA key with the exponent 1", { ...rsa, e: "AQ" }],
    ["an RSA key with the exponent 2", { ...rsa, e: "Ag" }],
    ["an RSA key without a modulus", { ...rsa, n: undefined }],
    ["an RSA key whose modulus is a number", { ...rsa, n: 12_345 }],
    ["an RSA key of no length", { ...rsa, n: "" }],
    ["secp256k1", jwk(secp256k1, named)],
    ["X25519", jwk(x25519, named)],
    ["Ed448", jwk(ed448, named)],
    ["an EC key of no curve", { ...jwk(P256), ...named, crv: "P-257" }],
    ["an EC key that is on no curve", { ...jwk(P256), ...named, x: jwk(P256)["y"] }],
    ["an unknown kty", { ...rsa, kty: "AKP" }],
    ["a kty that is a number", { ...rsa, kty: 1 }],
    ["no kty", { ...rsa, kty: undefined }],
    ["an algorithm for encryption", { ...rsa, alg: "RSA-OAEP" }],
    ["an algorithm that is null", { ...rsa, alg: null }],
    ["an algorithm of another kind of key", { ...rsa, alg: "ES256" }],
    ["an empty object", {}],
    ["null", null],
    ["a number", 1],
    ["text", "key"],
    ["a list", [rsa]],
    ["true", true],
  ];
}
