import { readFileSync } from "node:fs";
import { join } from "node:path";

import { beforeAll, expect, test } from "@jest/globals";

import { startTestServer, type TestServer } from "./helpers/test-server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ METRICS_PORT: "0", RATE_LIMIT_ACCOUNT: "3" });
});

async function metrics(): Promise<string> {
  const response = await fetch(server.metricsUrl ?? "");
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  return response.text();
}

test("logins, refusals and their reasons, and how long they took, are counted", async () => {
  await server.loginBySecret({ sub: "bob" });
  await server.loginBySecret({ sub: "bob" });
  await server.loginBySecret({ sub: "bob", exp: 1 });
  await server.loginBySecret({ sub: "dora" });
  await server.loginByJwks({ sub: "nobody" });

  const text = await metrics();
  for (const line of [
    'matrix_jwt_logins_total{type="org.matrix.login.jwt"} 2',
    'matrix_jwt_login_rejects_total{type="org.matrix.login.jwt",reason="expired",status="403"} 1',
    'matrix_jwt_login_rejects_total{type="org.matrix.login.jwt",reason="host",status="403"} 1',
    'matrix_jwt_login_rejects_total{type="com.famedly.login.token",reason="unknown_user",status="403"} 1',
    'matrix_jwt_login_duration_seconds_count{type="org.matrix.login.jwt",outcome="login"} 2',
    'matrix_jwt_login_duration_seconds_count{type="org.matrix.login.jwt",outcome="reject"} 2',
    'matrix_jwt_login_duration_seconds_bucket{le="10",type="org.matrix.login.jwt",outcome="login"} 2',
  ]) {
    expect(text.split("\n")).toContain(line);
  }
});

test("requests for keys are counted, and when they last came", async () => {
  const text = await metrics();
  expect(text).toMatch(/^matrix_jwt_login_key_fetches_total\{status="200"\} [1-9]/m);
  const [, fetchedAt] = /^matrix_jwt_login_keys_fetched_timestamp_seconds ([\d.e+]+)$/m.exec(text) ?? [];
  expect(Math.abs(Number(fetchedAt) - Date.now() / 1000)).toBeLessThan(60);
});

test("a limit that is used up is counted as that", async () => {
  for (let i = 0; i < 4; i += 1) await server.loginBySecret({ sub: "lea" });
  expect(await metrics()).toContain('reason="rate_limited",status="429"} 1');
});

test("nobody is named: whoever logs in, there are no more series than before", async () => {
  await server.loginBySecret({ sub: "someone" });
  const seriesOf = (text: string): number => text.split("\n").filter((line) => line.startsWith("matrix_")).length;
  const before = seriesOf(await metrics());
  for (let i = 0; i < 20; i += 1)
    await server.loginBySecret({ sub: `user${String(i)}` }, { device_id: `D${String(i)}` });
  const after = await metrics();
  expect(seriesOf(after)).toBe(before);
  expect(after).not.toMatch(/user\d|@|127\.0\.0\.1/);
});

test.each([
  ["the server's own port", () => `${server.url}/metrics`],
  ["any other path", () => `${server.metricsUrl ?? ""}/`],
])("there are none at %s", async (_where, url) => {
  expect((await fetch(url())).status).toBe(404);
});

test("they are for this machine alone unless METRICS_HOST says more, and nowhere without METRICS_PORT", async () => {
  expect(new URL(server.metricsUrl ?? "").hostname).toBe("127.0.0.1");
  const without = await startTestServer();
  expect(without.metricsUrl).toBeUndefined();
});

test("the dashboard asks for metrics that there are", async () => {
  const dashboard = readFileSync(join(__dirname, "../../example-server/cluster/grafana-dashboard.json"), "utf8");
  const asked = new Set(dashboard.match(/(?:matrix_jwt|nodejs)_\w+/g)?.map((name) => name.replace(/_bucket$/, "")));
  const [, ...kept] = (await metrics()).split("# TYPE ").map((text) => text.split(" ", 1)[0]);
  expect(asked.size).toBe(7);
  expect(kept).toEqual(expect.arrayContaining([...asked]));
});
