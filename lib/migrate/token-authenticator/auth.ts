import type { Fetch } from "../../remote/request.js";
import { anyObject, at, type Check, objectWith, oneOf, text } from "../../support/checks.js";
import { OptionsError } from "../../support/options-error.js";
import { isUnset } from "../yaml.js";

/** Options of `introspection` that say who asks. `fetch` only where the header must be sent as the original sends it. */
export interface Credentials {
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly bearerToken?: string;
  readonly fetch?: Fetch;
}

const SETTINGS = { basic: ["username", "password"], bearer: ["token"] } as const;

/** `auth`: an object with a `type`, or a list that begins with it. A type that is null means none. */
export const credentials: Check<Credentials> = (value, path) => {
  const [type, typePath] = Array.isArray(value)
    ? ([value[0] as unknown, at(path, 0)] as const)
    : ([anyObject(value, path)["type"], at(path, "type")] as const);
  if (type === null) return {};
  const kind = oneOf(["basic", "bearer"])(type, typePath);
  const setting = settingsOf(value, kind, path);
  return kind === "bearer" ? { bearerToken: setting("token") } : basic(setting("username"), setting("password"));
};

function settingsOf(value: unknown, kind: keyof typeof SETTINGS, path: string): (name: string) => string {
  const names: readonly string[] = ["type", ...SETTINGS[kind]];
  if (!Array.isArray(value)) {
    const settings = objectWith(names)(value, path);
    return (name) => settingAt(settings, name, at(path, name));
  }
  if (value.length > names.length) throw new OptionsError(path, `has too much in it for ${kind}`);
  return (name) => settingAt(value, names.indexOf(name), at(path, names.indexOf(name)));
}

function settingAt(settings: object, name: string | number, path: string): string {
  const given: unknown = settings[name as keyof typeof settings];
  if (given === undefined && Object.hasOwn(settings, name)) throw isUnset(path);
  return text(given, path);
}

/**
 * The original sends name and password as they are, and not form-encoded first (RFC 6749 section 2.3.1). If encoding would
 * change them, they are sent as they are, as the provider knows them so.
 */
export function basic(clientId: string, clientSecret: string): Credentials {
  if (/^[\w*.-]+$/.test(clientId + clientSecret)) return { clientId, clientSecret };
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;
  return {
    // Discovery, which is asked by GET, gets no credentials.
    fetch: (url, init) =>
      fetch(url, init.method === "POST" ? { ...init, headers: { ...init.headers, authorization } } : init),
  };
}
