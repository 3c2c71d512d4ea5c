import { MatrixError } from "../matrix/errors.js";
import { type Check, text } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";
import { parseUrl } from "../support/parse-url.js";

/** Characters. Longer ones fit no cookie anyway. */
const MAX_LENGTH = 2_048;

/** Schemes that a browser runs, reads from the device, or hands to another scheme. No client is reached by them. */
const FORBIDDEN_SCHEMES: ReadonlySet<string> = new Set(
  ["javascript", "data", "vbscript", "blob", "file", "about", "filesystem", "view-source", "intent"].map(
    (scheme) => `${scheme}:`,
  ),
);

/** In a host, these would be read as part of the Content-Security-Policy that names it. */
// eslint-disable-next-line no-control-regex -- control characters are among what no host may hold
const UNSAFE_IN_HOST = /[;,'"`*{}<>\\|^\s\u0000-\u001f]/;

/** What is left of `..` after parsing could be resolved by the client's server, and lead out of a trusted path. */
const DOTS = /(?:\.|%2e){2}/i;

/** Where a browser is sent back to. What is compared, shown and used is its serialization (WHATWG URL Standard). */
export interface RedirectUrl {
  readonly url: URL;
  /** As it was given: it is within the limit, where its serialization can be many times as long. */
  readonly given: string;
}

/**
 * @param query - of the request
 * @throws MatrixError 400 `M_MISSING_PARAM` or `M_INVALID_PARAM`
 */
export function redirectUrlIn(query: URLSearchParams): RedirectUrl {
  const [given, second] = query.getAll("redirectUrl");
  if (given === undefined) {
    throw new MatrixError("M_MISSING_PARAM", "Missing query parameter redirectUrl", { statusCode: 400 });
  }
  if (second !== undefined) throw invalid("must be given once");
  if (given.length > MAX_LENGTH) throw invalid(`must be at most ${String(MAX_LENGTH)} characters`);
  const url = parseUrl(given);
  if (url === undefined) throw invalid("must be an absolute URL");
  const problem = problemOf(url);
  if (problem !== undefined) throw invalid(problem);
  return { url, given };
}

export function redirectUrlTooLong(): MatrixError {
  return invalid("is too long");
}

function invalid(problem: string): MatrixError {
  return new MatrixError("M_INVALID_PARAM", `redirectUrl ${problem}`, { statusCode: 400 });
}

function problemOf(url: URL): string | undefined {
  if (FORBIDDEN_SCHEMES.has(url.protocol)) return "must not have this scheme";
  if (isWeb(url) && (url.username !== "" || url.password !== "")) return "must not hold a user name or password";
  if (UNSAFE_IN_HOST.test(url.host)) return "must have a plain host name";
  return undefined;
}

function isWeb({ protocol }: URL): boolean {
  return protocol === "https:" || protocol === "http:";
}

/** The scheme and host that asks for a login, as a person should see it: non-ASCII hosts are in punycode. */
export function clientOf(url: URL): string {
  return `${url.protocol}//${url.host}`;
}

/** The URL as a source of a Content-Security-Policy: its origin, or its scheme if it has none or no policy can name it. */
export function policySourceOf(url: URL): string {
  return isWeb(url) && /^[a-z0-9.-]+(?::\d+)?$/.test(url.host) ? url.origin : url.protocol;
}

/** Adds the login token to the query. Everything else stays byte for byte, except for an older `loginToken`. */
export function withLoginToken(url: URL, loginToken: string): string {
  const others = url.search
    .slice(1)
    .split("&")
    // A question mark at the start of a name is lost without something in front of it, here and below.
    .filter((part) => part !== "" && !new URLSearchParams(`&${part}`).has("loginToken"));
  const result = new URL(url);
  result.search = `?${[...others, `loginToken=${encodeURIComponent(loginToken)}`].join("&")}`;
  return result.href;
}

/** Is the browser sent back to this URL without a question? */
export type TrustedClient = (url: URL) => boolean;

/** One entry of `trustedClients`. */
export const trustedClient: Check<TrustedClient> = (value, path) => {
  const entry = text(value, path);
  const url = parseUrl(entry);
  if (url !== undefined && isWeb(url)) return trustedWebClient(url, entry, path);
  // The scheme as WHATWG URLs have it; behind it, the text counts.
  const prefix = entry.replace(/^[^:]*/, (scheme) => scheme.toLowerCase());
  if (url === undefined || !prefix.startsWith(`${url.protocol}/`)) {
    throw new OptionsError(path, "must be a URL such as https://app.example.org/, or a prefix such as element://");
  }
  if (FORBIDDEN_SCHEMES.has(url.protocol)) throw new OptionsError(path, "must not have this scheme");
  return ({ href }) => href.startsWith(prefix);
};

function trustedWebClient(url: URL, entry: string, path: string): TrustedClient {
  if (/[?#]/.test(entry)) throw new OptionsError(path, "must have no query and no fragment");
  const problem = problemOf(url);
  if (problem !== undefined) throw new OptionsError(path, problem);
  const { origin, pathname } = url;
  const folder = pathname.endsWith("/") ? pathname : `${pathname}/`;
  return (asked) => {
    if (asked.origin !== origin) return false;
    if (folder === "/" || asked.pathname === pathname) return true;
    return asked.pathname.startsWith(folder) && !DOTS.test(asked.pathname.slice(folder.length));
  };
}
