import { statSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { beforeAll, describe, expect, test } from "@jest/globals";
import express from "express";

import { health } from "../../example-server/src/health.js";
import { serve } from "../helpers/hosts.js";
import { startTestServer, type TestServer } from "./helpers/test-server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});

test.each(["server.sqlite", "server.sqlite-wal", "server.sqlite-shm"])("%s is its owner's alone", (file) => {
  expect((statSync(join(server.directory, file)).mode & 0o777).toString(8)).toBe("600");
});

/** As a client writes it that means to mislead. */
function get(path: string, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request(`${server.url}${path}`, { headers: { Host: host } }, (response) => {
      text(response).then(resolve, reject);
    })
      .on("error", reject)
      .end();
  });
}

test("the identity provider's endpoints do not follow the Host header", async () => {
  const path = "/idp/.well-known/openid-configuration";
  const [honest, misled] = await Promise.all([get(path, new URL(server.url).host), get(path, "evil.example")]);

  expect(JSON.parse(misled)).toMatchObject({
    jwks_uri: `${server.url}/idp/jwks`,
    token_endpoint: `${server.url}/idp/token`,
  });
  expect(misled).toBe(honest);
});

test.each([
  ["a request that it refuses", "/idp/auth?client_id=nobody"],
  ["a page that it does not have", "/idp/sign-in/none"],
])("the identity provider's page on %s runs and frames nothing", async (_, path) => {
  const response = await fetch(`${server.url}${path}`, { headers: { Accept: "text/html" } });

  expect(response.status).toBe(400);
  expect(response.headers.get("content-type")).toContain("text/html");
  expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'none'.*frame-ancestors 'none'/);
});

describe("for whoever watches over it", () => {
  test("it is up, and ready", async () => {
    expect((await server.get("/health")).body).toEqual({ status: "up" });
    expect(await server.get("/ready")).toMatchObject({ status: 200, body: { status: "ready" } });
  });

  test("it is not ready while something that it needs is missing", async () => {
    const app = express().use(health(() => Promise.reject(new Error("no database"))));
    const { url, close } = await serve(app);
    const [up, ready] = await Promise.all([fetch(`${url}/health`), fetch(`${url}/ready`)]);
    await close();

    expect([up.status, ready.status]).toEqual([200, 503]);
  });
});
