import { TokenError } from "../tokens/errors.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import { type PageContent, redirect, type SsoAnswer, withCookies } from "./answer.js";
import { SignInError } from "./errors.js";
import { pageFor } from "./faults.js";
import { type IdTokenClaims, verifyIdToken } from "./id-token.js";
import { type SsoIdentity, useName } from "./login-tokens.js";
import { confirmPage } from "./page-texts.js";
import type { Provider, SignIn, SsoParts, SsoRequest } from "./parts.js";
import { clientOf, policySourceOf, withLoginToken } from "./redirect-url.js";
import { startUrl } from "./start.js";
import { confirmSession } from "./web-fallback.js";

/** A `GET` of a redirect URI: the provider has sent the browser back (OpenID Connect Core 1.0 section 3.1.2.5). */
export async function wayBack<Req>(
  parts: SsoParts<Req>,
  request: SsoRequest<Req>,
  provider: Provider,
): Promise<SsoAnswer> {
  const state = new URLSearchParams(request.query).get("state") ?? "";
  const sealed = parts.signInCookies.get(request.cookie, state);
  const signIn = sealed === undefined ? undefined : ((await parts.signInSeal.open(sealed)) as SignIn | undefined);
  const isThisOne = signIn?.state === state;
  const answer =
    isThisOne && signIn.provider === provider.config.id
      ? await signedIn(parts, request, provider, signIn)
      : parts.page(lost(parts, isThisOne ? signIn : undefined));
  // Whatever happened: no code is exchanged twice.
  return sealed === undefined ? answer : withCookies(answer, [parts.signInCookies.drop(state)]);
}

/** @param signIn - that of this browser, if it is not for this provider */
function lost<Req>(parts: SsoParts<Req>, signIn: SignIn | undefined): PageContent {
  const error = SignInError.lost("no cookie of this browser fits the answer");
  return signIn === undefined
    ? pageFor(parts, error, undefined)
    : { ...pageFor(parts, error, startUrl(parts, signIn)), keepOpener: "session" in signIn.purpose };
}

async function signedIn<Req>(
  parts: SsoParts<Req>,
  request: SsoRequest<Req>,
  provider: Provider,
  signIn: SignIn,
): Promise<SsoAnswer> {
  const query = new URLSearchParams(request.query);
  const prove = async (): Promise<VerifiedToken> =>
    verifyIdToken(provider, signIn, await provider.client.exchange(query, signIn), parts.gate.steps);
  const { purpose } = signIn;
  try {
    if ("session" in purpose) return await confirmSession(parts, request, provider, signIn, purpose.session, prove);
    const { userId, claims } = await parts.gate.signIn(provider, request, prove);
    const { iss, sub, sid } = claims as IdTokenClaims;
    const identity = { userId, provider: provider.config.id, iss, sub, ...(sid !== undefined && { sid }) };
    return await backToClient(parts, request, identity, purpose.redirectUrl);
  } catch (error) {
    const page = pageFor(parts, error, startUrl(parts, signIn), startUrl(parts, signIn, true));
    return parts.page({ ...page, keepOpener: "session" in purpose });
  }
}

/** Sends the browser back to its client, or first asks whether that is meant. */
async function backToClient<Req>(
  parts: SsoParts<Req>,
  request: SsoRequest<Req>,
  identity: SsoIdentity,
  redirectUrl: string,
): Promise<SsoAnswer> {
  const url = new URL(redirectUrl);
  if (parts.config.isTrusted(url)) return withToken(parts, identity, url);
  const { field, cookies } = await parts.forms.make(request.cookie, { identity, redirectUrl });
  const { userId, provider } = identity;
  const action = `${parts.config.publicBaseUrl}${parts.config.callbackPath}/${provider}`;
  return parts.page({
    ...confirmPage({ userId, client: clientOf(url), action, field }),
    formTargets: [policySourceOf(url)],
    cookies,
  });
}

/** A `POST` to a redirect URI: the button of the confirmation. */
export async function confirmed<Req>(parts: SsoParts<Req>, request: SsoRequest<Req>): Promise<SsoAnswer> {
  const form = await parts.forms.open(request.cookie, request.form?.get("form") ?? null);
  const { identity, redirectUrl } = (form?.content ?? {}) as { identity?: SsoIdentity; redirectUrl?: string };
  if (form === undefined || identity === undefined || redirectUrl === undefined) {
    return parts.page(pageFor(parts, SignInError.lost("no cookie of this browser fits the form"), undefined));
  }
  try {
    const answer = await parts.gate.once(useName("form", form.id), form.times, 0, () =>
      withToken(parts, identity, new URL(redirectUrl)),
    );
    return withCookies(answer, [form.dropCookie]);
  } catch (error) {
    const ended = error instanceof TokenError ? SignInError.lost(why(error)) : error;
    const { provider } = identity;
    return parts.page(pageFor(parts, ended, startUrl(parts, { provider, purpose: { redirectUrl } })));
  }
}

/** Its times were good a moment ago: if they are not now, the clock was set back. */
function why({ code, message }: TokenError): string {
  return code === "used" ? "the form was sent before" : `the clock was set back: ${message}`;
}

async function withToken<Req>(parts: SsoParts<Req>, identity: SsoIdentity, redirectUrl: URL): Promise<SsoAnswer> {
  return redirect(303, withLoginToken(redirectUrl, await parts.loginTokens.make(identity)));
}
