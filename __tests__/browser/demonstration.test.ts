import { beforeAll, describe, expect, test } from "@jest/globals";
import type { Page } from "playwright-core";

import { startTestServer, type TestServer } from "../example-server/helpers/test-server.js";
import { explains } from "../example-server/helpers/explains.js";
import { proofs } from "../example-server/helpers/interactive-auth.js";
import { button, describeInChromium, idle, signedIn, useChromium } from "./helpers/browser.js";
import { faintTexts, isTooWide, nameless } from "./helpers/looks.js";

const said = (page: Page, text: string): Promise<void> => page.getByRole("status").filter({ hasText: text }).waitFor();
const check = (page: Page, name: string) => page.locator("#checks li", { has: page.getByText(name, { exact: true }) });

(explains ? describeInChromium : describe.skip)("the sign-in page shows a login (npm run build)", () => {
  const chromium = useChromium();
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });

  test.each([
    ["Good", "Good: this token logs its user in.", undefined, undefined],
    ["Expired", "Refused (expired): one check failed.", "exp", "Get a fresh token."],
    ["Tampered with", "Refused (signature): one check failed.", "signature", "Compare the keys on both sides"],
    ["For another audience", "Refused (audience): one check failed.", "aud", "audience"],
    ["Of somebody without an account", "Refused", "new user", "allowRegistration"],
  ])("the sample “%s”, checked and not sent", async (sample, verdict, failed, advice) => {
    const { page, console } = await chromium.open({ server: server.url });
    await button(page, sample).click();
    await button(page, "Only check it").click();
    await page.locator("#verdict").filter({ hasText: verdict }).waitFor();
    expect(await page.locator("#exchange").isVisible()).toBe(false);
    if (failed !== undefined) expect(await check(page, failed).innerText()).toContain(advice);
    expect(console()).toEqual([]);
  });

  test("a login that was refused: token, checks, request, and answer", async () => {
    const { page, console } = await chromium.open({ server: server.url });
    await button(page, "Expired").click();
    const token = await page.locator("#token").inputValue();
    await button(page, "Sign in with this token").click();
    await page.getByRole("heading", { name: "The server refused this login" }).waitFor();
    await idle(page);
    expect(await page.locator("#jwt").innerText()).toBe(token);
    expect(await page.locator("#jwt .jwt-claims").innerText()).toBe(token.split(".")[1]);
    expect(await page.locator("#jwt-claims-json").innerText()).toContain('"sub": "alice"');
    expect(await page.locator("#jwt-times").innerText()).toContain("Expired 1 hour ago (exp)");
    expect(await check(page, "exp").getAttribute("class")).toBe("fail");
    expect(await page.locator("#request").innerText()).toContain(`POST ${server.url}/_matrix/client/v3/login`);
    expect(await page.locator("#answer").innerText()).toMatch(/^403\n[^]*"errcode": "M_FORBIDDEN"/);
    expect(console()).toHaveLength(1);
  });

  test("a login that succeeded, without its access token, and as a curl line that works", async () => {
    const { page, console } = await chromium.open({
      server: server.url,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await button(page, "Sign in as Alice").click();
    await signedIn(page);
    await page.locator("#verdict").filter({ hasText: "Good: this token logs its user in." }).waitFor();
    const accessToken = await page.evaluate<string>("JSON.parse(sessionStorage.getItem('session')).accessToken");
    expect(await page.locator("#answer").innerText()).toContain(`"access_token": "${accessToken.slice(0, 8)}…"`);
    expect(await page.locator("body").innerText()).not.toContain(accessToken);
    await button(page, "Copy as curl").click();
    await said(page, "Copied.");
    const curl = await page.evaluate<string>("navigator.clipboard.readText()");
    const [, body] = /^curl -sS -d '([^']+)' '[^']+'$/.exec(curl) ?? [];
    expect(await server.post("/_matrix/client/v3/login", { body: String(body) })).toMatchObject({ status: 200 });
    expect(console()).toEqual([]);
  });

  test("a whole curl line, with the login type that it names; and which type a token alone is for", async () => {
    const { page } = await chromium.open({ server: server.url });
    await idle(page);
    await page.locator("#login-type").selectOption("com.famedly.login.token");
    const { type, token } = proofs.bySecret(server, "alice");
    const paste = async (text: string, verdict: string): Promise<void> => {
      await page.getByLabel("Token", { exact: true }).fill(text);
      await button(page, "Only check it").click();
      await page.locator("#verdict").filter({ hasText: verdict }).waitFor();
    };
    await paste(String(token), `Choose the login type ${String(type)}: for that one it is good.`);
    await paste(
      `curl -sS -d '${JSON.stringify({ type, token })}' '${server.url}/login'`,
      "Good: this token logs its user in.",
    );
    expect(await page.locator("#login-type").inputValue()).toBe(type);
  });

  test("a good token of a user whom the server refuses", async () => {
    const { page } = await chromium.open({ server: server.url });
    await page.getByLabel("Token", { exact: true }).fill(JSON.stringify(proofs.bySecret(server, "louis")));
    await button(page, "Sign in with this token").click();
    await page.locator("#verdict").filter({ hasText: "The token is good; the server refused its user." }).waitFor();
  });

  test("what it may not copy is left to be copied by hand", async () => {
    const { page } = await chromium.open({ server: server.url });
    await button(page, "Expired").click();
    await button(page, "Only check it").click();
    await page.locator("#verdict").filter({ hasText: "Refused" }).waitFor();
    await page.evaluate(
      "navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'))",
    );
    await button(page, "Copy the token").click();
    await said(page, "copy it by hand");
  });

  test("something that is no token", async () => {
    const { page } = await chromium.open({ server: server.url });
    await page.getByLabel("Token", { exact: true }).fill("<b>no token</b>");
    await button(page, "Only check it").click();
    await page.locator("#verdict").filter({ hasText: "Refused (malformed)" }).waitFor();
    expect(await page.locator("#jwt").innerText()).toBe("<b>notoken</b>");
    expect(await page.locator("#jwt-header-json").innerText()).toBe("No JSON Web Token");
  });

  test("devices and linked identities; to delete a device, another token is the proof", async () => {
    const login = await freshLogin(server);
    await server.post("/_matrix/client/v3/login", { body: { ...login, device_id: "OLD" } });
    const { page } = await chromium.open({ server: server.url });
    await button(page, "Sign in as Alice").click();
    await signedIn(page);
    expect(await page.locator("#identities").innerText()).toBe(`alice at ${server.url}/idp`);
    await button(page, "Delete device OLD").click();
    await page.getByRole("heading", { name: "Is it really you?" }).waitFor();
    await idle(page);
    await button(page, "Keep the device").click();
    expect(await button(page, "Delete device OLD").isVisible()).toBe(true);
    await button(page, "Delete device OLD").click();
    await page.getByRole("heading", { name: "Is it really you?" }).waitFor();
    await idle(page);
    await button(page, "Prove it with a fresh token").click();
    await said(page, "OLD is deleted.");
    expect(await button(page, "Delete device OLD").count()).toBe(0);
  });

  test("a device of a user whom the provider does not know: a pasted token is the proof", async () => {
    const { type, token } = proofs.bySecret(server, "bob");
    const sent = { type, token, device_id: "OLD" };
    await server.post("/_matrix/client/v3/login", { body: sent });
    const { page } = await chromium.open({ server: server.url });
    await page.getByLabel("Token", { exact: true }).fill(JSON.stringify({ type, token }));
    await button(page, "Sign in with this token").click();
    await signedIn(page);
    expect(await page.title()).toBe("Signed in to Matrix");
    await button(page, "Delete device OLD").click();
    await page.getByRole("heading", { name: "Is it really you?" }).waitFor();
    await idle(page);
    expect(await button(page, "Prove it with a fresh token").isVisible()).toBe(false);
    expect(await page.getByRole("link", { name: "Prove it in the browser" }).count()).toBe(0);
    const proof = page.getByLabel(`Or a token of this account, for ${String(type)}`);
    await proof.fill(String(proofs.bySecret(server, "alice").token));
    await button(page, "Prove it with this token").click();
    await said(page, "Not proven");
    await proof.fill(String(token));
    await button(page, "Prove it with this token").click();
    await said(page, "OLD is deleted.");
  });

  test("single sign-on, and the provider's logout, which ends the session here", async () => {
    const { page } = await chromium.open({ server: server.url, url: server.url });
    await page.getByRole("link", { name: "Sign in with SSO" }).click();
    await page
      .getByRole("link", { name: "Example" })
      .or(page.getByRole("button", { name: "Example" }))
      .click();
    await button(page, "Sign in as Alice").click();
    await signedIn(page);
    expect(page.url()).toBe(`${server.url}/`);
    const [provider] = await Promise.all([
      page.waitForEvent("popup"),
      page.getByRole("link", { name: "Sign out at the provider" }).click(),
    ]);
    await provider.getByRole("button").first().click();
    await provider.getByText("signed out", { exact: false }).first().waitFor();
    await button(page, "Ask again who I am").click();
    await page.getByRole("heading", { name: "You are no longer signed in" }).waitFor();
  });

  test("a login token that this tab did not ask for signs nobody in", async () => {
    const { page, console } = await chromium.open({
      server: server.url,
      url: `${server.url}/?loginToken=mjl_stranger`,
    });
    await page.getByRole("heading", { name: "The identity provider did not sign you in" }).waitFor();
    expect(page.url()).toBe(`${server.url}/`);
    expect(console()).toEqual([]);
  });

  test("from phone to desktop, light and dark", async () => {
    const { page } = await chromium.open({ server: server.url });
    await button(page, "Tampered with").click();
    await button(page, "Sign in with this token").click();
    await page.getByRole("heading", { name: "The server refused this login" }).waitFor();
    await idle(page);
    await looksRight(page);
    await button(page, "Sign in as Alice").click();
    await signedIn(page);
    await page
      .getByRole("button", { name: /^Delete device/ })
      .first()
      .click();
    await page.getByRole("heading", { name: "Is it really you?" }).waitFor();
    await looksRight(page);
  });
});

async function looksRight(page: Page): Promise<void> {
  for (const width of [320, 390, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    expect({ width, isTooWide: await isTooWide(page) }).toEqual({ width, isTooWide: false });
  }
  expect(await nameless(page)).toEqual([]);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    expect({ colorScheme, faint: await faintTexts(page) }).toEqual({ colorScheme, faint: [] });
  }
}

async function freshLogin(server: TestServer): Promise<{ type: unknown; token: unknown }> {
  const { body } = await server.post("/demonstration/token", { body: { sub: "alice" } });
  return { type: body["login_type"], token: body["token"] };
}
