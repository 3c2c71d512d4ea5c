import { randomBytes } from "node:crypto";

import { SSO_FALLBACK_PATH, SSO_REDIRECT_PATH } from "../matrix/endpoints.js";
import { redirect, type SsoAnswer } from "./answer.js";
import { COOKIE_LIFETIME } from "./cookies.js";
import { pageFor } from "./faults.js";
import { choosePage, unknownProviderPage } from "./page-texts.js";
import type { Provider, SignIn, SignInPurpose, SsoParts, SsoRequest } from "./parts.js";
import { clientOf, redirectUrlIn, redirectUrlTooLong } from "./redirect-url.js";

/** Marks a request that has been sent to the public base URL already. */
const SENT_TO_PUBLIC_HOST = "org.matrix-jwt-login.public";
/** Marks a new try of somebody who was refused: the provider would sign in the same user at once. */
const ANEW = "org.matrix-jwt-login.anew";

/**
 * `GET /login/sso/redirect` (client-server API, "Client login via SSO").
 *
 * @param id - of a provider, if the path names one
 * @returns undefined if nobody here has this ID
 * @throws MatrixError if `redirectUrl` is missing or not acceptable
 */
export async function redirectToProvider<Req>(
  parts: SsoParts<Req>,
  request: SsoRequest<Req>,
  id: string | undefined,
): Promise<SsoAnswer | undefined> {
  const { config, providers, page, serverName } = parts;
  const [first, second] = [...providers.values()];
  const provider = id === undefined ? first : providers.get(id);
  if (provider === undefined) return undefined;
  const query = new URLSearchParams(request.query);
  const redirectUrl = redirectUrlIn(query);
  const here = `${config.publicBaseUrl}${request.path}?${request.query}`;
  const elsewhere = redirectToPublicHost(parts, request, here);
  if (elsewhere !== undefined) return elsewhere;
  if (id === undefined && second !== undefined) {
    const kept = keptOf(query, redirectUrl.given).toString();
    const choices = Array.from(providers.values(), ({ config: { id, name } }) => ({
      label: name,
      href: `${config.publicBaseUrl}${request.path}/${id}?${kept}`,
    }));
    return page(choosePage(serverName, clientOf(redirectUrl.url), choices));
  }
  const parameters = { register: actionOf(query) === "register", ...(query.has(ANEW) && { prompt: "login" }) };
  return begin(parts, request, provider, { redirectUrl: redirectUrl.given }, parameters);
}

function actionOf(query: URLSearchParams): string | null {
  return query.get("action") ?? query.get("org.matrix.msc3824.action");
}

/** What of a query a provider's own link needs: a page has a link for each of many. */
function keptOf(query: URLSearchParams, redirectUrl: string): URLSearchParams {
  const kept = new URLSearchParams({ redirectUrl });
  if (actionOf(query) === "register") kept.set("action", "register");
  for (const mark of [SENT_TO_PUBLIC_HOST, ANEW]) if (query.has(mark)) kept.set(mark, "1");
  return kept;
}

/**
 * Sends a browser that came under another host to `publicBaseUrl`, once: the provider sends it back there, and a cookie that another
 * host has set would not come along.
 *
 * @param here - the request's address under `publicBaseUrl`, with a query
 */
export function redirectToPublicHost<Req>(
  parts: SsoParts<Req>,
  request: SsoRequest<Req>,
  here: string,
  keepOpener = false,
): SsoAnswer | undefined {
  if (isAtPublicHost(parts, request) || new URLSearchParams(request.query).has(SENT_TO_PUBLIC_HOST)) return undefined;
  return redirect(302, `${here}&${SENT_TO_PUBLIC_HOST}=1`, { keepOpener });
}

export function unknownProvider({ page }: Pick<SsoParts<never>, "page">): SsoAnswer {
  return page(unknownProviderPage());
}

function isAtPublicHost<Req>({ config: { host, isSecure } }: SsoParts<Req>, request: SsoRequest<Req>): boolean {
  return request.host?.toLowerCase().replace(isSecure ? /:443$/ : /:80$/, "") === host;
}

/**
 * Where a new try begins.
 *
 * @param anew - the provider asks who the user is, even if it knows
 */
export function startUrl<Req>(
  { config: { publicBaseUrl } }: SsoParts<Req>,
  { provider, purpose }: Pick<SignIn, "provider" | "purpose">,
  anew = false,
): string {
  if ("session" in purpose) return fallbackUrl(publicBaseUrl, purpose.session);
  const query = `redirectUrl=${encodeURIComponent(purpose.redirectUrl)}${anew ? `&${ANEW}=1` : ""}`;
  return `${publicBaseUrl}${SSO_REDIRECT_PATH}/${provider}?${query}`;
}

export function fallbackUrl(publicBaseUrl: string, session: string): string {
  return `${publicBaseUrl}${SSO_FALLBACK_PATH}?session=${encodeURIComponent(session)}`;
}

/**
 * Sends the browser to the provider, and remembers why in a cookie.
 *
 * @throws MatrixError if that does not fit a cookie
 */
export async function begin<Req>(
  parts: SsoParts<Req>,
  { method, cookie }: SsoRequest<Req>,
  { config, client }: Provider,
  purpose: SignInPurpose,
  parameters: Parameters<Provider["client"]["authorizationUrl"]>[1],
): Promise<SsoAnswer> {
  const startedAt = Math.floor(Date.now() / 1_000);
  const signIn: SignIn = {
    state: parts.signInCookies.newId(),
    nonce: randomBytes(32).toString("base64url"),
    codeVerifier: randomBytes(32).toString("base64url"),
    provider: config.id,
    startedAt,
    purpose,
  };
  const sealed = await parts.signInSeal.seal({ ...signIn, exp: startedAt + COOKIE_LIFETIME });
  if (!parts.signInCookies.fits(sealed)) throw redirectUrlTooLong();
  const cookies = parts.signInCookies.keep(cookie, signIn.state, sealed);
  const keepOpener = "session" in purpose;
  try {
    const location = await client.authorizationUrl(signIn, parameters);
    return redirect(method === "POST" ? 303 : 302, location, { cookies, keepOpener });
  } catch (error) {
    return parts.page({ ...pageFor(parts, error, startUrl(parts, signIn)), keepOpener });
  }
}
