import { describe, expect, jest, test } from "@jest/globals";
import { MatrixError, type InteractiveAuthOptions } from "matrix-jwt-login";

import { inSeconds } from "../helpers/tokens.js";
import { link, location, TestBrowser, type Visited } from "./helpers/browser.js";
import { providerForTest, ssoHost } from "./helpers/host.js";
import { SERVER_FAULTS } from "./helpers/provider.js";

const PATH = "/_matrix/client/v3/auth/m.login.sso/fallback/web";

async function host(given: Parameters<typeof ssoHost>[0] = {}) {
  const sessionOf = jest.fn<InteractiveAuthOptions["sessionOf"]>((session) =>
    session === "s&1" ? { userId: "@alice:example.org", description: "Delete <PHONE>" } : undefined,
  );
  const complete = jest.fn<InteractiveAuthOptions["complete"]>();
  const made = await ssoHost({ ...given, sso: { ...given.sso, interactiveAuth: { sessionOf, complete } } });
  const fallback = (session = "s&1") => `${made.url}${PATH}?session=${encodeURIComponent(session)}`;
  const browser = new TestBrowser();
  const signInAgain = async (): Promise<Visited> =>
    browser.press(await browser.visit(fallback()), "Continue with Example");
  return { ...made, sessionOf, complete, fallback, browser, signInAgain };
}

function expectOpenerKept({ headers }: Visited): void {
  expect(headers.get("cross-origin-opener-policy")).toBe("unsafe-none");
}

describe("the page", () => {
  test.each(["r0", "v3"])("names account and purpose, under %s", async (version) => {
    const { fallback, browser, provider } = await host();
    const page = await browser.visit(fallback().replace("/v3/", `/${version}/`));
    expect(page.status).toBe(200);
    expect(page.text).toContain("@alice:example.org");
    expect(page.text).toContain("Delete &#60;PHONE&#62;");
    expect(page.text).toContain("compromised");
    expect(page.text).not.toContain("<script");
    expect(page.headers.get("content-security-policy")).toContain(`form-action 'self' ${provider.issuer};`);
    expectOpenerKept(page);
  });

  test("under another host sends the browser home once, where its cookie will be", async () => {
    const { url, fallback, browser } = await host();
    const elsewhere = fallback().replace("127.0.0.1", "localhost");
    const sent = await browser.request(elsewhere);
    expect(sent.status).toBe(302);
    expectOpenerKept(sent);
    expect(location(sent)).toMatch(new RegExp(`^${url}${PATH}\\?session=s%261&`));
    expect(browser.received).toEqual([]);
    expect((await browser.visit(location(sent))).status).toBe(200);
    // Behind a proxy that changes the host, once is enough.
    expect((await browser.request(`${elsewhere}${location(sent).slice(location(sent).lastIndexOf("&"))}`)).status).toBe(
      200,
    );
  });

  test("offers the providers that can be reached, and is 503 if none can", async () => {
    const away = "http://127.0.0.1:1";
    const { fallback, browser, provider, logger } = await host({
      providers: (main) => ({ two: { ...main, name: "Two", issuer: away }, example: main }),
      options: { externalIds: false },
    });
    const page = await browser.visit(fallback());
    expect(page.status).toBe(200);
    expect(page.text).toContain("Continue with Example");
    expect(page.text).not.toContain("Continue with Two");
    expect(page.headers.get("content-security-policy")).toContain(`form-action 'self' ${provider.issuer};`);
    expect(logger.lines).toContainEqual({
      level: "warn",
      message: expect.stringContaining(away) as unknown,
    });
    const odd = await providerForTest();
    odd.document = { authorization_endpoint: undefined };
    const beside = await host({
      providers: (main) => ({ example: main, odd: { ...main, name: "Odd", issuer: odd.issuer } }),
      options: { externalIds: false },
    });
    expect((await beside.browser.visit(beside.fallback())).text).toContain("Continue with Example");
    expect(beside.logger.lines).toContainEqual({
      level: "warn",
      message: expect.stringContaining("authorization_endpoint") as unknown,
    });
    const none = await host({ provider: { issuer: away } });
    expect((await none.browser.visit(none.fallback())).status).toBe(503);
  });

  test.each(["other", "", "x".repeat(1_025)])("for the unknown session %j is 404", async (session) => {
    const { fallback, browser } = await host();
    const page = await browser.visit(fallback(session));
    expect(page.status).toBe(404);
    expectOpenerKept(page);
  });

  test("without a session is 404", async () => {
    const { url, browser } = await host();
    expect((await browser.visit(url + PATH)).status).toBe(404);
  });

  test.each([
    ["throws", () => Promise.reject(new Error("secret"))],
    ["throws a 500 of its own", () => Promise.reject(new MatrixError("M_X", "own", { statusCode: 500 }))],
    ["gives no user ID", () => ({ userId: 1 }) as never],
    ["gives a promise for a user ID", () => ({ userId: Promise.reject(new Error("secret")) }) as never],
    ["gives a description that is no string", () => ({ userId: "@a:example.org", description: 1 }) as never],
  ])("if sessionOf %s is 500", async (_, sessionOf) => {
    const made = await host();
    made.sessionOf.mockImplementation(sessionOf);
    const page = await made.browser.visit(made.fallback());
    expect(page.status).toBe(500);
    expect(page.text).not.toContain("secret");
    const failure: unknown = expect.objectContaining({
      message: "matrix-jwt-login: sso.interactiveAuth.sessionOf failed",
    });
    expect(made.logger.lines.at(-1)).toEqual({ level: "error", message: failure });
  });

  test.each([{}, { description: undefined }, { description: null }])(
    "without a description leaves that out: %j",
    async (given) => {
      const { sessionOf, fallback, browser } = await host();
      sessionOf.mockReturnValue(Promise.resolve({ userId: "@alice:example.org", ...given } as never));
      const page = await browser.visit(fallback());
      expect(page.status).toBe(200);
      expect(page.text).not.toContain("about to");
    },
  );

  test("has a button for each provider, and needs each to be there", async () => {
    const other = await providerForTest();
    const { fallback, browser, provider } = await host({
      providers: (main) => ({ one: main, two: { ...main, name: "Two", issuer: other.issuer } }),
      options: { externalIds: false },
    });
    const page = await browser.visit(fallback());
    expect(page.headers.get("content-security-policy")).toContain(`'self' ${provider.issuer} ${other.issuer};`);
    const back = await browser.press(page, "Continue with Two");
    expect(back.text).toContain("Confirmed");
    expect([provider.authorizations.length, other.authorizations.length]).toEqual([0, 1]);
  });

  test("is not there without interactiveAuth", async () => {
    const { url } = await ssoHost();
    expect((await new TestBrowser().visit(`${url}${PATH}?session=s`)).status).toBe(404);
  });

  test("while the provider is down is 503, with a way to try again", async () => {
    const { fallback, browser, provider } = await host();
    provider.fault("discovery", SERVER_FAULTS[2]?.[1]);
    const page = await browser.visit(fallback());
    expect(page.status).toBe(503);
    expect(link(page, "Try again")).toBe(fallback());
    expectOpenerKept(page);
  });
});

describe("signing in again", () => {
  test("completes the session, and tells the opener", async () => {
    const { signInAgain, complete, provider } = await host();
    const page = await signInAgain();
    expect(page.status).toBe(200);
    expect(page.text).toContain("Confirmed");
    expect(page.text).toMatch(/<script nonce="[\w-]{22}">.*onAuthDone.*postMessage\("authDone","\*"\)/s);
    expect(page.text).not.toContain("mjl_");
    expectOpenerKept(page);
    expect(complete.mock.calls).toEqual([["s&1", { userId: "@alice:example.org", type: "m.login.sso" }]]);
    const [asked] = provider.authorizations;
    expect([asked?.get("prompt"), asked?.get("max_age")]).toEqual(["login", "0"]);
  });

  test("keeps the opener on its way", async () => {
    const { browser, fallback } = await host();
    const page = await browser.visit(fallback());
    const [, form = ""] = /name="form" value="([^"]*)"/.exec(page.text) ?? [];
    const body = new URLSearchParams({ form, provider: "example" });
    const there = await browser.request(fallback(), { method: "POST", body });
    expect(there.status).toBe(303);
    expectOpenerKept(there);
  });

  test.each([
    ["before it was asked for", { auth_time: inSeconds(-120) }],
    ["never, as far as one knows", { auth_time: undefined }],
    ["at a time that is no number", { auth_time: "now" }],
  ])("%s completes nothing", async (_, claims) => {
    const { signInAgain, complete, provider } = await host();
    provider.claims = claims;
    const page = await signInAgain();
    expect(page.status).toBe(403);
    expect(page.text).toContain("not recent enough");
    expectOpenerKept(page);
    expect(complete).not.toHaveBeenCalled();
  });

  test("a bit before by a clock within the tolerance completes it", async () => {
    const { signInAgain, provider } = await host();
    provider.claims = { auth_time: inSeconds(-30) };
    expect((await signInAgain()).status).toBe(200);
  });

  test("at a provider that never says when completes it, if that is allowed", async () => {
    const { signInAgain, provider } = await host({ provider: { requireAuthTime: false } });
    provider.claims = { auth_time: undefined };
    expect((await signInAgain()).status).toBe(200);
  });

  test("as somebody else completes nothing", async () => {
    const { signInAgain, complete, provider, fallback } = await host();
    provider.claims = { sub: "bob" };
    const page = await signInAgain();
    expect(page.status).toBe(403);
    expect(page.text).toContain("Nothing was confirmed");
    expect(link(page, "Try again")).toBe(fallback());
    expect(complete).not.toHaveBeenCalled();
  });

  test("as a user whom nobody knows completes and registers nothing", async () => {
    const registerUser = jest.fn(() => ({ id: "x" }));
    const { signInAgain, complete, provider } = await host({
      provider: { allowRegistration: true },
      options: { registerUser },
    });
    provider.claims = { sub: "carol" };
    expect((await signInAgain()).status).toBe(403);
    expect(registerUser).not.toHaveBeenCalled();
    expect(complete).not.toHaveBeenCalled();
  });

  test("for a session that has ended meanwhile is 404", async () => {
    const { browser, fallback, sessionOf, complete } = await host();
    const page = await browser.visit(fallback());
    sessionOf.mockReturnValueOnce({ userId: "@alice:example.org" }).mockReturnValueOnce(null);
    expect((await browser.press(page, "Continue with Example")).status).toBe(404);
    expect(complete).not.toHaveBeenCalled();
  });

  test("for a host that asks nobody any more is 404", async () => {
    const { browser, fallback, provider } = await host();
    const page = await browser.visit(fallback());
    const [, form = ""] = /name="form" value="([^"]*)"/.exec(page.text) ?? [];
    const body = new URLSearchParams({ form, provider: "example" });
    const there = await browser.request(fallback(), { method: "POST", body });
    const back = new URL(location(await browser.request(location(there))));
    const other = await ssoHost();
    expect((await browser.request(other.url + back.pathname + back.search)).status).toBe(404);
    expect(provider.exchanges).toEqual([]);
  });

  test("if complete fails is 500", async () => {
    const { signInAgain, complete, logger } = await host();
    complete.mockRejectedValue(new Error("secret"));
    const page = await signInAgain();
    expect(page.status).toBe(500);
    expect(page.text).not.toContain("secret");
    const failure: unknown = expect.objectContaining({
      message: "matrix-jwt-login: sso.interactiveAuth.complete failed",
    });
    expect(logger.lines).toContainEqual({ level: "error", message: failure });
  });

  test("cancelled at the provider leads back to its page", async () => {
    const { signInAgain, provider, fallback, complete } = await host();
    provider.response = { code: undefined, error: "access_denied" };
    const page = await signInAgain();
    expect(page.status).toBe(403);
    expect(link(page, "Try again")).toBe(fallback());
    expectOpenerKept(page);
    expect(complete).not.toHaveBeenCalled();
  });

  test("starts from its page only: not from another session's, another browser's, or without one", async () => {
    const { browser, fallback, sessionOf, provider } = await host();
    sessionOf.mockReturnValue({ userId: "@alice:example.org" });
    const page = await browser.visit(fallback("other"));
    const [, form = ""] = /name="form" value="([^"]*)"/.exec(page.text) ?? [];
    const post = (from: TestBrowser, fields: Record<string, string>, session = "other") =>
      from.request(fallback(session), { method: "POST", body: new URLSearchParams(fields) });
    for (const answer of [
      await post(browser, { form, provider: "example" }, "s&1"),
      await post(new TestBrowser(), { form, provider: "example" }),
      await post(browser, { form, provider: "unknown" }),
      await post(browser, { form }),
      await post(browser, { provider: "example" }),
      await post(browser, {}),
    ]) {
      expect(answer.status).toBe(400);
    }
    expect(provider.authorizations).toEqual([]);
    // Nor does its form confirm a login.
    const callback = "/_matrix/client/unstable/org.matrix-jwt-login/sso/callback/example";
    const origin = new URL(page.url).origin;
    const body = new URLSearchParams({ form });
    expect((await browser.request(origin + callback, { method: "POST", body })).status).toBe(400);
  });

  test("for a session whose ID fits no cookie is 400", async () => {
    const { browser, fallback, sessionOf } = await host();
    sessionOf.mockReturnValue({ userId: "@alice:example.org" });
    const long = Array.from({ length: 1_024 }, (_, i) => String.fromCharCode(0x4e00 + ((i * 7_919) % 20_000))).join("");
    const page = await browser.visit(fallback(long));
    expect(page.status).toBe(200);
    expect((await browser.press(page, "Continue with Example")).status).toBe(400);
  });
});
