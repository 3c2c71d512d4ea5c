import { unescape } from "node:querystring";

import { LOGIN_PATHS } from "../matrix/endpoints.js";

/** A request target under a mount, where `url` has lost the mount's path and `originalUrl` has not; or as Node has it. */
export interface MountedRequest {
  readonly url?: string | undefined;
  readonly originalUrl?: string;
  /** Express's: the path of the mount. */
  readonly baseUrl?: string;
  /** Express's: what the parameters and wildcards of the mount's path stand for. */
  readonly params?: Readonly<Record<string, unknown>>;
}

const loginPaths: ReadonlySet<string> = new Set(LOGIN_PATHS);

export function isLoginPath(path: string): boolean {
  return loginPaths.has(path);
}

/**
 * Is the request for a login endpoint: one of the specification's, as the whole path or below a mount, or one that ends in
 * `/login` and that we are mounted on?
 */
export function isLogin({ url = "", originalUrl = url, baseUrl, params }: MountedRequest): boolean {
  const path = pathOf(originalUrl);
  if (isLoginPath(path)) return true;
  if (originalUrl === url) return false;
  const below = pathBelow(url);
  // Some hosts decode a path, or rewrite it: what the client asked for decides.
  if (isLoginPath(below) && path.endsWith(below)) return true;
  return (
    path.endsWith("/login") && (baseUrl === undefined ? below === "/" : path === baseUrl && !isByWildcard(path, params))
  );
}

/** Does a mount end in `/login` only as its parameters and wildcards stand for that? */
function isByWildcard(path: string, params: MountedRequest["params"]): boolean {
  // A part of a regular expression that has no slash in it may well be `(login|signin)`.
  const given = Object.entries(Object(params) as object).filter(
    ([name, value]) => !/^\d+$/.test(name) || String(value).includes("/"),
  );
  const matched = logins(given.flatMap(([, value]) => value as unknown).join("/"));
  return matched > 0 && matched >= logins(unescape(path));
}

function logins(path: string): number {
  return path.split("/").filter((segment) => segment === "login").length;
}

/** The paths by which a request may be ours, the whole one and, below a mount, what follows it; and the mount's, or nothing. */
export function pathsUnder({ url, originalUrl = url }: MountedRequest): {
  readonly mount: string;
  readonly paths: readonly [string, ...string[]];
} {
  const whole = pathOf(String(originalUrl));
  const below = pathBelow(String(url));
  const isMounted = originalUrl !== url && whole.endsWith(below);
  return isMounted ? { mount: whole.slice(0, -below.length), paths: [whole, below] } : { mount: "", paths: [whole] };
}

/** What follows a mount. Some leave nothing but the query of it. */
function pathBelow(url: string): string {
  return pathOf(url) || "/";
}

/** The path alone, of a target in origin or absolute form (RFC 9112 sections 3.2.1 and 3.2.2). */
export function pathOf(target: string): string {
  const path = target.startsWith("/") ? target : target.replace(/^https?:\/\/[^/?#]*/i, "");
  const end = path.search(/[?#]/);
  return end === -1 ? path : path.slice(0, end);
}
