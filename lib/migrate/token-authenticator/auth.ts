import { anyObject, at, objectWith, oneOf, text, type Check } from "../../support/checks.js";
import { OptionsError } from "../../support/options-error.js";
import type { Fetch } from "../../remote/request.js";

/** How the provider is told who asks. */
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
  const [first = "", second = ""] = SETTINGS[kind].map((name, index) => settingOf(value, name, index + 1, kind, path));
  return kind === "bearer" ? { bearerToken: first } : basic(first, second);
};

function settingOf(value: unknown, name: string, index: number, kind: keyof typeof SETTINGS, path: string): string {
  if (!Array.isArray(value)) return text(objectWith(["type", ...SETTINGS[kind]])(value, path)[name], at(path, name));
  if (value.length > SETTINGS[kind].length + 1) throw new OptionsError(path, `has too much in it for ${kind}`);
  return text(value[index], at(path, index));
}

/**
 * The original sends name and password as they are, and not form-encoded first (RFC 6749 section 2.3.1). Where that is not
 * the same, they are sent as they were, since the provider knows them so.
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
