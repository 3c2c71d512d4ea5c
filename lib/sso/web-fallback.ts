import { callHost, ignoreRejection } from "../support/host-failure.js";
import type { VerifiedToken } from "../tokens/verifier.js";
import type { SsoAnswer } from "./answer.js";
import { SignInError } from "./errors.js";
import { pageFor } from "./faults.js";
import { checkSignedInSince } from "./id-token.js";
import type { InteractiveAuthOptions, InteractiveAuthSession } from "./options.js";
import { authDonePage, otherUserPage, signInAgainPage, unknownSessionPage } from "./page-texts.js";
import type { Provider, SignIn, SsoParts, SsoRequest } from "./parts.js";
import { policySourceOf } from "./redirect-url.js";
import { begin, fallbackUrl, redirectToPublicHost } from "./start.js";

/** Characters. What is longer is no session of anybody's, and fits no cookie. */
const MAX_SESSION = 1_024;

/** The page of the stage `m.login.sso` (client-server API, "Fallback"), and the buttons on it. */
export async function webFallback<Req>(
  parts: SsoParts<Req>,
  request: SsoRequest<Req>,
  interactiveAuth: InteractiveAuthOptions,
): Promise<SsoAnswer> {
  const id = new URLSearchParams(request.query).get("session") ?? "";
  try {
    const session = await sessionOf(interactiveAuth, id);
    if (session === undefined) return parts.page(unknownSessionPage());
    return request.method === "POST"
      ? await signInAgain(parts, request, id)
      : await askToSignIn(parts, request, id, session);
  } catch (error) {
    const again = fallbackUrl(parts.config.publicBaseUrl, id);
    return parts.page({ ...pageFor(parts, error, again), keepOpener: true });
  }
}

async function askToSignIn<Req>(
  parts: SsoParts<Req>,
  request: SsoRequest<Req>,
  session: string,
  shown: ShownSession,
): Promise<SsoAnswer> {
  const action = fallbackUrl(parts.config.publicBaseUrl, session);
  const elsewhere = redirectToPublicHost(parts, request, action, true);
  if (elsewhere !== undefined) return elsewhere;
  const form = await parts.forms.make(request.cookie, { session });
  // A browser would not follow the button to a provider that its page does not name.
  const origins = await Promise.allSettled(
    Array.from(parts.providers.values(), async ({ config, client }) => ({
      config,
      origin: await client.authorizationOrigin(),
    })),
  );
  const reached = origins.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  // Each outage has been logged. Without it, the others' buttons are the page.
  const failed = origins.find((one) => one.status === "rejected");
  if (reached.length === 0 && failed !== undefined) throw failed.reason;
  const actions = reached.map(({ config: { id, name } }) => ({
    label: `Continue with ${name}`,
    action,
    fields: { form: form.field, provider: id },
  }));
  const formTargets = reached.map(({ origin }) => policySourceOf(new URL(origin)));
  return parts.page({ ...signInAgainPage(shown, actions), formTargets, cookies: form.cookies });
}

async function signInAgain<Req>(parts: SsoParts<Req>, request: SsoRequest<Req>, session: string): Promise<SsoAnswer> {
  const form = await parts.forms.open(request.cookie, request.form?.get("form") ?? null);
  const provider = parts.providers.get(request.form?.get("provider") ?? "");
  if (form?.content["session"] !== session || provider === undefined) {
    throw SignInError.lost("no cookie of this browser fits the form");
  }
  return begin(parts, request, provider, { session }, { prompt: "login", max_age: "0" });
}

/** What the provider says of a sign-in that {@link webFallback} began. */
export async function confirmSession<Req>(
  { config, gate, page }: SsoParts<Req>,
  request: SsoRequest<Req>,
  provider: Provider,
  { startedAt }: SignIn,
  id: string,
  prove: () => Promise<VerifiedToken>,
): Promise<SsoAnswer> {
  const { interactiveAuth, publicBaseUrl } = config;
  if (interactiveAuth === undefined) return page(unknownSessionPage());
  const { userId } = await gate.identify(provider, request, async () => {
    const token = await prove();
    checkSignedInSince(token.claims, startedAt, provider);
    return token;
  });
  const session = await sessionOf(interactiveAuth, id);
  if (session === undefined) return page(unknownSessionPage());
  if (session.userId !== userId) return page(otherUserPage(session.userId, fallbackUrl(publicBaseUrl, id)));
  await callHost("sso.interactiveAuth.complete", () => interactiveAuth.complete(id, { userId, type: "m.login.sso" }));
  return page(authDonePage());
}

/** A session that can be shown. */
interface ShownSession extends InteractiveAuthSession {
  readonly description: string | undefined;
}

async function sessionOf(options: InteractiveAuthOptions, id: string): Promise<ShownSession | undefined> {
  if (id === "" || id.length > MAX_SESSION) return undefined;
  return callHost("sso.interactiveAuth.sessionOf", async () => {
    const session: unknown = await options.sessionOf(id);
    if (session === undefined || session === null) return undefined;
    const { userId, description: given } = session as Readonly<Record<string, unknown>>;
    for (const one of [userId, given]) ignoreRejection(one);
    // A database gives null for what is not there.
    const description = given ?? undefined;
    if (typeof userId !== "string" || (description !== undefined && typeof description !== "string")) {
      throw new TypeError("sessionOf must give a userId, and a description that is a string");
    }
    return { userId, description };
  });
}
