import { SSO_FALLBACK_PATHS, SSO_REDIRECT_PATHS } from "../matrix/endpoints.js";
import type { BackchannelLogoutOptions, InteractiveAuthOptions } from "./options.js";
import type { SsoConfig } from "./parse-options.js";
import type { Provider } from "./parts.js";

/** What a request is for. */
type SsoRoute =
  | { readonly to: "redirect"; readonly id: string | undefined }
  | { readonly to: "callback"; readonly provider: Provider }
  | { readonly to: "logout"; readonly options: BackchannelLogoutOptions }
  | { readonly to: "fallback"; readonly options: InteractiveAuthOptions };

const REDIRECT = new RegExp(`^(?:${SSO_REDIRECT_PATHS.join("|")})(?:/([^/]+))?$`);

export type RouteOf = (method: string, path: string) => SsoRoute | undefined;

/** Paths must match exactly; only IDs may be percent-encoded. */
export function routesOf(config: SsoConfig, providers: ReadonlyMap<string, Provider>): RouteOf {
  const { callbackPath, backchannelLogout, interactiveAuth } = config;
  return (method, path) => {
    const isGet = method === "GET";
    const isPost = method === "POST";
    if ((isGet || isPost) && path.startsWith(`${callbackPath}/`)) {
      const provider = providers.get(decoded(path.slice(callbackPath.length + 1)));
      return provider && { to: "callback", provider };
    }
    if (isPost && path === backchannelLogout?.path) return { to: "logout", options: backchannelLogout };
    if ((isGet || isPost) && interactiveAuth !== undefined && SSO_FALLBACK_PATHS.includes(path)) {
      return { to: "fallback", options: interactiveAuth };
    }
    const match = isGet || method === "HEAD" ? REDIRECT.exec(path) : null;
    return match === null ? undefined : { to: "redirect", id: match[1] && decoded(match[1]) };
  };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
