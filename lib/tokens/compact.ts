import { isUtf8 } from "node:buffer";

import { isJsonObject, jsonIn } from "../support/json.js";
import type { Claims } from "./claim-rules.js";
import { TokenError } from "./errors.js";

/** The JOSE header of a token (RFC 7515 section 4), as far as it is looked at. Nothing in it is trusted. */
export interface JoseHeader {
  readonly alg?: unknown;
  readonly kid?: unknown;
  readonly typ?: unknown;
  readonly crit?: unknown;
}

/** A token in compact serialization, taken apart and not verified. */
export interface CompactToken {
  readonly text: string;
  readonly header: JoseHeader;
  readonly payload: Buffer;
  /** As it was sent: base64url. */
  readonly signature: string;
  /** What the signature is over: header and payload as they were sent (RFC 7515 section 5.2). */
  readonly signingInput: string;
}

const OPENING_BRACE = 0x7b;

/** What a part may end in that has so many characters over a multiple of four: those whose unused bits are zero. */
const LAST_CHARACTERS = ["", "", "AQgw", "AEIMQUYcgkosw048"] as const;

/** Takes a token apart by RFC 7515 section 7.1 and RFC 7519 section 7.2. */
export function parseCompact(text: string): CompactToken {
  const parts = text.split(".", 4);
  const [headerPart, payloadPart, signaturePart] = parts;
  if (parts.length !== 3 || headerPart === undefined || payloadPart === undefined || signaturePart === undefined) {
    throw malformed(
      isEncrypted(text) ? "it is encrypted, and the option `decryption` is not set" : "a signed token has three parts",
    );
  }
  if (!parts.every(isBase64url)) throw malformed("a part is not base64url without padding");
  const header = parseHeader(Buffer.from(headerPart, "base64url"));
  const payload = Buffer.from(payloadPart, "base64url");
  // RFC 7519 section 7.2, step 10: UTF-8 and a JSON object. Whether it is all well-formed shows when it is parsed.
  if (firstCharacter(payload) !== OPENING_BRACE || !isUtf8(payload))
    throw malformed("its claims are not a JSON object");
  const signingInput = text.slice(0, headerPart.length + 1 + payloadPart.length);
  return { text, header, payload, signature: signaturePart, signingInput };
}

/** Five parts between dots: a JWE in compact serialization (RFC 7516 section 9). */
export function isEncrypted(token: string): boolean {
  return token.split(".", 6).length === 5;
}

/**
 * The claims of a token as anybody may have written them: nothing about them is proven.
 *
 * @throws TokenError `malformed`
 */
export function unverifiedClaims({ payload }: CompactToken): Claims {
  const claims = jsonIn(payload.toString());
  if (claims === undefined) throw malformed("its claims are not JSON");
  return claims as Claims;
}

/** RFC 7515 section 4.1.11: what is critical must be understood, and no extension is understood here. */
export function checkCritical(header: JoseHeader): void {
  if ("crit" in header) throw new TokenError("critical", "token has critical header parameters that are not supported");
}

/** RFC 7515 section 4.1.4: what chooses among keys that have names. Where keys have none, it may be anything. */
export function keyIdOf(header: JoseHeader, usesKid: boolean): string | undefined {
  if (!("kid" in header)) return undefined;
  const { kid } = header;
  if (typeof kid === "string") return kid;
  if (usesKid) throw malformed("its key ID is not a string");
  return undefined;
}

export function malformed(why: string): TokenError {
  return new TokenError("malformed", `token malformed: ${why}`);
}

/** RFC 7515 section 2 and RFC 4648 section 3.5: without padding, and in one spelling only. */
export function isBase64url(part: string): boolean {
  if (/[^\w-]/.test(part)) return false;
  const over = part.length % 4;
  return over === 0 || LAST_CHARACTERS[over]?.includes(part.slice(-1)) === true;
}

function parseHeader(bytes: Buffer): JoseHeader {
  const header = isUtf8(bytes) ? jsonIn(bytes.toString()) : undefined;
  if (!isJsonObject(header)) throw malformed("its header is not a JSON object");
  return header;
}

/** The first byte that isn't JSON's white space (RFC 8259 section 2). */
function firstCharacter(json: Buffer): number | undefined {
  return json.find((byte) => byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09);
}
