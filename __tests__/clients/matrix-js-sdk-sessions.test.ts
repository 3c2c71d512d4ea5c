import { createSecretKey } from "node:crypto";

import { beforeAll, describe, expect, test } from "@jest/globals";
import type { ICreateClientOpts, LoginResponse } from "matrix-js-sdk";

import { startTestServer, type TestServer } from "../example-server/helpers/test-server.js";
import { token } from "../helpers/tokens.js";
import { sdk, type Sdk } from "./helpers/sdk.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ SERVER_NAME: "example.org" });
});

const connect = (options: Omit<ICreateClientOpts, "baseUrl"> = {}): Sdk => sdk(server.url, options);

/** As an app does it: one client logs in, and another is made with what it got. */
const loggedIn = ({ access_token: accessToken, user_id: userId, device_id: deviceId }: LoginResponse): Sdk =>
  connect({ accessToken, userId, deviceId });

function logIn(sub: string, more: object = {}, { client } = connect()): Promise<LoginResponse> {
  const key = createSecretKey(Buffer.from(server.secrets.jwtSecret));
  return client.loginRequest({ type: "org.matrix.login.jwt", token: token({ sub }, { key }), ...more });
}

describe("matrix-js-sdk, and the example server", () => {
  test("lists the server's own login and ours, each once", async () => {
    const { flows } = await connect().client.loginFlows();
    const types = flows.map(({ type }) => type);
    expect(types).toEqual(
      expect.arrayContaining(["m.login.password", "org.matrix.login.jwt", "com.famedly.login.token"]),
    );
    expect(new Set(types).size).toBe(types.length);
  });

  test("logs in, knows who it is, and logs out", async () => {
    const { client, sessionsLost } = loggedIn(await logIn("bob", { device_id: "PHONE" }));
    expect(await client.whoami()).toMatchObject({ user_id: "@bob:example.org", device_id: "PHONE" });
    expect(await client.logout()).toEqual({});
    await expect(client.whoami()).rejects.toMatchObject({ errcode: "M_UNKNOWN_TOKEN", httpStatus: 401 });
    expect(sessionsLost()).toBe(1);
  });

  test("logs in as another user with the token of one who is logged in, or was", async () => {
    const bob = loggedIn(await logIn("bob"));
    expect(await logIn("berta", {}, bob)).toMatchObject({ user_id: "@berta:example.org" });
    expect(await bob.client.whoami()).toMatchObject({ user_id: "@bob:example.org" });
    await bob.client.logout();
    expect(await logIn("bob", {}, bob)).toMatchObject({ user_id: "@bob:example.org" });
    expect(bob.sessionsLost()).toBe(0);
  });

  test("logs in by password, with an old access token too", async () => {
    const identifier = { type: "m.id.user", user: "alice" };
    const login = { type: "m.login.password", identifier, password: server.secrets.devPassword };
    for (const options of [{}, { accessToken: "of_long_ago" }]) {
      const answer = await connect(options).client.loginRequest(login);
      expect(await loggedIn(answer).client.whoami()).toMatchObject({ user_id: "@alice:example.org" });
    }
  });

  test("refreshes its tokens, by itself if the old one is gone", async () => {
    const answer = await logIn("bob", { refresh_token: true });
    expect(answer).toMatchObject({ refresh_token: expect.any(String), expires_in_ms: expect.any(Number) });
    const first = await connect().client.refreshToken(String(answer.refresh_token));
    expect(first.access_token).not.toBe(answer.access_token);

    const { client, authorizations, sessionsLost } = connect({
      accessToken: "of_long_ago",
      refreshToken: first.refresh_token,
      tokenRefreshFunction: async (refreshToken) => {
        const next = await connect().client.refreshToken(refreshToken);
        return {
          accessToken: next.access_token,
          refreshToken: next.refresh_token,
          expiry: new Date(Date.now() + next.expires_in_ms),
        };
      },
    });
    expect(await client.whoami()).toMatchObject({ user_id: "@bob:example.org" });
    expect(authorizations).toEqual(["Bearer of_long_ago", expect.not.stringContaining("of_long_ago")]);
    expect(sessionsLost()).toBe(0);
  });

  test.each([
    ["deactivated", "dora", { errcode: "M_USER_DEACTIVATED", httpStatus: 403 }],
    ["locked", "louis", { errcode: "M_USER_LOCKED", httpStatus: 401, data: { soft_logout: true } }],
  ])("hears that an account is %s", async (_, sub, error) => {
    await expect(logIn(sub)).rejects.toMatchObject(error);
  });
});
