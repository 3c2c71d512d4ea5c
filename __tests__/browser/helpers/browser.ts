import { afterAll, afterEach, beforeAll, describe, expect } from "@jest/globals";
import express from "express";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";

import { signInPage } from "../../../example-server/src/sign-in-page.js";
import { serve, type RunningServer } from "../../helpers/hosts.js";

/** The path of a Chromium. */
const executablePath = process.env["CHROMIUM"];

/** Skipped, by name, without a Chromium. */
export const describeInChromium = executablePath === undefined ? describe.skip : describe;

export function launchChromium(args: readonly string[]): Promise<Browser> {
  return chromium.launch({ executablePath: String(executablePath), args: [...args] });
}

interface OpenPage {
  readonly page: Page;
  /** What the browser has to say of it so far, each message once. */
  readonly console: () => readonly string[];
}

interface Visit extends BrowserContextOptions {
  /** The Matrix server's. */
  readonly server: string;
  /** Of the page, with its query; default: the page with this server. */
  readonly url?: string;
}

export interface Visitor {
  /** The origin of the page, which is no Matrix server's. */
  readonly origin: string;
  /** In a context of its own. */
  readonly open: (visit: Visit) => Promise<OpenPage>;
}

/**
 * A Chromium for the tests of a file, and the sign-in page served on an origin of its own: its requests to a Matrix
 * server are cross-origin. After each test, nothing may have left this machine.
 */
export function useChromium(): Visitor {
  let browser: Browser;
  let host: RunningServer;
  const requested: string[] = [];

  beforeAll(async () => {
    host = await serve(express().use(signInPage()));
    browser = await launchChromium(flags);
  });
  afterAll(async () => {
    await browser.close();
    await host.close();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    expect(requested.splice(0).filter((url) => new URL(url).hostname !== "127.0.0.1")).toEqual([]);
  });

  return {
    get origin() {
      return host.url;
    },
    open: async ({ server, url = `${host.url}/?server=${encodeURIComponent(server)}`, ...options }) => {
      const context = await browser.newContext(options);
      context.setDefaultTimeout(10_000);
      const page = await context.newPage();
      const messages = new Set<string>();
      page.on("request", (request) => requested.push(request.url()));
      page.on("console", (message) => {
        const { url } = message.location();
        messages.add(URL.canParse(url) ? `${message.text()} (${new URL(url).pathname})` : message.text());
      });
      page.on("pageerror", (error) => messages.add(error.message));
      await page.goto(url);
      await idle(page);
      return { page, console: () => [...messages] };
    },
  };
}

/** Waits for the page to be done with what it does. */
export const idle = (page: Page): Promise<void> => page.locator("body[aria-busy=false]").waitFor();

/** Waits until nothing that the page asks for in the name of whoever has signed in is under way. */
export async function signedIn(page: Page): Promise<void> {
  await page.getByRole("heading", { name: "You are signed in" }).waitFor();
  await idle(page);
  await page.locator("#identities li").first().waitFor();
}

export const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Whatever it might try by itself: it finds nobody.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];
