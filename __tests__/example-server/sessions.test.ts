import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, describe, expect, test } from "@jest/globals";
import Database from "libsql";

import { refresh, startTestServer, whoami, type Answer, type TestServer } from "./helpers/test-server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});

const logout = "/_matrix/client/v3/logout";
const unknownToken = { status: 401, body: { errcode: "M_UNKNOWN_TOKEN" } };

const logInToRefresh = (deviceId: string): Promise<Answer> =>
  server.loginBySecret({ sub: "bob" }, { device_id: deviceId, refresh_token: true });

const accessTokenOf = (login: Answer): string => login.body["access_token"] as string;

function execute(sql: string): void {
  const database = new Database(join(server.directory, "server.sqlite"));
  database.exec(sql);
  database.close();
}

describe("access tokens", () => {
  test("are asked for, and recognised", async () => {
    expect(await whoami(server, undefined)).toMatchObject({ status: 401, body: { errcode: "M_MISSING_TOKEN" } });
    expect(await whoami(server, "made-up")).toMatchObject(unknownToken);
  });

  test("may come as a query parameter", async () => {
    const login = await server.loginBySecret({ sub: "bob" });
    const { body } = await server.get(`/_matrix/client/v3/account/whoami?access_token=${accessTokenOf(login)}`);
    expect(body["user_id"]).toBe("@bob:localhost");
  });

  test("are nowhere in the database as they are, nor are refresh tokens and the password", async () => {
    const { body } = await logInToRefresh("AT_REST");
    const files = readdirSync(server.directory).filter((name) => name.startsWith("server.sqlite"));
    const stored = Buffer.concat(files.map((name) => readFileSync(join(server.directory, name))));
    expect(stored.includes("AT_REST")).toBe(true);
    for (const secret of [body["access_token"], body["refresh_token"], server.secrets.devPassword]) {
      expect(stored.includes(secret as string)).toBe(false);
    }
  });

  test("of a device end when the user logs in on it again; another user's device of that ID is another device", async () => {
    const first = await server.loginBySecret({ sub: "bob" }, { device_id: "SHARED" });
    const others = await server.loginBySecret({ sub: "berta" }, { device_id: "SHARED" });
    const second = await server.loginBySecret({ sub: "bob" }, { device_id: "SHARED" });
    expect(await whoami(server, accessTokenOf(first))).toMatchObject(unknownToken);
    expect(await whoami(server, accessTokenOf(second))).toMatchObject({ status: 200 });
    expect(await whoami(server, accessTokenOf(others))).toMatchObject({ body: { user_id: "@berta:localhost" } });
  });

  test("expire if the client can refresh them", async () => {
    const login = await logInToRefresh("EXPIRING");
    execute("UPDATE sessions SET expires_at = 0 WHERE device_id = 'EXPIRING'");
    expect(await whoami(server, accessTokenOf(login))).toMatchObject({
      status: 401,
      body: { errcode: "M_UNKNOWN_TOKEN", soft_logout: true },
    });
    const refreshed = await refresh(server, login.body["refresh_token"]);
    expect(await whoami(server, accessTokenOf(refreshed))).toMatchObject({ status: 200 });
  });
});

describe("refreshing", () => {
  test("gives new tokens, and the old ones end when the new ones are used", async () => {
    const login = await logInToRefresh("ROTATING");
    expect(login.body["expires_in_ms"]).toBe(3_600_000);

    const refreshed = await refresh(server, login.body["refresh_token"]);
    expect(refreshed.status).toBe(200);
    expect(refreshed.body).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      expires_in_ms: 3_600_000,
    });
    expect(refreshed.body["refresh_token"]).not.toBe(login.body["refresh_token"]);

    expect(await whoami(server, accessTokenOf(refreshed))).toMatchObject({ body: { device_id: "ROTATING" } });
    expect(await whoami(server, accessTokenOf(login))).toMatchObject(unknownToken);
    expect(await refresh(server, login.body["refresh_token"])).toMatchObject(unknownToken);
  });

  test("ends the old tokens when the new refresh token is used, too", async () => {
    const login = await logInToRefresh("TWICE");
    const once = await refresh(server, login.body["refresh_token"]);
    const twice = await refresh(server, once.body["refresh_token"]);
    expect(twice.status).toBe(200);
    expect(await refresh(server, login.body["refresh_token"])).toMatchObject(unknownToken);
    expect(await whoami(server, accessTokenOf(login))).toMatchObject(unknownToken);
  });

  test("can be repeated by a client whose answer got lost", async () => {
    const login = await logInToRefresh("LOSSY");
    const lost = await refresh(server, login.body["refresh_token"]);
    const arrived = await refresh(server, login.body["refresh_token"]);
    expect(arrived.status).toBe(200);
    expect(await whoami(server, accessTokenOf(lost))).toMatchObject(unknownToken);
    expect(await whoami(server, accessTokenOf(arrived))).toMatchObject({ status: 200 });
  });

  test("takes refresh tokens only", async () => {
    const login = await logInToRefresh("MIXED_UP");
    expect(await refresh(server, login.body["access_token"])).toMatchObject(unknownToken);
    expect(await whoami(server, login.body["refresh_token"])).toMatchObject(unknownToken);
  });
});

describe("logging out", () => {
  test("ends the device's tokens and no others", async () => {
    const one = await logInToRefresh("ONE");
    const two = await logInToRefresh("TWO");
    const answer = await server.post(logout, { accessToken: accessTokenOf(one) });
    expect(answer).toMatchObject({ status: 200, body: {} });
    expect(await whoami(server, accessTokenOf(one))).toMatchObject(unknownToken);
    expect(await refresh(server, one.body["refresh_token"])).toMatchObject(unknownToken);
    expect(await server.post(logout, { accessToken: accessTokenOf(one) })).toMatchObject(unknownToken);
    expect(await whoami(server, accessTokenOf(two))).toMatchObject({ status: 200 });
  });

  test("everywhere ends the user's tokens and nobody else's", async () => {
    const one = await server.loginBySecret({ sub: "carl" });
    const two = await server.loginBySecret({ sub: "carl" });
    const others = await server.loginBySecret({ sub: "berta" });
    await server.post(`${logout}/all`, { accessToken: accessTokenOf(one) });
    expect(await whoami(server, accessTokenOf(one))).toMatchObject(unknownToken);
    expect(await whoami(server, accessTokenOf(two))).toMatchObject(unknownToken);
    expect(await whoami(server, accessTokenOf(others))).toMatchObject({ status: 200 });
  });
});

describe("accounts that are closed while they are logged in", () => {
  test("locked: everything waits but logging out", async () => {
    const login = await server.loginBySecret({ sub: "lena" }, { refresh_token: true });
    execute("UPDATE users SET status = 'locked' WHERE user_id = '@lena:localhost'");
    const locked = { status: 401, body: { errcode: "M_USER_LOCKED", soft_logout: true } };
    expect(await whoami(server, accessTokenOf(login))).toMatchObject(locked);
    expect(await refresh(server, login.body["refresh_token"])).toMatchObject(locked);
    expect(await server.post(logout, { accessToken: accessTokenOf(login) })).toMatchObject({ status: 200 });
  });

  test("deactivated: its tokens are worth nothing", async () => {
    const login = await server.loginBySecret({ sub: "dirk" }, { refresh_token: true });
    execute("UPDATE users SET status = 'deactivated' WHERE user_id = '@dirk:localhost'");
    expect(await whoami(server, accessTokenOf(login))).toMatchObject(unknownToken);
    expect(await refresh(server, login.body["refresh_token"])).toMatchObject(unknownToken);
  });
});
