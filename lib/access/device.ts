import { isLongDeviceId } from "../matrix/identifiers.js";
import type { Claims } from "../tokens/claim-rules.js";

/**
 * Prefixes of the scope that names a device: the specification's, and that of its proposal MSC2967, which Matrix
 * Authentication Service still uses.
 */
const DEVICE_SCOPES = ["urn:matrix:client:device:", "urn:matrix:org.matrix.msc2967.client:device:"];
const API_SCOPE = "urn:matrix:client:api:*";
const API_SCOPE_OF_MSC2967 = "urn:matrix:org.matrix.msc2967.client:api:*";

/** A device ID; undefined: the token names no device; `bad`: it names two, or what can't be one. */
export type Device = { readonly id: string | undefined } | "bad";

/** May this be a device ID? Without control characters and lone surrogates, whatever the token says. */
export function isDeviceId(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !isLongDeviceId(value) && !/[\p{Cc}\p{Cs}]/u.test(value);
}

/** The device that a token is for, by its scope `urn:matrix:client:device:ID` and its claim `device_id`, of which one is enough. */
export function deviceOf(claims: Claims, scopes: readonly string[]): Device {
  const named = scopes.flatMap((scope) =>
    DEVICE_SCOPES.filter((prefix) => scope.startsWith(prefix)).map((prefix) => scope.slice(prefix.length)),
  );
  return oneDevice([...named, Object.hasOwn(claims, "device_id") ? claims["device_id"] : undefined]);
}

/** The one device of all that name one. Null counts as not named, as a function of the host's may return it. */
export function oneDevice(named: readonly unknown[]): Device {
  const [id, second] = new Set(named.filter((one) => one !== undefined && one !== null));
  if (id === undefined) return { id };
  return second === undefined && isDeviceId(id) ? { id } : "bad";
}

/** Is a required scope among those granted? The client-server API's is met by its name of MSC2967 too. */
export function isGranted(required: string, scopes: readonly string[]): boolean {
  return scopes.includes(required) || (required === API_SCOPE && scopes.includes(API_SCOPE_OF_MSC2967));
}
