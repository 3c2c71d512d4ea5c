import { afterAll, afterEach, beforeAll, expect, jest, test } from "@jest/globals";
import express from "express";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

import { serveForTest } from "../helpers/test-hosts.js";
import { until } from "../helpers/until.js";
import { providerForTest, ssoHost, type SsoHost } from "../sso/helpers/host.js";
import { describeInChromium, launchChromium } from "./helpers/browser.js";
import { CLIENT_PAGE } from "./helpers/client-page.js";
import { backgroundOf, faintTexts, isTooWide, nameless } from "./helpers/looks.js";

const PHONE = { width: 320, height: 640 };

describeInChromium("single sign-on in a browser", () => {
  let browser: Browser;
  const requested: string[] = [];
  const messages: string[] = [];

  beforeAll(async () => {
    const args = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"];
    browser = await launchChromium(args);
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    expect(requested.splice(0).filter((url) => new URL(url).hostname !== "127.0.0.1")).toEqual([]);
    messages.splice(0);
  });

  async function newPage(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(10_000);
    context.on("request", (request) => requested.push(request.url()));
    context.on("console", (message) => {
      // Who presses a key before the page has focused its first control has focused one.
      if (!message.text().startsWith("Autofocus processing was blocked")) messages.push(message.text());
    });
    context.on("weberror", (error) => messages.push(error.error().message));
    return context.newPage();
  }

  async function client(options: BrowserContextOptions = {}, host?: SsoHost): Promise<Page> {
    const { url } = await serveForTest(express().get("/", (_, res) => void res.type("html").send(CLIENT_PAGE)));
    const page = await newPage(options);
    await page.goto(`${url}/?server=${encodeURIComponent((host ?? (await ssoHost())).url)}`);
    return page;
  }

  const signIn = (page: Page) => page.getByRole("link", { name: "Sign in", exact: true }).click();
  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
  const signedIn = async (page: Page) => {
    await page.getByText("@alice:example.org", { exact: true }).waitFor();
    expect(new URL(page.url()).search).toBe("?from=client");
    expect(messages).toEqual([]);
  };
  const heading = (page: Page, name: string) => page.getByRole("heading", { name }).waitFor();
  /** Of the page that is shown, in both schemes and at the width of a phone. */
  const expectReadable = async (page: Page) => {
    const backgrounds = new Set<string>();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await faintTexts(page)).toEqual([]);
      backgrounds.add(await backgroundOf(page));
    }
    expect(backgrounds.size).toBe(2);
    expect((await nameless(page)).filter((html) => !html.includes('type="hidden"'))).toEqual([]);
    const size = page.viewportSize();
    await page.setViewportSize(PHONE);
    expect(await isTooWide(page)).toBe(false);
    if (size !== null) await page.setViewportSize(size);
    expect(await page.locator("h1").count()).toBe(1);
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
  };

  test("a trusted client on another origin comes back signed in", async () => {
    const { url } = await serveForTest(express().get("/", (_, res) => void res.type("html").send(CLIENT_PAGE)));
    const host = await ssoHost({ sso: { trustedClients: [`${url}/`] } });
    const page = await newPage();
    await page.goto(`${url}/?server=${encodeURIComponent(host.url)}`);
    await signIn(page);
    await signedIn(page);
  });

  test("another client asks first, readable in every light, and comes back signed in", async () => {
    const page = await client();
    await signIn(page);
    await heading(page, "Continue to this app?");
    await expectReadable(page);
    await button(page, "Continue").click();
    await signedIn(page);
  });

  test("the keyboard alone is enough", async () => {
    const page = await client();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await heading(page, "Continue to this app?");
    await page.keyboard.press("Tab");
    await until(async () => (await page.evaluate<string>("document.activeElement.textContent")) === "Continue");
    expect(await page.evaluate<string>("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
    await page.keyboard.press("Enter");
    await signedIn(page);
  });

  test("a phone is wide enough", async () => {
    const page = await client({ viewport: PHONE });
    await signIn(page);
    await button(page, "Continue").click();
    await signedIn(page);
  });

  test("one of several providers is chosen", async () => {
    const other = await providerForTest();
    const host = await ssoHost({
      providers: (main) => ({ one: main, two: { ...main, name: "The other one", issuer: other.issuer } }),
      options: { externalIds: false },
    });
    const page = await client({}, host);
    await signIn(page);
    await heading(page, "Sign in");
    await expectReadable(page);
    await page.getByRole("link", { name: "The other one" }).click();
    await button(page, "Continue").click();
    await signedIn(page);
    expect(other.authorizations).toHaveLength(1);
  });

  test("who cancels at the provider can try again", async () => {
    const host = await ssoHost();
    host.provider.response = { code: undefined, error: "access_denied" };
    const page = await client({}, host);
    await signIn(page);
    await heading(page, "Sign-in cancelled");
    await expectReadable(page);
    host.provider.response = {};
    messages.splice(0);
    await page.getByRole("link", { name: "Try again" }).click();
    await button(page, "Continue").click();
    await signedIn(page);
  });

  test("another browser, and one that took too long, get nowhere", async () => {
    const host = await ssoHost();
    const page = await client({}, host);
    // A provider that waits for its user.
    host.provider.fault("authorize", (req, res) => {
      const asked = new URL(req.originalUrl, host.provider.issuer).searchParams;
      const back = `${asked.get("redirect_uri") ?? ""}?code=x&state=${asked.get("state") ?? ""}`;
      res.type("html").send(`<a href="${back.replaceAll("&", "&amp;")}">back</a>`);
    });
    await signIn(page);
    const callback = String(await page.getByRole("link", { name: "back" }).getAttribute("href"));
    const other = await newPage();
    await other.goto(callback);
    await heading(other, "This sign-in is no longer valid");
    await expectReadable(other);
    const now = Date.now();
    const clock = jest.spyOn(Date, "now").mockImplementation(() => now + 601_000);
    await page.goto(callback);
    clock.mockRestore();
    await heading(page, "This sign-in is no longer valid");
    expect(host.provider.exchanges).toEqual([]);
  });

  test("no page of it can be framed", async () => {
    const host = await ssoHost();
    const target = host.redirect("https://other.example/");
    const { url } = await serveForTest(
      express().get(
        "/",
        (_, res) => void res.type("html").send(`<iframe src="${target.replaceAll("&", "&amp;")}"></iframe>`),
      ),
    );
    const page = await newPage();
    await page.goto(url);
    await expect(
      page.frameLocator("iframe").getByText("Continue to this app?").waitFor({ timeout: 1_500 }),
    ).rejects.toThrow();
  });

  test("signing in again tells the window that asked for it", async () => {
    const complete = jest.fn<() => void>();
    const host = await ssoHost({
      sso: {
        interactiveAuth: {
          sessionOf: () => ({ userId: "@alice:example.org", description: "Delete the device PHONE" }),
          complete,
        },
      },
    });
    const page = await client({}, host);
    const [popup] = await Promise.all([
      page.waitForEvent("popup"),
      page.getByRole("button", { name: "Confirm" }).click(),
    ]);
    await heading(popup, "Confirm that it is you");
    await expectReadable(popup);
    await button(popup, "Continue with Example").click();
    await heading(popup, "Confirmed");
    await page.getByText("authDone", { exact: true }).waitFor();
    expect(complete).toHaveBeenCalledTimes(1);
    await expectReadable(popup);
    expect(messages).toEqual([]);
  });
});
