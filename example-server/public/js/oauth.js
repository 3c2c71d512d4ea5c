/* global AbortSignal, btoa, crypto, history, location, sessionStorage, TextEncoder, URLSearchParams */
/** The sign-in at the identity provider failed; the message says how. */
export class SignInError extends Error {}

const clientId = "matrix-web";
const storageKey = "sign-in under way";

/** What the provider publishes of itself (OpenID Connect Discovery), or undefined where there is none. */
export async function discoverProvider(issuer) {
  try {
    const response = await fetch(`${issuer}/.well-known/openid-configuration`, {
      signal: AbortSignal.timeout(15_000),
    });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

/** Leaves this page for the provider's: authorization code with PKCE (RFC 7636), and a state that only this tab knows. */
export async function beginSignIn(provider, server, user) {
  if (!crypto.subtle) throw new SignInError("PKCE needs a page on 127.0.0.1, localhost or https.");
  const verifier = randomText();
  const state = randomText();
  const pending = { server, state, verifier, issuer: provider.issuer, tokenEndpoint: provider.token_endpoint };
  sessionStorage.setItem(storageKey, JSON.stringify(pending));

  const url = new URL(provider.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: clientId,
    response_type: "code",
    scope: "openid",
    redirect_uri: redirectUri(),
    state,
    code_challenge: base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))),
    code_challenge_method: "S256",
    // Whoever signed in there before may not be whom one wants to be now.
    prompt: "login",
    ...(user && { login_hint: user }),
  });
  location.assign(url);
}

/**
 * Back from the provider: the server to log in to, and a function that gets the token for it. Undefined where nobody
 * came back.
 */
export function returnedSignIn() {
  const answer = new URLSearchParams(location.search);
  if (!answer.has("code") && !answer.has("error")) return undefined;
  const pending = JSON.parse(sessionStorage.getItem(storageKey) ?? "null") ?? {};
  sessionStorage.removeItem(storageKey);
  const server = pending.server ?? answer.get("server") ?? location.origin;
  // A code in the address would be kept in the history, and sent again by a reload.
  history.replaceState(null, "", pageUrl(server));
  return { server, getToken: () => redeem(answer, pending) };
}

/** This page's address; with the server, where that is another origin. */
export const pageUrl = (server) => (server === location.origin ? "/" : `/?${new URLSearchParams({ server })}`);

async function redeem(answer, { state, issuer, tokenEndpoint, verifier }) {
  if (state === undefined || answer.get("state") !== state) {
    throw new SignInError("This tab did not ask for that sign-in, or has finished it already.");
  }
  // RFC 9207: or another provider could have us hand it this one's code.
  if (answer.get("iss") !== issuer) throw new SignInError("That was the answer of another identity provider.");
  if (answer.has("error")) throw new SignInError(`${answer.get("error_description") ?? answer.get("error")}.`);

  let response;
  try {
    response = await fetch(tokenEndpoint, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code",
        client_id: clientId,
        redirect_uri: redirectUri(),
        code: answer.get("code"),
        code_verifier: verifier,
      }),
      signal: AbortSignal.timeout(15_000),
    });
  } catch {
    throw new SignInError("The identity provider cannot be reached.");
  }
  const tokens = await response.json().catch(() => ({}));
  if (!response.ok) throw new SignInError(`It gave no token: ${tokens.error_description ?? response.status}.`);
  return tokens.access_token;
}

const redirectUri = () => `${location.origin}/`;

const randomText = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
