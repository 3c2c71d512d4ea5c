import { type Check, text } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";

/**
 * User IDs, by the appendix "User Identifiers" of the Matrix specification.
 */

/** Bytes of a whole user ID, sigil and server name included. */
const MAX_USER_ID_BYTES = 255;
/** What `@`, `:` and the shortest server name leave of these bytes for the localpart. */
const MAX_LOCALPART_BYTES = 252;

/** What a server name may look like (appendix "Server Name"): a host, with or without a port. */
const SERVER_NAME = /^(?:\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z.-]{1,230})(?::\d{1,5})?$/;

/** Any localpart that was ever legal is within it: historical ones too, but nothing that a log or a query could trip over. */
const VISIBLE_ASCII = /^[\u0021-\u007e]*$/;

/** What a new user's localpart is made of. */
const LOCALPART = /^[a-z0-9._=\-/+]+$/;

export interface UserIdParts {
  readonly localpart: string;
  readonly serverName: string;
}

export function isServerName(text: string): boolean {
  return SERVER_NAME.test(text);
}

export const serverName: Check<string> = (value, path) => {
  if (isServerName(text(value, path))) return value as string;
  throw new OptionsError(path, "must be a Matrix server name, e.g. example.org or example.org:8448, not a URL");
};

export function userIdOf(localpart: string, serverName: string): string {
  return `@${localpart}:${serverName}`;
}

/** The server name begins behind the first colon, as a localpart holds none. Undefined: not of this form. */
export function parseUserId(text: string): UserIdParts | undefined {
  const colon = text.indexOf(":");
  if (!text.startsWith("@") || colon < 2 || colon === text.length - 1) return undefined;
  return { localpart: text.slice(1, colon), serverName: text.slice(colon + 1) };
}

/** @param userId - of the form that {@link parseUserId} takes */
export function localpartIn(userId: string): string {
  return userId.slice(1, userId.indexOf(":"));
}

/** Can a user of this ID exist, be it one from before the grammar of today? */
export function isPossibleUserId(userId: string): boolean {
  return userId.length <= MAX_USER_ID_BYTES && VISIBLE_ASCII.test(userId);
}

/** May a new user have this localpart? */
export function isNewLocalpart(localpart: string): boolean {
  return LOCALPART.test(localpart);
}

/**
 * The specification's mapping of any text to a localpart ("Mapping from other character sets"), with upper case
 * escaped: no two texts give the same one.
 *
 * `A` becomes `_a`, `_` becomes `__`, and every other byte outside the grammar, and `=` itself, becomes `=xx`.
 *
 * @throws RangeError for an empty text, a lone surrogate, or a result over 252 bytes
 */
export function toLocalpart(text: string): string {
  if (text === "") throw new RangeError("an empty text has no localpart");
  if (!text.isWellFormed()) throw new RangeError("a text with a lone surrogate has no localpart");
  const localpart = Array.from(Buffer.from(text), escapeByte).join("");
  if (localpart.length > MAX_LOCALPART_BYTES) {
    throw new RangeError(`the localpart would be longer than ${String(MAX_LOCALPART_BYTES)} bytes`);
  }
  return localpart;
}

function escapeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (/[a-z0-9.\-/+]/.test(character)) return character;
  if (/[A-Z_]/.test(character)) return `_${character.toLowerCase()}`;
  return `=${byte.toString(16).padStart(2, "0")}`;
}

/** Code points; what Synapse takes. */
export const MAX_DEVICE_ID = 512;

/** Is it longer than {@link MAX_DEVICE_ID}? Code points are counted only if the length in UTF-16 does not decide. */
export function isLongDeviceId(id: string): boolean {
  return id.length > MAX_DEVICE_ID && (id.length > 2 * MAX_DEVICE_ID || Array.from(id).length > MAX_DEVICE_ID);
}
