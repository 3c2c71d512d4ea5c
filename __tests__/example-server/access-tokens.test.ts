import { existsSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { decodeJwt, decodeProtectedHeader } from "jose";

import { movableClock, type Clock } from "../helpers/clock.js";
import { refresh, startTestServer, whoami, type TestServer } from "./helpers/test-server.js";

const clientApi = "/_matrix/client/v3";
let clock: Clock | undefined;
afterEach(() => clock?.restore());

describe("ACCESS_TOKENS=jwt", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ SERVER_NAME: "example.org", ACCESS_TOKENS: "jwt", ACCESS_TOKEN_LIFETIME: "10" });
  });

  const logIn = async (submission: object = {}) => {
    const { body } = await server.loginBySecret({ sub: "bob" }, { device_id: "PHONE", ...submission });
    return body as { access_token: string; refresh_token: string; expires_in_ms: number };
  };

  test("gives JSON Web Tokens that verify with the published keys", async () => {
    const { access_token: token, expires_in_ms: lifetime } = await logIn({ refresh_token: true });
    const { keys } = (await server.get("/keys")).body as { keys: { kid: string }[] };
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: "at+jwt", alg: "ES256", kid: keys[0]?.kid });
    expect(decodeJwt(token)).toMatchObject({ iss: server.url, sub: "@bob:example.org", device_id: "PHONE" });
    expect(lifetime).toBe(10_000);
    expect((await whoami(server, token)).body).toMatchObject({ user_id: "@bob:example.org", device_id: "PHONE" });
  });

  test("gives tokens for a week to clients that can't refresh", async () => {
    expect((await logIn()).expires_in_ms).toBe(604_800_000);
  });

  test("ends a token when its session ends: by logout, by another login on the device, by a refresh that is used", async () => {
    const first = await logIn();
    const second = await logIn({ refresh_token: true });
    expect((await whoami(server, first.access_token)).status).toBe(401);
    const { body: third } = await refresh(server, second.refresh_token);
    expect((await whoami(server, second.access_token)).status).toBe(200);
    expect((await whoami(server, third["access_token"])).status).toBe(200);
    expect((await whoami(server, second.access_token)).body).toMatchObject({ errcode: "M_UNKNOWN_TOKEN" });
    await server.post(`${clientApi}/logout`, { accessToken: third["access_token"] as string });
    expect((await whoami(server, third["access_token"])).body).toMatchObject({ soft_logout: false });
  });

  test("asks for a soft logout when a token has expired, and refreshes it", async () => {
    const { access_token: token, refresh_token: refreshToken } = await logIn({ refresh_token: true });
    clock = movableClock();
    clock.move(11);
    expect(await whoami(server, token)).toMatchObject({
      status: 401,
      body: { errcode: "M_UNKNOWN_TOKEN", soft_logout: true },
    });
    const { body } = await refresh(server, refreshToken);
    expect((await whoami(server, body["access_token"])).status).toBe(200);
  });

  test("answers a request without a token, and with another one, as the specification says", async () => {
    expect((await whoami(server, undefined)).body).toMatchObject({ errcode: "M_MISSING_TOKEN" });
    expect((await whoami(server, "opaque")).body).toMatchObject({ errcode: "M_UNKNOWN_TOKEN", soft_logout: false });
  });

  test("deletes devices after re-authentication", async () => {
    const { access_token: accessToken } = await logIn();
    const answer = await server.post(`${clientApi}/delete_devices`, { accessToken, body: { devices: ["OLD"] } });
    expect(answer).toMatchObject({ status: 401, body: { session: expect.any(String) } });
  });
});

describe("the identity provider's access tokens", () => {
  const SCOPES = { scope: "openid urn:matrix:client:api:* urn:matrix:client:device:CURL" };

  test.each([["opaque"], ["jwt"]])("are accepted on whoami beside %s ones", async (mode) => {
    const server = await startTestServer({ SERVER_NAME: "example.org", ACCESS_TOKENS: mode });
    const now = Math.floor(Date.now() / 1_000);
    const tokenOf = (sub: string, more: object = SCOPES) =>
      server.identityProvider.tokenWith({ sub, iat: now, exp: now + 60, ...more });
    expect((await whoami(server, tokenOf("alice"))).body).toEqual({
      user_id: "@alice:example.org",
      device_id: "CURL",
      is_guest: false,
    });
    expect((await whoami(server, tokenOf("alice", {}))).body).toMatchObject({ errcode: "M_FORBIDDEN" });
    expect((await whoami(server, tokenOf("carol"))).body).toMatchObject({ errcode: "M_UNKNOWN_TOKEN" });
    expect((await whoami(server, tokenOf("louis"))).body).toMatchObject({
      errcode: "M_USER_LOCKED",
      soft_logout: true,
    });
    expect((await whoami(server, tokenOf("alice", { ...SCOPES, exp: now - 100 }))).body).toMatchObject({
      errcode: "M_UNKNOWN_TOKEN",
      soft_logout: true,
    });
  });

  test("are to be had where auth_metadata says", async () => {
    const server = await startTestServer();
    const { status, headers, body } = await server.get("/_matrix/client/v1/auth_metadata");
    expect(status).toBe(200);
    expect(headers.get("Cache-Control")).toBe("public, max-age=600");
    expect(body).toMatchObject({ issuer: `${server.url}/idp`, authorization_endpoint: expect.any(String) });
  });
});

test("opaque tokens have no keys", async () => {
  const server = await startTestServer();
  expect((await server.get("/keys")).status).toBe(404);
  expect(existsSync(join(server.directory, "access-token-key.pem"))).toBe(false);
});
