import { createSecretKey } from "node:crypto";
import { join } from "node:path";

import { afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { ICreateClientOpts, LoginResponse } from "matrix-js-sdk";
import { pino } from "pino";

import { openDatabase } from "../../example-server/src/database.js";
import { startTestServer, type TestServer } from "../example-server/helpers/test-server.js";
import { movableClock, type Clock } from "../helpers/clock.js";
import { token } from "../helpers/tokens.js";
import { sdk, type Sdk } from "./helpers/sdk.js";

let server: TestServer;
let clock: Clock | undefined;
beforeAll(async () => {
  server = await startTestServer({ SERVER_NAME: "example.org", ACCESS_TOKENS: "jwt", ACCESS_TOKEN_LIFETIME: "60" });
});
afterEach(() => clock?.restore());

const connect = (options: Omit<ICreateClientOpts, "baseUrl"> = {}): Sdk => sdk(server.url, options);

const logIn = (sub: string, more: object = {}): Promise<LoginResponse> => {
  const key = createSecretKey(Buffer.from(server.secrets.jwtSecret));
  return connect().client.loginRequest({ type: "org.matrix.login.jwt", token: token({ sub }, { key }), ...more });
};

/** As an app does it: with what a login gave, and refreshing by itself. */
function loggedIn({ access_token, refresh_token, user_id: userId, device_id: deviceId }: LoginResponse): Sdk {
  return connect({
    accessToken: access_token,
    userId,
    deviceId,
    ...(refresh_token !== undefined && {
      refreshToken: refresh_token,
      tokenRefreshFunction: async (refreshToken) => {
        const next = await connect().client.refreshToken(refreshToken);
        return {
          accessToken: next.access_token,
          refreshToken: next.refresh_token,
          expiry: new Date(Date.now() + next.expires_in_ms),
        };
      },
    }),
  });
}

/** Locks an account, or unlocks it, as an administrator would. */
async function setStatus(userId: string, status: "active" | "locked"): Promise<void> {
  const database = await openDatabase(
    { databaseFile: join(server.directory, "server.sqlite"), databaseUrl: undefined },
    pino({ level: "silent" }),
  );
  await database.updateTable("users").set({ status }).where("userId", "=", userId).execute();
  await database.destroy();
}

describe("matrix-js-sdk, and the example server with JSON Web Tokens for access tokens", () => {
  test("logs in, knows who it is, and logs out at once", async () => {
    const answer = await logIn("bob", { device_id: "PHONE" });
    expect(answer.access_token.split(".")).toHaveLength(3);
    const { client, sessionsLost } = loggedIn(answer);
    expect(await client.whoami()).toMatchObject({ user_id: "@bob:example.org", device_id: "PHONE" });
    expect(await client.logout()).toEqual({});
    await expect(client.whoami()).rejects.toMatchObject({ errcode: "M_UNKNOWN_TOKEN", httpStatus: 401 });
    expect(sessionsLost()).toBe(1);
  });

  test("refreshes its token when that expires, and keeps its session", async () => {
    const { client, authorizations, sessionsLost } = loggedIn(await logIn("bob", { refresh_token: true }));
    await client.whoami();
    clock = movableClock();
    clock.move(61);
    expect(await client.whoami()).toMatchObject({ user_id: "@bob:example.org" });
    expect(new Set(authorizations).size).toBe(2);
    expect(sessionsLost()).toBe(0);
  });

  test("is softly logged out if it can't refresh, and has its device again after another login", async () => {
    const { refresh_token: kept, ...answer } = await logIn("bob", { device_id: "LAPTOP", refresh_token: true });
    const { client } = loggedIn(answer);
    clock = movableClock();
    clock.move(61);
    expect(kept).toEqual(expect.any(String));
    await expect(client.whoami()).rejects.toMatchObject({
      errcode: "M_UNKNOWN_TOKEN",
      httpStatus: 401,
      data: { soft_logout: true },
    });
    const again = loggedIn(await logIn("bob", { device_id: "LAPTOP" }));
    expect(await again.client.whoami()).toMatchObject({ device_id: "LAPTOP" });
  });

  test("is told that its account is locked, may log out, and goes on when it is unlocked", async () => {
    const { client, sessionsLost } = loggedIn(await logIn("bob"));
    await setStatus("@bob:example.org", "locked");
    await expect(client.whoami()).rejects.toMatchObject({
      errcode: "M_USER_LOCKED",
      httpStatus: 401,
      data: { soft_logout: true },
    });
    await setStatus("@bob:example.org", "active");
    expect(await client.whoami()).toMatchObject({ user_id: "@bob:example.org" });
    await setStatus("@bob:example.org", "locked");
    expect(await client.logout()).toEqual({});
    await setStatus("@bob:example.org", "active");
    expect(sessionsLost()).toBe(0);
  });
});
