import { beforeAll, expect, test } from "@jest/globals";
import type { Page } from "playwright-core";

import { hs256Token } from "../../example-server/src/signed-token.js";
import { startTestServer, whoami, type TestServer } from "../example-server/helpers/test-server.js";
import { until } from "../helpers/until.js";
import { button, describeInChromium, idle, signedIn, useChromium } from "./helpers/browser.js";
import { backgroundOf, faintTexts, isTooWide, nameless } from "./helpers/looks.js";

const focused = (page: Page): Promise<string> => page.evaluate<string>("document.activeElement.textContent.trim()");

const kept = (page: Page): Promise<{ accessToken: string; deviceId: string }> =>
  page.evaluate("JSON.parse(sessionStorage.getItem('session'))");

describeInChromium("the sign-in page, on another origin than the Matrix server", () => {
  const chromium = useChromium();
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });

  test("signs in by one click", async () => {
    const { page, console } = await chromium.open({ server: server.url });
    expect(new URL(page.url()).origin).not.toBe(server.url);
    await button(page, "Sign in as Alice").click();
    await signedIn(page);

    expect(await page.locator("dl").innerText()).toContain("@alice:localhost");
    const { accessToken, deviceId } = await kept(page);
    expect(await page.locator("#device-id").innerText()).toBe(deviceId);
    expect(await whoami(server, accessToken)).toMatchObject({
      body: { user_id: "@alice:localhost", device_id: deviceId },
    });
    expect(page.url()).toBe(`${chromium.origin}/?server=${encodeURIComponent(server.url)}`);
    expect(console()).toEqual([]);
  });

  test("works on the Matrix server's own origin", async () => {
    const { page, console } = await chromium.open({ server: server.url, url: server.url });
    await button(page, "Sign in as Alice").click();
    await signedIn(page);
    expect(page.url()).toBe(`${server.url}/`);
    expect(console()).toEqual([]);
  });

  test("can be used by keyboard alone, and keeps the focus where one is", async () => {
    const { page, console } = await chromium.open({ server: server.url });
    const tabTo = async (name: string): Promise<void> => {
      for (let presses = 0; (await focused(page)) !== name; presses += 1) {
        expect(presses).toBeLessThan(12);
        await page.keyboard.press("Tab");
      }
    };
    await tabTo("Sign in as somebody else");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Who are you today?" }).waitFor();
    await until(async () => (await focused(page)) === "Sign in as Alice");
    await page.keyboard.press("Enter");
    await signedIn(page);
    await until(async () => (await focused(page)) === "You are signed in");

    await tabTo("Refresh the token");
    await page.keyboard.press("Enter");
    await page.getByRole("status").filter({ hasText: "You have a new access token." }).waitFor();
    await until(async () => (await focused(page)) === "Refresh the token");

    await tabTo("Log out");
    await page.keyboard.press("Space");
    await page.getByRole("status").filter({ hasText: "You are logged out." }).waitFor();
    await until(async () => (await focused(page)) === "Sign in to Matrix");
    expect(console()).toEqual([]);
  });

  test("shows the flows, and signs in with a token that is pasted", async () => {
    const { page, console } = await chromium.open({ server: server.url });
    expect(await page.locator("#flows code").allInnerTexts()).toEqual([
      "m.login.password",
      "org.matrix.login.jwt",
      "com.famedly.login.token",
      "m.login.sso",
      "m.login.token",
    ]);
    await page.getByLabel("Login type").selectOption("org.matrix.login.jwt");
    const exp = Math.floor(Date.now() / 1000) + 60;
    await page
      .getByLabel("Token", { exact: true })
      .fill(` ${hs256Token({ sub: "bob", exp }, server.secrets.jwtSecret)}\n`);
    await button(page, "Sign in with this token").click();
    await signedIn(page);
    expect(await page.locator("#user-id").innerText()).toBe("@bob:localhost");
    expect(console()).toEqual([]);
  });

  test("counts the time left, refreshes, survives a reload and logs out", async () => {
    const { page, console } = await chromium.open({ server: server.url });
    await button(page, "Sign in as Alice").click();
    await signedIn(page);
    const timeLeft = page.getByRole("timer");
    await until(async () => /^59:5\d minutes left$/.test(await timeLeft.innerText()));

    const before = await kept(page);
    await button(page, "Refresh the token").click();
    await page.getByRole("status").filter({ hasText: "You have a new access token." }).waitFor();
    const after = await kept(page);
    expect(after.accessToken).not.toBe(before.accessToken);
    expect(await whoami(server, after.accessToken)).toMatchObject({ status: 200 });
    expect(await whoami(server, before.accessToken)).toMatchObject({ status: 401 });

    await page.reload();
    await signedIn(page);
    expect(await page.locator("#device-id").innerText()).toBe(before.deviceId);

    await button(page, "Log out").click();
    await page.getByRole("heading", { name: "Sign in to Matrix" }).waitFor();
    await idle(page);
    expect(await kept(page)).toBeNull();
    expect(await whoami(server, after.accessToken)).toMatchObject({ status: 401 });
    expect(console()).toEqual([]);
  });

  test("gets a new token by itself if the old one has expired", async () => {
    const hasty = await startTestServer({ ACCESS_TOKEN_LIFETIME: "1" });
    const { page, console } = await chromium.open({ server: hasty.url });
    await button(page, "Sign in as Alice").click();
    await signedIn(page);
    const before = await kept(page);
    await page.getByText("has expired").waitFor();
    await button(page, "Ask again who I am").click();
    await page.getByRole("status").filter({ hasText: "The server knows you." }).waitFor();
    expect((await kept(page)).accessToken).not.toBe(before.accessToken);
    expect(console()).toEqual([
      "Failed to load resource: the server responded with a status of 401 (Unauthorized) (/_matrix/client/v3/account/whoami)",
    ]);
  });

  /** The heading of each, and the button that leads there from the one before. */
  const pages: readonly [string, string | undefined][] = [
    ["Sign in to Matrix", undefined],
    ["Who are you today?", "Sign in as somebody else"],
    ["The server refused this login", "Sign in as Carol"],
    ["You are signed in", "Sign in as Alice"],
  ];

  test("from phone to desktop, light and dark: all is in view, can be read, and has a name", async () => {
    const { page } = await chromium.open({ server: server.url });
    for (const [name, wayThere] of pages) {
      if (wayThere !== undefined) await button(page, wayThere).click();
      await page.getByRole("heading", { name }).waitFor();
      for (const width of [320, 390, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        expect({ name, width, isTooWide: await isTooWide(page) }).toEqual({ name, width, isTooWide: false });
      }
      expect({ name, nameless: await nameless(page) }).toEqual({ name, nameless: [] });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await backgroundOf(page)).toBe(colorScheme === "dark" ? "rgb(16, 21, 19)" : "rgb(244, 246, 245)");
        expect({ name, colorScheme, faint: await faintTexts(page) }).toEqual({ name, colorScheme, faint: [] });
      }
    }
  });
});
