import { createHmac, sign as signWith, constants, type KeyObject } from "node:crypto";

import type { Algorithm } from "matrix-jwt-login";

import { KEYS } from "./keys.js";

/** What is put into a part of a token: an object as JSON; text and bytes as they are. */
export type Part = object | string | Uint8Array;

export interface TokenParts {
  readonly header?: Readonly<Record<string, unknown>>;
  /** Default HS256. */
  readonly algorithm?: Algorithm;
  readonly key?: KeyObject;
}

/** Seconds from now, as claims have them. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

/** An honest token: for alice, good for five minutes, unless the claims say otherwise. */
export function token(claims: Readonly<Record<string, unknown>> = {}, parts: TokenParts = {}): string {
  return signed({ sub: "alice", exp: inSeconds(300), ...claims }, parts);
}

/** A token with any payload at all, signed as its algorithm says, independently of the libraries under test. */
export function signed(payload: Part, { header = {}, algorithm = "HS256", key }: TokenParts = {}): string {
  const input = `${encode({ alg: algorithm, typ: "JWT", ...header })}.${encode(payload)}`;
  return `${input}.${signature(input, algorithm, key).toString("base64url")}`;
}

export function encode(part: Part): string {
  const bytes = part instanceof Uint8Array || typeof part === "string" ? part : JSON.stringify(part);
  return Buffer.from(bytes as string).toString("base64url");
}

export function signature(input: string, algorithm: Algorithm, key: KeyObject = KEYS[algorithm].privateKey): Buffer {
  const data = Buffer.from(input);
  const hash = `sha${algorithm.slice(2)}`;
  switch (algorithm.slice(0, 2)) {
    case "HS":
      return createHmac(hash, key).update(data).digest();
    case "PS":
      return signWith(hash, data, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      });
    case "ES":
      return signWith(hash, data, { key, dsaEncoding: "ieee-p1363" });
    case "Ed":
      return signWith(null, data, key);
    default:
      return signWith(hash, data, key);
  }
}

/** A token with another signature. Its last characters would now and then be those that they are replaced by. */
export function forged(text: string): string {
  const start = text.lastIndexOf(".") + 1;
  return `${text.slice(0, start)}${text[start] === "A" ? "B" : "A"}${text.slice(start + 1)}`;
}
