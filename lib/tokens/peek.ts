import { isJsonObject, jsonIn, type JsonObject } from "../support/json.js";
import type { JoseHeader } from "./compact.js";

/** Three parts (RFC 7519), five of an encrypted token (RFC 7516 section 7.1), or an opaque one. */
export type TokenShape = "signed" | "encrypted" | "opaque";

/** What a token says of itself, as anybody may have written it: good for a refusal, never to accept anything. */
export interface Peeked {
  readonly shape: TokenShape;
  /** Undefined if it is opaque. */
  readonly header: JoseHeader | undefined;
  /** Undefined if they can't be read. */
  readonly claims: JsonObject | undefined;
}

export function peek(token: string): Peeked {
  const parts = token.split(".", 6);
  const header = jsonObject(parts[0]);
  if (header !== undefined && parts.length === 3) return { shape: "signed", header, claims: jsonObject(parts[1]) };
  if (header !== undefined && parts.length === 5) return { shape: "encrypted", header, claims: undefined };
  return { shape: "opaque", header: undefined, claims: undefined };
}

function jsonObject(part: unknown): JsonObject | undefined {
  const json = jsonIn(Buffer.from(String(part), "base64url").toString());
  return isJsonObject(json) ? json : undefined;
}
