import { beforeAll, describe, expect, jest, test } from "@jest/globals";

import { startTestServer, type TestServer } from "../example-server/helpers/test-server.js";
import { link, loginTokenIn, TestBrowser, type Visited } from "../sso/helpers/browser.js";
import { sdk } from "./helpers/sdk.js";

// oidc-provider, of what it does not find of Node within Jest.
jest.spyOn(console, "warn").mockReturnValue();

const APP = "https://app.example.org/";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ TRUSTED_CLIENTS: APP });
});

/** Presses a button of oidc-provider's sign-in page. */
const choose = (browser: TestBrowser, { url }: Visited, user: string): Promise<Visited> =>
  browser.visit(url, { method: "POST", body: new URLSearchParams({ user }) });

const errorOf = (login: Promise<unknown>): Promise<unknown> =>
  login.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("matrix-js-sdk and single sign-on at oidc-provider", () => {
  test.each([
    ["example", "alice", "@alice:localhost"],
    ["partner", "p-1001", "@frank:localhost"],
  ])("getSsoLoginUrl leads to %s, and the login token ends the sign-in", async (provider, user, userId) => {
    const { client } = sdk(server.url);
    const { flows } = await client.loginFlows();
    const offered = flows.find(({ type }) => type === "m.login.sso");
    expect(offered).toMatchObject({
      identity_providers: expect.arrayContaining([expect.objectContaining({ id: provider })]),
    });
    const browser = new TestBrowser();

    const home = await choose(
      browser,
      await browser.visit(client.getSsoLoginUrl(`${APP}?x=1#y`, "sso", provider)),
      user,
    );
    const [token, location] = [loginTokenIn(home), new URL(home.headers.get("location") ?? "")];
    expect([location.origin, location.searchParams.get("x"), location.hash]).toEqual([new URL(APP).origin, "1", "#y"]);

    const login = await client.loginRequest({ type: "m.login.token", token, initial_device_display_name: "SDK" });
    expect(login).toMatchObject({ user_id: userId });
    const signedIn = sdk(server.url, { accessToken: login.access_token, userId, deviceId: login.device_id });
    expect(await signedIn.client.whoami()).toEqual({ user_id: userId, device_id: login.device_id, is_guest: false });
    expect((await signedIn.client.getDevices()).devices).toContainEqual({
      device_id: login.device_id,
      display_name: "SDK",
    });
    await signedIn.client.logout();
    expect(await errorOf(signedIn.client.whoami())).toMatchObject({ errcode: "M_UNKNOWN_TOKEN" });
  });

  test("without a provider, one is chosen", async () => {
    const browser = new TestBrowser();
    const { client } = sdk(server.url);
    const chooser = await browser.visit(client.getSsoLoginUrl(APP));
    const home = await choose(browser, await browser.visit(link(chooser, "Example")), "alice");
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- clients of today call it
    expect(await client.loginWithToken(loginTokenIn(home))).toMatchObject({ user_id: "@alice:localhost" });
  });

  test("a login token is good once", async () => {
    const browser = new TestBrowser();
    const { client, sessionsLost } = sdk(server.url);
    const home = await choose(browser, await browser.visit(client.getSsoLoginUrl(APP, "sso", "example")), "alice");
    const login = () => client.loginRequest({ type: "m.login.token", token: loginTokenIn(home) });
    await login();
    expect(await errorOf(login())).toMatchObject({ errcode: "M_FORBIDDEN", httpStatus: 403 });
    expect(sessionsLost()).toBe(0);
  });
});
