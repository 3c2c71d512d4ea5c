import type { Claims } from "../../tokens/claims.js";

/** Whether the claims have the types that the original's JWT library asks for (RFC 7519 section 4.1), where they are there. */
export function hasRegisteredTypes({ iss, sub, aud, jti, typ }: Claims): boolean {
  return [iss, sub, jti, typ].every(isTextOrNothing) && (Array.isArray(aud) ? aud.every(isText) : isTextOrNothing(aud));
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || value === null || isText(value);
}
