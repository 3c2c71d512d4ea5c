import { beforeAll, describe, expect, test } from "@jest/globals";
import Database from "libsql";

import { join } from "node:path";

import { startTestServer, whoami, type TestServer } from "./helpers/test-server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ SERVER_NAME: "example.org" });
});

function storedUsers(userId: string): unknown[] {
  const database = new Database(join(server.directory, "server.sqlite"));
  const rows = database.prepare("SELECT display_name AS displayName FROM users WHERE user_id = ?").all(userId);
  database.close();
  return rows;
}

describe("org.matrix.login.jwt", () => {
  test("registers a new user and logs in", async () => {
    const { status, body } = await server.loginBySecret({ sub: "bob", name: "Bob" }, { device_id: "PHONE" });
    expect(status).toBe(200);
    expect(body).toEqual({
      user_id: "@bob:example.org",
      device_id: "PHONE",
      home_server: "example.org",
      access_token: expect.any(String),
      well_known: { "m.homeserver": { base_url: server.url } },
    });
    expect(storedUsers("@bob:example.org")).toEqual([{ displayName: "Bob" }]);

    const identity = await whoami(server, body["access_token"]);
    expect(identity.status).toBe(200);
    expect(identity.body).toEqual({ user_id: "@bob:example.org", device_id: "PHONE", is_guest: false });
  });

  test("makes up a device ID if the client gives none", async () => {
    const { body } = await server.loginBySecret({ sub: "bob" });
    expect(body["device_id"]).toMatch(/^[A-Z]{10}$/);
  });

  test("logs a new user in on ten devices at once, and registers one user", async () => {
    const logins = await Promise.all(Array.from({ length: 10 }, () => server.loginBySecret({ sub: "newcomer" })));
    expect(logins.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect(new Set(logins.map(({ body }) => body["device_id"])).size).toBe(10);
    expect(storedUsers("@newcomer:example.org")).toHaveLength(1);
  });

  test("tells users apart by case, and registers none in upper case", async () => {
    const { status, body } = await server.loginBySecret({ sub: "ALICE" });
    expect(status).toBe(400);
    expect(body["errcode"]).toBe("M_INVALID_USERNAME");
  });

  test("refuses a token that has expired", async () => {
    const { status, body } = await server.loginBySecret({ sub: "bob", exp: Math.floor(Date.now() / 1000) - 3600 });
    expect(status).toBe(403);
    expect(body["errcode"]).toBe("M_FORBIDDEN");
  });

  test("refuses the identity provider's tokens, and the other way round", async () => {
    const ours = { type: "org.matrix.login.jwt" };
    expect(await server.loginByJwks({ sub: "alice" }, ours)).toMatchObject({ status: 403 });
    const theirs = { type: "com.famedly.login.token" };
    expect(await server.loginBySecret({ sub: "alice" }, theirs)).toMatchObject({ status: 403 });
  });
});

describe("com.famedly.login.token", () => {
  test("logs a known user in with a key of the JWKS", async () => {
    const { status, body } = await server.loginByJwks({ sub: "alice" });
    expect(status).toBe(200);
    expect(await whoami(server, body["access_token"])).toMatchObject({ body: { user_id: "@alice:example.org" } });
  });

  test.each([
    ["an unknown user", { sub: "nobody" }],
    ["another issuer", { sub: "alice", iss: "https://idp.example.com" }],
    ["another audience", { sub: "alice", aud: "another-server" }],
  ])("refuses %s", async (_what, claims) => {
    const { status, body } = await server.loginByJwks(claims);
    expect(status).toBe(403);
    expect(body["errcode"]).toBe("M_FORBIDDEN");
  });
});

describe("users who may not log in", () => {
  test("deactivated", async () => {
    const { status, body } = await server.loginBySecret({ sub: "dora" });
    expect(status).toBe(403);
    expect(body).toEqual({ errcode: "M_USER_DEACTIVATED", error: expect.any(String) });
  });

  test("locked", async () => {
    const { status, body } = await server.loginByJwks({ sub: "louis" });
    expect(status).toBe(401);
    expect(body).toEqual({ errcode: "M_USER_LOCKED", error: expect.any(String), soft_logout: true });
  });
});
