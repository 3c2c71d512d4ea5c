import type { PageContent } from "./answer.js";
import type { SignInFault } from "./errors.js";

/** Seconds. */
const RETRY_AFTER = 5;

interface Explained {
  readonly status: number;
  readonly title: string;
  readonly text: string;
  readonly retryAfter?: number;
}

const FAULTS: Readonly<Record<SignInFault, Explained>> = {
  cancelled: {
    status: 403,
    title: "Sign-in cancelled",
    text: "The identity provider reports that access was denied, or that you cancelled the sign-in.",
  },
  lost: {
    status: 400,
    title: "This sign-in is no longer valid",
    text:
      "It took longer than 10 minutes, was finished already, or began in another browser.\n" +
      "Go back to your app: if you are not signed in there, sign in again. If this page comes again, allow this site's cookies.",
  },
  unavailable: {
    status: 503,
    title: "Sign-in is temporarily unavailable",
    text: "The identity provider gives no usable answer at the moment.\nTry again in a few seconds.",
    retryAfter: RETRY_AFTER,
  },
  refused: {
    status: 403,
    title: "Sign-in failed",
    text: "The answer of the identity provider was not accepted.\nIf it happens again, tell the administrator of this server.",
  },
};

/** @param again - where a new try begins; unknown if the browser's cookie is gone */
export function faultPage(fault: SignInFault, again: string | undefined): PageContent {
  return errorPage(FAULTS[fault], again);
}

function errorPage(explained: Explained, again: string | undefined): PageContent {
  const actions = again === undefined ? [] : [{ label: "Try again", href: again }];
  return { kind: "error", ...explained, actions };
}

/** What the login answered, in its own words. */
export function refusalPage(
  { status, text, retryAfter }: { status: number; text: string; retryAfter: number | undefined },
  again: string | undefined,
): PageContent {
  const isTemporary = status === 429 || status >= 500;
  const title = isTemporary ? "Sign-in is temporarily unavailable" : "Sign-in refused";
  return errorPage({ status, title, text, ...(retryAfter !== undefined && { retryAfter }) }, again);
}

export function unknownProviderPage(): PageContent {
  const text = "This server offers no such way to sign in.\nGo back to your app and choose another.";
  return errorPage({ status: 404, title: "Unknown sign-in", text }, undefined);
}

export function choosePage(
  serverName: string,
  client: string,
  providers: readonly { readonly label: string; readonly href: string }[],
): PageContent {
  const text = `Choose how to sign in to ${serverName}.\nAfterwards you return to ${client}.`;
  return { status: 200, kind: "choose", title: "Sign in", text, actions: providers };
}

export function confirmPage({
  userId,
  client,
  action,
  field,
}: Readonly<Record<"userId" | "client" | "action" | "field", string>>): PageContent {
  const text =
    `${client} asks for full access to your account ${userId}.\n` +
    "Continue only if you trust it and have just started to sign in there. Otherwise, close this page.";
  const actions = [{ label: "Continue", action, fields: { form: field } }];
  return { status: 200, kind: "confirm", title: "Continue to this app?", text, actions };
}

export function unknownSessionPage(): PageContent {
  const text = "It has ended already, or never began.\nGo back to your app and start again.";
  return { ...errorPage({ status: 404, title: "Nothing to confirm", text }, undefined), keepOpener: true };
}

export function signInAgainPage(
  { userId, description }: { readonly userId: string; readonly description?: string | undefined },
  actions: PageContent["actions"],
): PageContent {
  const text = [
    `Sign in again as ${userId} to confirm that it is you.`,
    ...(description === undefined ? [] : [`You are about to: ${description}`]),
    "If you did not start this, close this page: your account may be compromised.",
  ].join("\n");
  return { status: 200, kind: "confirm", title: "Confirm that it is you", text, actions, keepOpener: true };
}

export function otherUserPage(userId: string, again: string): PageContent {
  const text = `You signed in as somebody else. Nothing was confirmed.\nSign in as ${userId}.`;
  return { ...errorPage({ status: 403, title: "Not the same account", text }, again), keepOpener: true };
}

/** Client-server API, "Fallback" of User-Interactive Authentication: tells the client that opened the window. */
const TELL_OPENER =
  'if(window.onAuthDone){window.onAuthDone()}else if(window.opener&&window.opener.postMessage){window.opener.postMessage("authDone","*")}';

export function authDonePage(): PageContent {
  return {
    status: 200,
    kind: "done",
    title: "Confirmed",
    text: "You can close this window and go back to your app.",
    actions: [],
    script: TELL_OPENER,
    keepOpener: true,
  };
}
