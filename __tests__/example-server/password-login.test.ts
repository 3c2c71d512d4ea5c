import { beforeAll, describe, expect, test } from "@jest/globals";

import { startTestServer, whoami, type TestServer } from "./helpers/test-server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});

const login = "/_matrix/client/v3/login";

describe("the server's own password login, behind the middleware", () => {
  test.each(["alice", "@alice:localhost"])("logs %s in", async (user) => {
    const { status, body } = await server.loginByPassword(user, undefined, { device_id: "LAPTOP" });
    expect(status).toBe(200);
    expect(body).toEqual({
      user_id: "@alice:localhost",
      device_id: "LAPTOP",
      home_server: "localhost",
      access_token: expect.any(String),
      well_known: { "m.homeserver": { base_url: server.url } },
    });
    expect(await whoami(server, body["access_token"])).toMatchObject({
      body: { user_id: "@alice:localhost", device_id: "LAPTOP" },
    });
  });

  test("takes the older top-level user, and makes up a device ID", async () => {
    const { status, body } = await server.post(login, {
      body: { type: "m.login.password", user: "alice", password: server.secrets.devPassword },
    });
    expect(status).toBe(200);
    expect(body["device_id"]).toMatch(/^[A-Z]{10}$/);
  });

  test("gives a refresh token to a client that asks for one", async () => {
    const { body } = await server.loginByPassword("alice", undefined, { refresh_token: true });
    expect(body).toMatchObject({ refresh_token: expect.any(String), expires_in_ms: 3_600_000 });
  });

  test("answers a wrong password, an unknown user and a user without a password alike", async () => {
    await server.loginBySecret({ sub: "bob" });
    const wrong = await server.loginByPassword("alice", "wrong");
    expect(wrong.status).toBe(403);
    expect(wrong.body["errcode"]).toBe("M_FORBIDDEN");
    for (const user of ["nobody", "Alice", "bob", "@alice:example.org", "\0", "\ud800"]) {
      const { status, body } = await server.loginByPassword(user, "wrong");
      expect({ status, body }).toEqual({ status: wrong.status, body: wrong.body });
    }
  });

  test("tells only those who know the password that an account is deactivated or locked", async () => {
    expect(await server.loginByPassword("dora", "wrong")).toMatchObject({
      status: 403,
      body: { errcode: "M_FORBIDDEN" },
    });
    expect(await server.loginByPassword("louis", "wrong")).toMatchObject({
      status: 403,
      body: { errcode: "M_FORBIDDEN" },
    });
    expect(await server.loginByPassword("dora")).toMatchObject({
      status: 403,
      body: { errcode: "M_USER_DEACTIVATED" },
    });
    expect(await server.loginByPassword("louis")).toMatchObject({
      status: 401,
      body: { errcode: "M_USER_LOCKED", soft_logout: true },
    });
  });

  const identifier = { type: "m.id.user", user: "alice" };
  test.each<[string, object, string]>([
    ["an unknown type", { type: "m.login.sso" }, "M_UNKNOWN"],
    ["no type", {}, "M_MISSING_PARAM"],
    ["no user", { type: "m.login.password", password: "x" }, "M_MISSING_PARAM"],
    ["no password", { type: "m.login.password", identifier }, "M_MISSING_PARAM"],
    [
      "an identifier of another type",
      { type: "m.login.password", identifier: { type: "m.id.phone" } },
      "M_INVALID_PARAM",
    ],
    ["an identifier that is no object", { type: "m.login.password", identifier: "alice" }, "M_INVALID_PARAM"],
    ["a device ID that is no string", { type: "m.login.password", device_id: 1 }, "M_INVALID_PARAM"],
    ["a device ID with a NUL", { type: "m.login.password", device_id: "A\0B" }, "M_INVALID_PARAM"],
    ["a device ID that is too long", { type: "m.login.password", device_id: "A".repeat(513) }, "M_INVALID_PARAM"],
    ["a refresh_token that is no boolean", { type: "m.login.password", refresh_token: "yes" }, "M_INVALID_PARAM"],
  ])("refuses %s", async (_what, body, errcode) => {
    const answer = await server.post(login, { body });
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ errcode, error: expect.any(String) });
  });
});
