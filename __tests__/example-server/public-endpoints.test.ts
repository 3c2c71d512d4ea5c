import { beforeAll, describe, expect, test } from "@jest/globals";

import { startTestServer, type TestServer } from "./helpers/test-server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});

describe("what anybody may ask", () => {
  test("the login flows are the password login's, with the JWT logins merged in", async () => {
    for (const version of ["v3", "r0"]) {
      const { status, body } = await server.get(`/_matrix/client/${version}/login`);
      expect(status).toBe(200);
      expect(body).toEqual({
        flows: [
          { type: "m.login.password" },
          { type: "org.matrix.login.jwt" },
          { type: "com.famedly.login.token" },
          {
            type: "m.login.sso",
            identity_providers: [
              { id: "example", name: "Example" },
              { id: "partner", name: "Partner" },
            ],
          },
          { type: "m.login.token" },
        ],
      });
    }
  });

  test("the versions of the specification", async () => {
    const { status, body } = await server.get("/_matrix/client/versions");
    expect(status).toBe(200);
    expect(body["versions"]).toEqual(expect.arrayContaining(["v1.1", "v1.12"]));
  });

  test("where the server is", async () => {
    const { status, body } = await server.get("/.well-known/matrix/client");
    expect(status).toBe(200);
    expect(body).toEqual({ "m.homeserver": { base_url: server.url } });
  });

  test("where the server is, behind a proxy", async () => {
    const proxied = await startTestServer({ PUBLIC_BASE_URL: "https://matrix.example.org/" });
    const { body } = await proxied.get("/.well-known/matrix/client");
    expect(body).toEqual({ "m.homeserver": { base_url: "https://matrix.example.org" } });
    const login = await proxied.loginBySecret({ sub: "bob" });
    expect(login.body["well_known"]).toEqual(body);
  });

  test("the JWKS, without the private key", async () => {
    const { status, body } = await server.get("/idp/jwks");
    expect(status).toBe(200);
    expect(body).toEqual({
      keys: [
        {
          kty: "EC",
          crv: "P-256",
          use: "sig",
          alg: "ES256",
          kid: expect.any(String),
          x: expect.any(String),
          y: expect.any(String),
        },
      ],
    });
  });
});

describe("what is refused", () => {
  test.each([
    "/nowhere",
    "/_matrix/client/v3/sync",
    "/_matrix/client/v3/login/",
    "/_MATRIX/client/v3/login",
    "/_matrix/client/v1/login",
  ])("an unknown endpoint: %s", async (path) => {
    const { status, body } = await server.get(path);
    expect(status).toBe(404);
    expect(body).toEqual({ errcode: "M_UNRECOGNIZED", error: expect.any(String) });
  });

  test.each([
    ["PUT", "/_matrix/client/v3/login"],
    ["POST", "/_matrix/client/v3/account/whoami"],
    ["GET", "/_matrix/client/v3/logout"],
    ["GET", "/_matrix/client/v3/logout/all"],
    ["GET", "/_matrix/client/v3/refresh"],
    ["POST", "/_matrix/client/versions"],
    ["POST", "/.well-known/matrix/client"],
  ])("a method that an endpoint does not have: %s %s", async (method, path) => {
    const { status, body } = await server.request(method, path);
    expect(status).toBe(405);
    expect(body["errcode"]).toBe("M_UNRECOGNIZED");
  });

  test.each([
    ["not JSON", "{", 400, "M_NOT_JSON"],
    ["no body", undefined, 400, "M_MISSING_PARAM"],
    ["a list", "[]", 400, "M_BAD_JSON"],
    ["null", "null", 400, "M_BAD_JSON"],
    ["a number", "1", 400, "M_BAD_JSON"],
    ["too large", JSON.stringify({ refresh_token: "x".repeat(70_000) }), 413, "M_TOO_LARGE"],
    ["no refresh token", "{}", 400, "M_MISSING_PARAM"],
    ["no string", '{"refresh_token":1}', 400, "M_INVALID_PARAM"],
  ])("a body that is wrong: %s", async (_what, body, expectedStatus, errcode) => {
    const answer = await server.post("/_matrix/client/v3/refresh", body === undefined ? {} : { body });
    expect(answer.status).toBe(expectedStatus);
    expect(answer.body).toEqual({ errcode, error: expect.any(String) });
  });

  test("a path that cannot be decoded", async () => {
    const { status, body } = await server.get("/idp/sign-in/%ff");
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(body).toEqual({ errcode: expect.stringMatching(/^M_/), error: expect.any(String) });
  });
});

describe("browsers", () => {
  test.each(["/_matrix/client/v3/login", "/_matrix/client/v3/refresh", "/.well-known/matrix/client"])(
    "a preflight of %s does nothing but answer",
    async (path) => {
      const { status, headers, body } = await server.request("OPTIONS", path);
      expect(status).toBe(204);
      expect(body).toEqual({});
      expect(headers.get("access-control-allow-origin")).toBe("*");
      expect(headers.get("access-control-allow-headers")).toContain("Authorization");
    },
  );

  test.each([
    ["GET", "/_matrix/client/v3/login"],
    ["POST", "/_matrix/client/v3/login"],
    ["GET", "/_matrix/client/v3/account/whoami"],
    ["GET", "/nowhere"],
  ])("%s %s may be read from any origin, and says so once", async (method, path) => {
    const { headers } = await server.request(method, path);
    expect(headers.get("access-control-allow-origin")).toBe("*");
  });
});
