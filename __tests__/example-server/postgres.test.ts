import { beforeAll, expect, test } from "@jest/globals";

import { until } from "../helpers/until.js";
import { atOnce, startReplicas, statusesOf, type Replicas } from "./helpers/replicas.js";
import { newPostgres, query, withPostgres } from "./helpers/services.js";
import { TcpProxy } from "./helpers/tcp-proxy.js";
import { refresh, startTestServer, whoami, type Answer } from "./helpers/test-server.js";

const logout = "/_matrix/client/v3/logout";

let databaseUrl: string;
/** Three that started at once on an empty database. */
let replicas: Replicas;

withPostgres("replicas of the example server on Postgres (DATABASE_URL)", () => {
  beforeAll(async () => {
    databaseUrl = await newPostgres();
    replicas = await startReplicas({ DATABASE_URL: databaseUrl });
  });

  test("make the tables and the first users once", async () => {
    expect(await count("kysely_migration")).toBe(4);
    expect(await count("users")).toBe(3);
    expect(await replicas[2].loginByPassword("alice")).toMatchObject({ status: 200 });
  });

  test("agree on users, devices and sessions", async () => {
    const [one, two] = replicas;
    const login = await one.loginBySecret({ sub: "bob", name: "Bob" }, { device_id: "PHONE", refresh_token: true });
    expect(login.status).toBe(200);
    expect(await query(databaseUrl, "SELECT * FROM users WHERE user_id = '@bob:localhost'")).toEqual([
      { user_id: "@bob:localhost", display_name: "Bob", password_hash: null, status: "active" },
    ]);
    const accessToken = login.body["access_token"];
    expect(await whoami(two, accessToken)).toMatchObject({ status: 200, body: { device_id: "PHONE" } });

    const refreshed = await refresh(two, login.body["refresh_token"]);
    expect(refreshed).toMatchObject({ status: 200, body: { expires_in_ms: 3_600_000 } });
    expect(await whoami(one, refreshed.body["access_token"])).toMatchObject({ status: 200 });
    expect(await whoami(two, accessToken)).toMatchObject({ status: 401 });

    await one.post(logout, { accessToken: refreshed.body["access_token"] as string });
    expect(await whoami(two, refreshed.body["access_token"])).toMatchObject({ status: 401 });
  });

  test("log 20 new users in 200 times at once, and there are 20 users then", async () => {
    const before = await count("sessions");
    const logins = await atOnce(replicas, 200, (replica, i) =>
      replica.loginBySecret({ sub: `new${String(Math.floor(i / 3) % 20)}` }),
    );
    expect(statusesOf(logins)).toEqual({ 200: 200 });
    expect(await count("users WHERE user_id LIKE '@new%'")).toBe(20);
    expect((await count("sessions")) - before).toBe(200);
  });

  test("leave a device one session, however many times it logs in at once", async () => {
    const logins = await atOnce(replicas, 40, (replica) =>
      replica.loginBySecret({ sub: "dan" }, { device_id: "PHONE" }),
    );
    expect(statusesOf(logins)).toEqual({ 200: 40 });
    const seen = await Promise.all(logins.map(({ body }) => whoami(replicas[0], body["access_token"])));
    expect(statusesOf(seen)).toEqual({ 200: 1, 401: 39 });
  });

  test("give new tokens for old ones, or none, if a device logs out at the same time", async () => {
    const [one, two] = replicas;
    const refreshable = { refresh_token: true };
    const logins = await atOnce(replicas, 20, (replica) => replica.loginBySecret({ sub: "eve" }, refreshable));
    const refreshed = await Promise.all(
      logins.map(async ({ body }) => {
        const [answer] = await Promise.all([
          refresh(one, body["refresh_token"]),
          two.post(logout, { accessToken: body["access_token"] as string }),
        ]);
        return answer;
      }),
    );
    for (const { status } of refreshed) expect([200, 401]).toContain(status);
    expect(await count("sessions WHERE user_id = '@eve:localhost'")).toBe(0);
  });

  test("compare user IDs exactly, and answer one that Postgres can't take like any other", async () => {
    for (const user of ["Alice", "ali\0ce"]) {
      expect(await replicas[0].loginByPassword(user)).toMatchObject({ status: 403, body: { errcode: "M_FORBIDDEN" } });
    }
    expect(await replicas[0].loginBySecret({ sub: "Alice" })).toMatchObject({ status: 400 });
  });

  test("issue all of a session or nothing", async () => {
    await query(databaseUrl, "ALTER TABLE sessions ADD CONSTRAINT broken CHECK (device_id <> 'BROKEN')");
    expect(await replicas[0].loginBySecret({ sub: "bob" }, { device_id: "BROKEN" })).toMatchObject({ status: 500 });
    expect(await count("devices WHERE device_id = 'BROKEN'")).toBe(0);
  });

  test("outlive connections that break in the midst of logins", async () => {
    for (let round = 0; round < 5; round += 1) {
      const logins = atOnce(replicas, 30, (replica, i) => replica.loginBySecret({ sub: `user${String(i)}` }));
      await query(
        databaseUrl,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
      for (const { status } of await logins) expect([200, 500]).toContain(status);
    }
    for (const replica of replicas)
      await until(async () => (await replica.loginBySecret({ sub: "bob" })).status === 200);
  });
});

withPostgres("a Postgres that is not there (DATABASE_URL)", () => {
  test("is told of at the start, without its password", async () => {
    const url = new URL(process.env["DATABASE_URL"] ?? "");
    url.password = "hush";
    url.pathname = "nowhere";
    const failure = await startTestServer({ DATABASE_URL: url.href }).catch((error: unknown) => String(error));
    expect(failure).toMatch(/The database postgres:.*\/nowhere can't be used: database "nowhere" does not exist/);
    expect(failure).not.toContain("hush");
  });

  test("is a 500 in time, be it dead or silent; once it is back, logins work again", async () => {
    const proxy = await TcpProxy.before(await newPostgres());
    const server = await startTestServer({ DATABASE_URL: proxy.url });
    const logIn = (): Promise<Answer> => server.loginBySecret({ sub: "bob" });
    const failed = { status: 500, body: { errcode: "M_UNKNOWN", error: "Internal server error" } };
    expect(await logIn()).toMatchObject({ status: 200 });

    await proxy.die();
    const diedAt = performance.now();
    expect(await logIn()).toMatchObject(failed);
    expect(await server.loginByPassword("alice")).toMatchObject(failed);
    expect(performance.now() - diedAt).toBeLessThan(2_000);
    await proxy.comeBack();
    await until(async () => (await logIn()).status === 200);

    proxy.fallSilent();
    const fellSilentAt = performance.now();
    expect(await logIn()).toMatchObject(failed);
    expect(performance.now() - fellSilentAt).toBeLessThan(4_000);
    // Nothing comes any more through the connections of that time.
    await proxy.comeBack();
    expect(await logIn()).toMatchObject({ status: 200 });
  });
});

async function count(from: string): Promise<number> {
  const [row] = await query(databaseUrl, `SELECT count(*)::int AS n FROM ${from}`);
  return Number(row?.["n"]);
}
