import { beforeAll, describe, expect, jest, test } from "@jest/globals";

import { link, loginTokenIn, TestBrowser, type Visited } from "../sso/helpers/browser.js";
import { clientOf } from "./helpers/interactive-auth.js";
import { startTestServer, whoami, type Answer, type TestServer } from "./helpers/test-server.js";

const APP = "https://app.example.org/";

// oidc-provider, of what it does not find of Node within Jest.
jest.spyOn(console, "warn").mockReturnValue();

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ TRUSTED_CLIENTS: `${APP} element://` });
});

const redirect = (provider = ""): string =>
  `${server.url}/_matrix/client/v3/login/sso/redirect${provider}?redirectUrl=${encodeURIComponent(APP)}`;

/** Presses a button of the development provider's page. */
async function choose(browser: TestBrowser, page: Visited, user: string): Promise<Visited> {
  expect(page.text).toContain("Who are you today?");
  const pressed = user === "" ? { cancel: "yes" } : { user };
  return browser.visit(page.url, { method: "POST", body: new URLSearchParams(pressed) });
}

async function signIn(browser: TestBrowser, user: string, provider = "/example"): Promise<Visited> {
  return choose(browser, await browser.visit(redirect(provider)), user);
}

const redeem = (home: Visited, more: object = {}): Promise<Answer> =>
  server.post("/_matrix/client/v3/login", { body: { type: "m.login.token", token: loginTokenIn(home), ...more } });

describe("sign-in through a browser", () => {
  test("offers both providers, and the first one signs Alice in", async () => {
    const browser = new TestBrowser();
    const chooser = await browser.visit(redirect());
    expect(chooser.text).toContain("Partner");
    const home = await choose(browser, await browser.visit(link(chooser, "Example")), "alice");
    expect(await redeem(home)).toMatchObject({ status: 200, body: { user_id: "@alice:localhost" } });
    expect(await redeem(home)).toMatchObject({ status: 403 });
  });

  test("the second one registers its users, who stay who they are", async () => {
    const ids = [];
    for (let i = 0; i < 2; i += 1) {
      const { body } = await redeem(await signIn(new TestBrowser(), "p-1001", "/partner"));
      ids.push(body["user_id"]);
    }
    expect(ids).toEqual(["@frank:localhost", "@frank:localhost"]);
  });

  test("another provider's Alice does not get Alice's account", async () => {
    const { status, text } = await signIn(new TestBrowser(), "p-1002", "/partner");
    expect(status).toBe(403);
    expect(text).toContain("This account is not linked to your identity");
  });

  test.each([
    ["carol", "User does not exist"],
    ["dora", "This account has been deactivated"],
    ["louis", "This account has been locked"],
    ["", "Sign-in cancelled"],
  ])("refuses %j in words: %s", async (user, words) => {
    const { text } = await signIn(new TestBrowser(), user);
    expect(text).toContain(words);
  });

  test("is not offered where browsers would come over plain HTTP", async () => {
    const plain = await startTestServer({ PUBLIC_BASE_URL: "http://matrix.example.org" });
    const { body } = await plain.get("/_matrix/client/v3/login");
    expect(JSON.stringify(body)).not.toContain("m.login.sso");
    const alice = clientOf(plain, await plain.loginByPassword("alice"));
    expect(JSON.stringify((await alice.deleteDevices([])).body)).not.toContain("m.login.sso");
  });
});

describe("back-channel logout", () => {
  const signOut = async (browser: TestBrowser): Promise<Visited> => {
    const page = await browser.visit(`${server.url}/idp/session/end`);
    const [, action = ""] = /action="([^"]+)"/.exec(page.text) ?? [];
    const [, xsrf = ""] = /name="xsrf" value="([^"]+)"/.exec(page.text) ?? [];
    return browser.visit(action, { method: "POST", body: new URLSearchParams({ xsrf, logout: "yes" }) });
  };

  test("ends the devices that this session of the provider began, and no others", async () => {
    const [here, elsewhere] = [new TestBrowser(), new TestBrowser()];
    const began = await redeem(await signIn(here, "alice"), { device_id: "HERE" });
    const other = await redeem(await signIn(elsewhere, "alice"), { device_id: "ELSEWHERE" });
    const password = await server.loginByPassword("alice", undefined, { device_id: "PASSWORD" });
    const devices = await server.get("/_matrix/client/v3/devices", {
      accessToken: password.body["access_token"] as string,
    });
    expect(devices.body["devices"]).toEqual(
      expect.arrayContaining([{ device_id: "HERE" }, { device_id: "ELSEWHERE" }, { device_id: "PASSWORD" }]),
    );

    expect((await signOut(here)).text).toContain("You are signed out");

    const statuses = [];
    for (const { body } of [began, other, password]) statuses.push((await whoami(server, body["access_token"])).status);
    expect(statuses).toEqual([401, 200, 200]);
  });
});

describe("User-Interactive Authentication by browser", () => {
  const fallback = (session: string): string =>
    `${server.url}/_matrix/client/v3/auth/m.login.sso/fallback/web?session=${encodeURIComponent(session)}`;

  test("the page names the operation, and a sign-in there lets it be done once", async () => {
    const browser = new TestBrowser();
    const client = clientOf(server, await redeem(await signIn(browser, "alice"), { device_id: "ONE" }));
    await server.loginByPassword("alice", undefined, { device_id: "OLD" });
    const asked = await client.deleteDevices(["OLD"]);
    expect(asked.body["flows"]).toContainEqual({ stages: ["m.login.sso"] });
    const session = asked.body["session"] as string;
    const early = await client.deleteDevices(["OLD"], { type: "m.login.sso", session });
    expect(early).toMatchObject({ status: 401, body: { errcode: "M_FORBIDDEN", session } });

    const page = await browser.visit(fallback(session));
    expect(page.text).toContain("@alice:localhost");
    expect(page.text).toContain("Delete the devices OLD");
    const done = await choose(browser, await browser.press(page, "Continue with Example"), "alice");
    expect(done.text).toContain("authDone");

    expect(await client.deleteDevices(["OLD"], { session })).toMatchObject({ status: 200 });
    expect(await client.deleteDevices(["OLD"], { session })).toMatchObject({ status: 400 });
  });

  test("somebody else who signs in confirms nothing", async () => {
    const client = clientOf(server, await server.loginBySecret({ sub: "bob" }, { device_id: "ONE" }));
    const session = (await client.deactivate()).body["session"] as string;
    const browser = new TestBrowser();
    const page = await browser.visit(fallback(session));
    expect(page.text).toContain("Deactivate your account for good");
    const other = await choose(browser, await browser.press(page, "Continue with Example"), "alice");
    expect(other.text).toContain("Not the same account");
    expect(await client.deactivate({ session })).toMatchObject({ status: 401 });
  });

  test.each(["x", "a\0b"])("there is no session %j", async (session) => {
    expect((await new TestBrowser().visit(fallback(session))).status).toBe(404);
  });
});
