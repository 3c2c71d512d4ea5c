import { afterAll, afterEach, beforeAll, expect, jest, test } from "@jest/globals";
import express from "express";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

import { startTestServer, type TestServer } from "../example-server/helpers/test-server.js";
import { serve, type RunningServer } from "../helpers/hosts.js";
import { button, describeInChromium, launchChromium } from "./helpers/browser.js";
import { CLIENT_PAGE } from "./helpers/client-page.js";
import { faintTexts, isTooWide } from "./helpers/looks.js";

// oidc-provider, of what it does not find of Node within Jest.
jest.spyOn(console, "warn").mockReturnValue();

const PHONE = { width: 390, height: 844 };

describeInChromium("single sign-on at oidc-provider, in a browser", () => {
  let browser: Browser;
  let trusted: RunningServer;
  let other: RunningServer;
  let server: TestServer;
  const requested: string[] = [];
  const messages: string[] = [];

  beforeAll(async () => {
    const client = () => serve(express().get("/", (_, res) => void res.type("html").send(CLIENT_PAGE)));
    [trusted, other] = [await client(), await client()];
    server = await startTestServer({ TRUSTED_CLIENTS: `${trusted.url}/` });
    const args = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"];
    browser = await launchChromium(args);
  });
  afterAll(async () => {
    await browser.close();
    for (const client of [trusted, other]) await client.close();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    expect(requested.splice(0).filter((url) => new URL(url).hostname !== "127.0.0.1")).toEqual([]);
    messages.splice(0);
  });

  async function open(client: RunningServer, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(15_000);
    context.on("request", (request) => requested.push(request.url()));
    context.on("console", (message) => {
      // Who presses a key before the page has focused its first control has focused one.
      if (!message.text().startsWith("Autofocus processing was blocked")) messages.push(message.text());
    });
    context.on("weberror", (error) => messages.push(error.error().message));
    const page = await context.newPage();
    await page.goto(`${client.url}/?server=${encodeURIComponent(server.url)}`);
    return page;
  }

  const signIn = (page: Page) => page.getByRole("link", { name: "Sign in", exact: true }).click();
  const choose = (page: Page, provider: string) => page.getByRole("link", { name: provider, exact: true }).click();
  const expectSignedIn = async (page: Page, userId: string) => {
    await page.getByText(userId, { exact: true }).waitFor();
    expect(new URL(page.url()).search).toBe("?from=client");
    expect(messages).toEqual([]);
  };
  /** Tabs on to what has this text, and presses it. */
  const press = async (page: Page, text: string) => {
    const focused = () => page.evaluate<string>("document.activeElement.textContent.trim()");
    for (let i = 0; i < 30 && (await focused()) !== text; i += 1) await page.keyboard.press("Tab");
    expect(await focused()).toBe(text);
    await page.keyboard.press("Enter");
  };

  test("a trusted client comes back signed in by the first provider", async () => {
    const page = await open(trusted);
    await signIn(page);
    await choose(page, "Example");
    await button(page, "Sign in as Alice").click();
    await expectSignedIn(page, "@alice:localhost");
  });

  test("another client asks first, by the second provider", async () => {
    const page = await open(other);
    await signIn(page);
    await choose(page, "Partner");
    await button(page, "Sign in as Frank").click();
    await page.getByText(`${other.url} asks for full access to your account @frank:localhost`).waitFor();
    await button(page, "Continue").click();
    await expectSignedIn(page, "@frank:localhost");
  });

  test("the keyboard alone is enough, on a phone, in the dark", async () => {
    const page = await open(other, { viewport: PHONE, colorScheme: "dark" });
    const readable = async () => {
      expect(await isTooWide(page)).toBe(false);
      expect(await faintTexts(page)).toEqual([]);
    };
    await press(page, "Sign in");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await readable();
    await press(page, "Example");
    await page.getByRole("heading", { name: "Who are you today?" }).waitFor();
    await readable();
    await press(page, "Sign in as Alice");
    await page.getByRole("heading", { name: "Continue to this app?" }).waitFor();
    await readable();
    await press(page, "Continue");
    await expectSignedIn(page, "@alice:localhost");
  });

  test("who cancels can try again; who is refused reads why", async () => {
    const page = await open(trusted);
    await signIn(page);
    await choose(page, "Example");
    await button(page, "Cancel").click();
    await page.getByRole("heading", { name: "Sign-in cancelled" }).waitFor();
    await page.getByRole("link", { name: "Try again" }).click();
    await button(page, "Sign in as Carol").click();
    await page.getByText("User does not exist").waitFor();
    await page.getByRole("link", { name: "Try again" }).click();
    await button(page, "Sign in as Alice").click();
    // Chromium reports the two pages that are 403.
    messages.splice(0);
    await expectSignedIn(page, "@alice:localhost");
  });

  test("signing out at the provider ends the device", async () => {
    const page = await open(trusted);
    await signIn(page);
    await choose(page, "Example");
    await button(page, "Sign in as Alice").click();
    await expectSignedIn(page, "@alice:localhost");
    await page.goto(`${server.url}/idp/session/end`);
    await button(page, "Sign out").click();
    await page.getByRole("heading", { name: "You are signed out" }).waitFor();
    expect(messages).toEqual([]);
  });
});
