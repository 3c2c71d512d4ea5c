import type { Claims } from "../tokens/claims.js";

/** Of the OAuth 2.0 API, and of its proposal MSC2967, which Matrix Authentication Service still issues. */
const DEVICE_SCOPES = ["urn:matrix:client:device:", "urn:matrix:org.matrix.msc2967.client:device:"];
const API_SCOPE = "urn:matrix:client:api:*";
const API_SCOPE_OF_MSC2967 = "urn:matrix:org.matrix.msc2967.client:api:*";

/** Code points; what Synapse takes. */
const MAX_DEVICE_ID = 512;

/** The device of a token is named twice, or is none that there can be. */
export const BAD_DEVICE = Symbol("bad device");

/** May this be a device ID? Control characters and lone surrogates reach no log and no database. */
export function isDeviceId(value: unknown): value is string {
  if (typeof value !== "string" || value === "" || /[\p{Cc}\p{Cs}]/u.test(value)) return false;
  return (
    value.length <= MAX_DEVICE_ID || (value.length <= 2 * MAX_DEVICE_ID && Array.from(value).length <= MAX_DEVICE_ID)
  );
}

/**
 * The device that a token is for: of its scope `urn:matrix:client:device:ID`, else of its claim `device_id`.
 *
 * @returns undefined if the token names none
 */
export function deviceOf(claims: Claims, scopes: readonly string[]): string | undefined | typeof BAD_DEVICE {
  const named = scopes.flatMap((scope) =>
    DEVICE_SCOPES.filter((prefix) => scope.startsWith(prefix)).map((prefix) => scope.slice(prefix.length)),
  );
  return oneDevice([...named, Object.hasOwn(claims, "device_id") ? claims["device_id"] : undefined]);
}

/** The one device of all that name one. Null counts as not named: it is what a database without a device gives. */
export function oneDevice(named: readonly unknown[]): string | undefined | typeof BAD_DEVICE {
  const [device, second] = new Set(named.filter((one) => one !== undefined && one !== null));
  if (device === undefined) return undefined;
  return second === undefined && isDeviceId(device) ? device : BAD_DEVICE;
}

/** Is a required scope among those granted? The client-server API's is met by its name of MSC2967 too. */
export function isGranted(required: string, scopes: readonly string[]): boolean {
  return scopes.includes(required) || (required === API_SCOPE && scopes.includes(API_SCOPE_OF_MSC2967));
}
