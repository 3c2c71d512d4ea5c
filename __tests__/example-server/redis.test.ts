import { beforeAll, expect, test } from "@jest/globals";

import { until } from "../helpers/until.js";
import { atOnce, startReplicas, statusesOf, type Replicas } from "./helpers/replicas.js";
import { newPostgres, newRedis, withBoth, withRedis } from "./helpers/services.js";
import { TcpProxy } from "./helpers/tcp-proxy.js";
import { startTestServer, type Answer, type TestServer } from "./helpers/test-server.js";

const unlimited = { RATE_LIMIT_ADDRESS: "0", RATE_LIMIT_ACCOUNT: "0", RATE_LIMIT_FAILURES: "0" };

withBoth("three replicas on one Redis and one Postgres (REDIS_URL, DATABASE_URL)", () => {
  let databaseUrl: string;
  beforeAll(async () => {
    databaseUrl = await newPostgres();
  });

  const start = (environment: Record<string, string>): Promise<Replicas> =>
    startReplicas({ ...unlimited, DATABASE_URL: databaseUrl, REDIS_URL: newRedis(), ...environment });

  // scripts/reliability does this with 500 tokens, and with processes instead of servers in one.
  test("log in 50 times for 200 uses of 50 single-use tokens at once", async () => {
    const replicas = await start({ SINGLE_USE: "true" });
    const logins = await atOnce(replicas, 200, (replica, i) =>
      replica.loginBySecret({ sub: "bob", jti: String(i % 50), iat: soon - 600, exp: soon }),
    );
    expect(statusesOf(logins)).toEqual({ 200: 50, 403: 150 });
    const accessTokens = logins.flatMap(({ body }) => body["access_token"] ?? []);
    expect(new Set(accessTokens).size).toBe(50);
  });

  test.each<[string, number, (replica: TestServer, i: number) => Promise<Answer>]>([
    ["RATE_LIMIT_ADDRESS", 200, (replica, i) => replica.loginBySecret({ sub: `some${String(i)}` })],
    ["RATE_LIMIT_ACCOUNT", 200, (replica) => replica.loginBySecret({ sub: "one" })],
    ["RATE_LIMIT_FAILURES", 403, (replica) => replica.loginBySecret({ sub: "one", exp: 1 })],
  ])("let no more than %s through, whichever replica is asked", async (limit, status, logIn) => {
    const replicas = await start({ [limit]: "7" });
    const logins = await atOnce(replicas, 30, logIn);
    expect(statusesOf(logins)).toEqual({ [status]: 7, 429: 23 });
    const refused = logins.find((login) => login.status === 429);
    expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});

withRedis("a Redis that is not there (REDIS_URL)", () => {
  test("is told of at the start, without its password", async () => {
    const proxy = await TcpProxy.before(newRedis());
    await proxy.die();
    const url = new URL(proxy.url);
    url.password = "hush";
    const failure = await startTestServer({ REDIS_URL: url.href }).catch((error: unknown) => String(error));
    expect(failure).toMatch(/Redis can't be used: connect ECONNREFUSED/);
    expect(failure).not.toContain("hush");
  });

  test("is a 503 in time, be it dead or silent; once it is back, logins work again", async () => {
    const proxy = await TcpProxy.before(newRedis());
    const server = await startTestServer({ REDIS_URL: proxy.url, SINGLE_USE: "true" });
    let tokens = 0;
    const logIn = (): Promise<Answer> => server.loginBySecret({ sub: "bob", jti: String((tokens += 1)) });
    const closed = { status: 503, body: { errcode: "M_UNKNOWN" } };
    expect(await logIn()).toMatchObject({ status: 200 });

    await proxy.die();
    const diedAt = performance.now();
    const refused = await logIn();
    expect(performance.now() - diedAt).toBeLessThan(2_000);
    expect(refused).toMatchObject(closed);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    // What needs no Redis works on.
    expect(await server.loginByPassword("alice")).toMatchObject({ status: 200 });
    await proxy.comeBack();
    await until(async () => (await logIn()).status === 200);

    proxy.fallSilent();
    const fellSilentAt = performance.now();
    expect(await logIn()).toMatchObject(closed);
    expect(performance.now() - fellSilentAt).toBeLessThan(2_500);
    await proxy.comeBack();
    await until(async () => (await logIn()).status === 200, 10);
  });
});

const soon = Math.floor(Date.now() / 1000) + 600;
