import { createSecretKey } from "node:crypto";

import { afterAll, beforeAll, expect, test } from "@jest/globals";
import express from "express";
import type { Page } from "playwright-core";

import { hs256Token } from "../../example-server/src/signed-token.js";
import { matrixJwtLogin, MatrixError } from "../../lib/index.js";
import { startTestServer, type TestServer } from "../example-server/helpers/test-server.js";
import { until } from "../helpers/until.js";
import { serve, type RunningServer } from "../helpers/hosts.js";
import { token } from "../helpers/tokens.js";
import { button, describeInChromium, idle, signedIn, useChromium } from "./helpers/browser.js";

const failed = (status: string, path = "/_matrix/client/v3/login"): string =>
  `Failed to load resource: the server responded with a status of ${status} (${path})`;

/** Beside a server without one, the page asks in vain what it may demonstrate. */
const butForTheProvider = (messages: readonly string[]): readonly string[] =>
  messages.filter((message) => !message.includes("/demonstration"));

async function paste(page: Page, type: string, token: string): Promise<void> {
  await page.getByLabel("Login type").selectOption(type);
  await page.getByLabel("Token", { exact: true }).fill(token);
  await button(page, "Sign in with this token").click();
}

/** Its text, once it is there; it has the focus, so that nobody misses it. */
async function problem(page: Page): Promise<string> {
  await idle(page);
  const alert = page.getByRole("alert");
  await alert.waitFor();
  await until(async () => (await page.evaluate("document.activeElement.id")) === "problem");
  return alert.innerText();
}

describeInChromium("the sign-in page, where something goes wrong", () => {
  const chromium = useChromium();
  let server: TestServer;
  let troubled: RunningServer;
  beforeAll(async () => {
    server = await startTestServer();
    troubled = await serve(express().use(troubledLogin()));
  });
  afterAll(() => troubled.close());

  test("says why the server refused a token, and keeps the token to look at", async () => {
    const { page, console } = await chromium.open({ server: server.url });
    await paste(page, "org.matrix.login.jwt", hs256Token({ sub: "bob", exp: 1 }, server.secrets.jwtSecret));
    expect(await problem(page)).toMatch(/The server refused this login.*token expired.*403 · M_FORBIDDEN/s);
    expect(await page.getByLabel("Token", { exact: true }).inputValue()).toMatch(/^eyJ/);
    await until(async () => (await page.getByRole("alert").innerText()).includes("Which check refused it: exp. "), 15);
    await page.getByRole("link", { name: "Which check refused it" }).click();
    expect(await page.evaluate("document.activeElement.id")).toBe("failed-check");
    // Whoever takes another token has done with this one.
    await button(page, "Good").click();
    expect(await page.getByRole("alert").isVisible()).toBe(false);
    expect(await page.getByRole("status").innerText()).toBe(
      "There it is, for com.famedly.login.token. Sign in with it, or only check it.",
    );
    expect(console()).toEqual([failed("403 (Forbidden)")]);
  });

  test("explains why some whom the provider knows may not log in, and lets one choose again", async () => {
    const { page, console } = await chromium.open({ server: server.url });
    for (const [name, text] of [
      ["Carol", /The server refused this login.*User does not exist/s],
      ["Dora", /This account has been deactivated/],
      ["Louis", /This account is locked/],
    ] as const) {
      await button(page, "Sign in as somebody else").click();
      await button(page, `Sign in as ${name}`).click();
      expect(await problem(page)).toMatch(text);
      expect(page.url()).not.toContain("code=");
    }
    await button(page, "Sign in as Alice").click();
    await page.getByText("@alice:localhost", { exact: true }).waitFor();
    expect(console()).toEqual([failed("403 (Forbidden)"), failed("401 (Unauthorized)")]);
  });

  test("takes a sign-in that was cancelled for what it is", async () => {
    const { page, console } = await chromium.open({ server: server.url });
    await button(page, "Sign in as somebody else").click();
    await button(page, "Cancel").click();
    expect(await problem(page)).toContain("You cancelled the sign-in");
    expect(page.url()).not.toContain("error=");
    expect(console()).toEqual([]);
  });

  test("takes no code that it has not asked for", async () => {
    const url = `${chromium.origin}/?code=stolen&state=guessed&iss=${server.url}/idp&server=${server.url}`;
    const { page } = await chromium.open({ server: server.url, url });
    expect(await problem(page)).toContain("This tab did not ask for that sign-in");
    expect(page.url()).toBe(`${chromium.origin}/?server=${encodeURIComponent(server.url)}`);
  });

  test("notices that the session was ended elsewhere", async () => {
    const { page, console } = await chromium.open({ server: server.url });
    await button(page, "Sign in as Alice").click();
    await signedIn(page);
    const accessToken = await page.evaluate<string>("JSON.parse(sessionStorage.getItem('session')).accessToken");
    await server.post("/_matrix/client/v3/logout", { accessToken });
    await button(page, "Refresh the token").click();
    expect(await problem(page)).toContain("You are no longer signed in");
    await page.getByRole("heading", { name: "Sign in to Matrix" }).waitFor();
    expect(console()).toEqual([failed("401 (Unauthorized)", "/_matrix/client/v3/refresh")]);
  });

  test("says that the server is down, and asks another", async () => {
    const doomed = await serve(express().use(troubledLogin()));
    const { page, console } = await chromium.open({ server: doomed.url });
    await doomed.close();
    await paste(page, "org.example.busy", "a.b.c");
    expect(await problem(page)).toContain(`Nothing answered at ${doomed.url}`);
    expect(butForTheProvider(console())).toEqual([
      "Failed to load resource: net::ERR_CONNECTION_REFUSED (/_matrix/client/v3/login)",
    ]);

    await page.getByLabel("Matrix server").fill(`${server.url}/`);
    await button(page, "Ask").click();
    await page.getByRole("status").filter({ hasText: "The server has answered." }).waitFor();
    expect(await page.getByRole("alert").isHidden()).toBe(true);

    await page.getByLabel("Matrix server").fill(doomed.url);
    await button(page, "Ask").click();
    expect(await problem(page)).toContain(`Nothing answered at ${doomed.url}`);
    expect(await page.getByRole("link", { name: "Sign in with SSO" }).isVisible()).toBe(false);
    expect(await button(page, "Only check it").isVisible()).toBe(false);
    await page.getByLabel("Matrix server").fill(server.url);
    await button(page, "Ask").click();
    await page.getByRole("status").filter({ hasText: "The server has answered." }).waitFor();
    expect(await button(page, "Sign in as Alice").isVisible()).toBe(true);
  });

  test.each([
    ["https://matrix.org", "https://matrix.org"],
    ["matrix.org", "https://matrix.org"],
  ])("says that %j is out of its reach, and does not try", async (written, meant) => {
    const { page, console } = await chromium.open({ server: server.url });
    await page.getByLabel("Matrix server").fill(written);
    await button(page, "Ask").click();
    expect(await problem(page)).toContain(`others on this machine, and not ${meant}.`);
    expect(console()).toEqual([]);
  });

  test("asks for a server where none is given", async () => {
    const { page, console } = await chromium.open({ server: server.url });
    await page.getByLabel("Matrix server").fill("");
    await button(page, "Ask").click();
    await page.getByRole("status").filter({ hasText: "Give the server's address first." }).waitFor();
    expect(await page.evaluate("document.activeElement.id")).toBe("server");
    expect(console()).toEqual([]);
  });

  test("reads a server without a scheme, and a token with Bearer and line breaks, as they are meant", async () => {
    const { page, console } = await chromium.open({ server: troubled.url });
    await page.getByLabel("Matrix server").fill(` ${server.url.replace("http://", "")}/ `);
    await button(page, "Ask").click();
    await page.getByRole("status").filter({ hasText: "The server has answered." }).waitFor();
    const good = hs256Token({ sub: "alice", exp: Math.floor(Date.now() / 1_000) + 300 }, server.secrets.jwtSecret);
    await paste(page, "org.matrix.login.jwt", `"Authorization: Bearer ${good.slice(0, 40)}\n${good.slice(40)}"`);
    await signedIn(page);
    expect(butForTheProvider(console())).toEqual([]);
  });

  test("logs out here while the server is down", async () => {
    const doomed = await startTestServer();
    const { page } = await chromium.open({ server: doomed.url });
    await button(page, "Sign in as Alice").click();
    await signedIn(page);
    await page.route("**/logout", (route) => route.abort());
    await button(page, "Log out").click();
    await page.getByRole("heading", { name: "Sign in to Matrix" }).waitFor();
    await page.getByRole("status").filter({ hasText: "The server did not answer" }).waitFor();
    expect(await page.evaluate("sessionStorage.getItem('session')")).toBe(null);
  });

  test.each([
    ["429", "org.example.busy", "429 (Too Many Requests)", /Too many attempts.*Try again in 7 seconds/s],
    ["503", "org.example.keyless", "503 (Service Unavailable)", /Nothing is wrong with your token: try again in \d/],
  ])("says when to come back after a %s", async (_status, type, status, text) => {
    const { page, console } = await chromium.open({ server: troubled.url });
    expect(await button(page, "Sign in as Alice").isHidden()).toBe(true);
    await paste(page, type, tokens[type] ?? "");
    expect(await problem(page)).toMatch(text);
    expect(butForTheProvider(console())).toEqual([failed(status)]);
  });

  test("lets no script reach another machine", async () => {
    const { page, console } = await chromium.open({ server: server.url });
    const reached = await page.evaluate("fetch('http://127.0.0.2/').then(() => true, () => false)");
    expect(reached).toBe(false);
    expect(console().join()).toContain("violates the following Content Security Policy directive");
  });
});

const secret = "a secret of at least thirty-two characters";

const tokens: Readonly<Record<string, string>> = {
  "org.example.busy": token({}, { key: createSecretKey(Buffer.from(secret)) }),
  "org.example.keyless": token({}, { algorithm: "ES256" }),
};

/** Of the package, with an account that has logged in too often and keys that cannot be had. */
function troubledLogin() {
  return matrixJwtLogin({
    serverName: "localhost",
    logger: false,
    loginTypes: {
      "org.example.busy": { secret },
      "org.example.keyless": { jwksUri: "http://127.0.0.1:1/jwks", algorithms: ["ES256"] },
    },
    findUser: () => {
      throw new MatrixError("M_LIMIT_EXCEEDED", "Too many logins", { statusCode: 429, retryAfterMs: 6_500 });
    },
    issueToken: () => ({ accessToken: "never" }),
  });
}
