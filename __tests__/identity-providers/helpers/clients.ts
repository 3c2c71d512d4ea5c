import { createHash, randomBytes } from "node:crypto";

import { APP, MATRIX, SCOPE, SERVICE } from "./oidc-provider.js";

/** What a token endpoint answers (RFC 6749 section 5.1, OpenID Connect Core 1.0 section 3.1.3.3). */
export interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
}

/** A service's token for itself: client credentials (RFC 6749 section 4.4) with a resource (RFC 8707). */
export async function serviceToken(issuer: string, scope = SCOPE): Promise<string> {
  const form = { grant_type: "client_credentials", resource: MATRIX, ...(scope && { scope }) };
  const credentials = Object.values(SERVICE).map(encodeURIComponent).join(":");
  const { access_token } = await requestTokens(issuer, form, {
    Authorization: `Basic ${Buffer.from(credentials).toString("base64")}`,
  });
  return access_token;
}

/** Alice's tokens: authorization code (RFC 6749 section 4.1) with PKCE (RFC 7636), as a browser and an app get them. */
export async function signIn(issuer: string, resource = MATRIX): Promise<Tokens> {
  const verifier = randomBytes(32).toString("base64url");
  const start = new URL((await discovered(issuer)).authorization_endpoint);
  start.search = new URLSearchParams({
    response_type: "code",
    client_id: APP.id,
    redirect_uri: APP.redirectUri,
    scope: `openid ${SCOPE}`,
    resource,
    nonce: randomBytes(16).toString("base64url"),
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  const callback = await follow(start);
  return requestTokens(issuer, {
    grant_type: "authorization_code",
    client_id: APP.id,
    redirect_uri: APP.redirectUri,
    code: callback.searchParams.get("code") ?? "",
    code_verifier: verifier,
    resource,
  });
}

/** Follows redirects as a browser does, with cookies, up to the app's own address. */
async function follow(start: URL): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = start;
  while (!url.href.startsWith(APP.redirectUri)) {
    const Cookie = Array.from(cookies, (pair) => pair.join("=")).join("; ");
    const response = await fetch(url, { redirect: "manual", headers: { Cookie } });
    const location = response.headers.get("Location");
    if (location === null) throw new Error(`${url.pathname} leads nowhere: ${await response.text()}`);
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    url = new URL(location, url);
  }
  return url;
}

async function requestTokens(
  issuer: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Tokens> {
  const { token_endpoint } = await discovered(issuer);
  const response = await fetch(token_endpoint, { method: "POST", headers, body: new URLSearchParams(form) });
  if (!response.ok) throw new Error(`no token: ${await response.text()}`);
  return (await response.json()) as Tokens;
}

interface Endpoints {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
}

async function discovered(issuer: string): Promise<Endpoints> {
  return (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as Endpoints;
}
