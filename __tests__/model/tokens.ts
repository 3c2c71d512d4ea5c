import { createPrivateKey, createSecretKey, generateKeyPairSync, createPublicKey, type KeyObject } from "node:crypto";

import type { Jwk } from "matrix-jwt-login";

import { signed } from "../helpers/tokens.js";
import { ISSUER, START } from "./settings.js";

const YEARS = START + 10 * 365 * 86_400;

/** Of the provider. RSA signatures are the cheapest to verify. */
export const KIDS = ["key 0", "key 1", "key 2"] as const;

/** Is always there: a set without a key is no set. */
export const ANCHOR = "key that stays";

const pairs = new Map([ANCHOR, ...KIDS].map((kid) => [kid, pair()]));
const jwks = new Map([...pairs].map(([kid, { publicKey }]) => [kid, { ...publicKey.export({ format: "jwk" }), kid }]));
const somebodyElses = pair();
/** "many" may log in again and again. Of "single", one is good for a minute and does not say since when, the others for five. */
const texts = new Map([
  ...KIDS.map((kid) => [kid as string, ofKey(kid)] as const),
  ["many honest", signed({ sub: "alice", exp: YEARS })],
  ["many forged", signed({ sub: "alice", exp: YEARS }, { key: createSecretKey(Buffer.alloc(32)) })],
  ["single 0", signed({ sub: "alice", exp: START + 60 })],
  ["single 1", signed({ sub: "alice", iat: START, exp: START + 300 })],
  ["single 2", signed({ sub: "alice", iat: START + 120, exp: START + 420 })],
]);

/** The text of a token. Its name begins with its login type; a key that nobody has, or a token of introspection, may have any name. */
export function textOf(name: string): string {
  if (name.startsWith("token")) return name.replace(" ", "-");
  const text = texts.get(name) ?? ofKey(name);
  texts.set(name, text);
  return text;
}

export function jwkOf(kid: string): Jwk | undefined {
  return jwks.get(kid);
}

function ofKey(kid: string): string {
  const claims = { sub: "alice", iss: ISSUER, exp: YEARS };
  return signed(claims, { algorithm: "RS256", header: { kid }, key: (pairs.get(kid) ?? somebodyElses).privateKey });
}

function pair(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  const encoding = { type: "pkcs8", format: "pem" } as const;
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: encoding,
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return { privateKey: createPrivateKey(privateKey), publicKey: createPublicKey(privateKey) };
}
