import { urlencoded, Router, type Request, type Response } from "express";
import type Provider from "oidc-provider";

import { methodNotAllowed } from "../errors.js";
import { errorPage, pageHeaders, signInPage } from "./pages.js";
import { webClientId } from "./provider.js";
import type { DevelopmentUser } from "./users.js";

/** The page that the provider sends people to, who come back from it as somebody. */
export function signIn(provider: Provider, users: readonly DevelopmentUser[]): Router {
  const userOf = (subject: unknown) => users.find((user) => user.subject === subject);
  const router = Router({ caseSensitive: true, strict: true });
  router
    .route("/sign-in/:uid")
    .get(async (request, response) => {
      const interaction = await interactionOf(provider, request, response);
      if (interaction === undefined) return;
      const { client_id: clientId, login_hint: hint, redirect_uri: redirectUri } = interaction.params;
      // The one click: elsewhere a hint only fills in the form, but here there is none.
      const hinted = userOf(hint);
      if (hinted !== undefined) {
        await finish(provider, request, response, hinted);
        return;
      }
      const client = new URL(String(redirectUri)).origin;
      html(response, signInPage(provider.issuer, client, users), clientId === webClientId ? client : "anywhere");
    })
    .post(urlencoded({ extended: false, limit: "1kb" }), async (request, response) => {
      if ((await interactionOf(provider, request, response)) === undefined) return;
      const { user: subject } = request.body as Readonly<Record<string, unknown>>;
      await finish(provider, request, response, userOf(subject));
    })
    .all(methodNotAllowed);
  return router;
}

async function interactionOf(provider: Provider, request: Request, response: Response) {
  try {
    return await provider.interactionDetails(request, response);
  } catch {
    html(response.status(400), errorPage("session_not_found", "It took too long, or began in another browser."));
    return undefined;
  }
}

/** Whoever presses the button agrees as well: there is no second page that asks for it. */
async function finish(
  provider: Provider,
  request: Request,
  response: Response,
  user: DevelopmentUser | undefined,
): Promise<void> {
  if (user === undefined) {
    const cancelled = { error: "access_denied", error_description: "You cancelled the sign-in" };
    await provider.interactionFinished(request, response, cancelled, { mergeWithLastSubmission: false });
    return;
  }
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: user.subject, clientId: String(params["client_id"]) });
  grant.addOIDCScope("openid profile");
  const grantId = await grant.save();
  await provider.interactionFinished(request, response, {
    login: { accountId: user.subject, remember: false },
    consent: { grantId },
  });
}

function html(response: Response, body: string, forms?: string): void {
  response
    .set({ ...pageHeaders(forms), "Cache-Control": "no-store" })
    .type("html")
    .send(body);
}
