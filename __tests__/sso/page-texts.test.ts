import { runInNewContext } from "node:vm";

import { describe, expect, test } from "@jest/globals";

import type { PageContent } from "../../lib/sso/answer.js";
import {
  authDonePage,
  choosePage,
  confirmPage,
  faultPage,
  otherUserPage,
  refusalPage,
  signInAgainPage,
  unknownProviderPage,
  unknownSessionPage,
} from "../../lib/sso/page-texts.js";

const AGAIN = "https://matrix.example.org/again";
const again = [{ label: "Try again", href: AGAIN }];
const buttons = [{ label: "Continue with Example", href: "https://matrix.example.org/go" }];

const shown: readonly (readonly [string, () => PageContent, PageContent])[] = [
  [
    "a sign-in that was cancelled",
    () => faultPage("cancelled", AGAIN),
    {
      kind: "error",
      status: 403,
      title: "Sign-in cancelled",
      text: "The identity provider reports that access was denied, or that you cancelled the sign-in.",
      actions: again,
    },
  ],
  [
    "a sign-in of another browser",
    () => faultPage("lost", undefined),
    {
      kind: "error",
      status: 400,
      title: "This sign-in is no longer valid",
      text:
        "It took longer than 10 minutes, was finished already, or began in another browser.\n" +
        "Go back to your app: if you are not signed in there, sign in again. If this page comes again, allow this site's cookies.",
      actions: [],
    },
  ],
  [
    "a provider that cannot be reached",
    () => faultPage("unavailable", AGAIN),
    {
      kind: "error",
      status: 503,
      title: "Sign-in is temporarily unavailable",
      text: "The identity provider gives no usable answer at the moment.\nTry again in a few seconds.",
      retryAfter: 5,
      actions: again,
    },
  ],
  [
    "a provider's answer that was not accepted",
    () => faultPage("refused", AGAIN),
    {
      kind: "error",
      status: 403,
      title: "Sign-in failed",
      text:
        "The answer of the identity provider was not accepted.\n" +
        "If it happens again, tell the administrator of this server.",
      actions: again,
    },
  ],
  [
    "a provider that is not known",
    () => unknownProviderPage(),
    {
      kind: "error",
      status: 404,
      title: "Unknown sign-in",
      text: "This server offers no such way to sign in.\nGo back to your app and choose another.",
      actions: [],
    },
  ],
  [
    "a choice of providers",
    () => choosePage("example.org", "app.example", buttons),
    {
      kind: "choose",
      status: 200,
      title: "Sign in",
      text: "Choose how to sign in to example.org.\nAfterwards you return to app.example.",
      actions: buttons,
    },
  ],
  [
    "an app that is not trusted",
    () => confirmPage({ userId: "@alice:example.org", client: "app.example", action: "/confirm", field: "sealed" }),
    {
      kind: "confirm",
      status: 200,
      title: "Continue to this app?",
      text:
        "app.example asks for full access to your account @alice:example.org.\n" +
        "Continue only if you trust it and have just started to sign in there. Otherwise, close this page.",
      actions: [{ label: "Continue", action: "/confirm", fields: { form: "sealed" } }],
    },
  ],
  [
    "a confirmation that nobody waits for",
    () => unknownSessionPage(),
    {
      kind: "error",
      status: 404,
      title: "Nothing to confirm",
      text: "It has ended already, or never began.\nGo back to your app and start again.",
      actions: [],
      keepOpener: true,
    },
  ],
  [
    "a confirmation",
    () => signInAgainPage({ userId: "@alice:example.org" }, buttons),
    {
      kind: "confirm",
      status: 200,
      title: "Confirm that it is you",
      text:
        "Sign in again as @alice:example.org to confirm that it is you.\n" +
        "If you did not start this, close this page: your account may be compromised.",
      actions: buttons,
      keepOpener: true,
    },
  ],
  [
    "a confirmation of something named",
    () => signInAgainPage({ userId: "@alice:example.org", description: "Delete a device" }, buttons),
    {
      kind: "confirm",
      status: 200,
      title: "Confirm that it is you",
      text:
        "Sign in again as @alice:example.org to confirm that it is you.\n" +
        "You are about to: Delete a device\n" +
        "If you did not start this, close this page: your account may be compromised.",
      actions: buttons,
      keepOpener: true,
    },
  ],
  [
    "somebody else's sign-in",
    () => otherUserPage("@alice:example.org", AGAIN),
    {
      kind: "error",
      status: 403,
      title: "Not the same account",
      text: "You signed in as somebody else. Nothing was confirmed.\nSign in as @alice:example.org.",
      actions: again,
      keepOpener: true,
    },
  ],
];

test.each(shown)("%s has a page of its own words", (_, page, words) => {
  expect(page()).toStrictEqual(words);
});

describe("a login's refusal", () => {
  test.each([
    [403, "Sign-in refused"],
    [400, "Sign-in refused"],
    [429, "Sign-in is temporarily unavailable"],
    [500, "Sign-in is temporarily unavailable"],
    [503, "Sign-in is temporarily unavailable"],
  ])("of status %d keeps its words, under the title %j", (status, title) => {
    const page = refusalPage({ status, text: "Its own words", retryAfter: undefined }, AGAIN);
    expect(page).toStrictEqual({ kind: "error", status, title, text: "Its own words", actions: again });
  });

  test("says when to try again", () => {
    const page = refusalPage({ status: 429, text: "Too many", retryAfter: 7 }, undefined);
    expect(page).toMatchObject({ retryAfter: 7, actions: [] });
  });
});

test("the page after a confirmation tells whoever opened its window", () => {
  const { script, ...words } = authDonePage();
  expect(words).toStrictEqual({
    kind: "done",
    status: 200,
    title: "Confirmed",
    text: "You can close this window and go back to your app.",
    actions: [],
    keepOpener: true,
  });
  const told: unknown[] = [];
  const run = (window: object) => runInNewContext(String(script), { window }) as unknown;
  run({ onAuthDone: () => told.push("onAuthDone"), opener: { postMessage: (...args: unknown[]) => told.push(args) } });
  run({ opener: { postMessage: (...args: unknown[]) => told.push(args) } });
  run({});
  expect(told).toEqual(["onAuthDone", ["authDone", "*"]]);
});
