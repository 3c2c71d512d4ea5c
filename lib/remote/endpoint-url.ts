import { text } from "../support/checks.js";
import { OptionsError } from "../support/options-error.js";

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * The URL of an endpoint that decides who may log in: whoever can change its answers on the way could forge tokens.
 *
 * @throws OptionsError
 */
export function endpointUrl(value: unknown, path: string, allowHttp: boolean): string {
  const url = value instanceof URL ? value : parseUrl(text(value, path), path);
  const mayBeHttp = allowHttp || LOOPBACK.test(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && mayBeHttp)) {
    throw new OptionsError(path, "must be an https: URL (http: is for loopback hosts, or with jwksOptions.allowHttp)");
  }
  if (url.username !== "" || url.password !== "") {
    throw new OptionsError(path, "must not hold a user name or password; send them through jwksOptions.fetch");
  }
  return url.href;
}

function parseUrl(url: string, path: string): URL {
  if (URL.canParse(url)) return new URL(url);
  throw new OptionsError(path, "must be a URL, e.g. https://idp.example.org/jwks");
}
