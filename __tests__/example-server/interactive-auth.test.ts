import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import express from "express";
import { MatrixError } from "matrix-jwt-login";
import { pino } from "pino";

import { opaqueAuthentication, opaqueTokens } from "../../example-server/src/access-tokens.js";
import { openDatabase, type Database } from "../../example-server/src/database.js";
import { devices } from "../../example-server/src/devices.js";
import { answerError } from "../../example-server/src/errors.js";
import { InteractiveAuthSessions } from "../../example-server/src/interactive-auth-sessions.js";
import type { Stages } from "../../example-server/src/interactive-auth-stages.js";
import { interactiveAuth } from "../../example-server/src/interactive-auth.js";
import { Sessions } from "../../example-server/src/sessions.js";
import { serve } from "../helpers/hosts.js";
import { until } from "../helpers/until.js";

import { clientOf, execute, logIn, proofs, rowsOf, type Auth, type Client } from "./helpers/interactive-auth.js";
import { refresh, startTestServer, whoami, type Answer, type TestServer } from "./helpers/test-server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});

const FLOWS = ["m.login.password", "org.matrix.login.jwt", "com.famedly.login.token", "m.login.sso"].map((type) => ({
  stages: [type],
}));
const unknownToken = { status: 401, body: { errcode: "M_UNKNOWN_TOKEN" } };

const sessionOf = ({ body }: Answer): string => body["session"] as string;

/** Alice on three devices, of which the second is to go. */
async function threeDevices(): Promise<readonly [Client, Client, Client]> {
  const on = async (deviceId: string): Promise<Client> =>
    clientOf(server, await server.loginByJwks({ sub: "alice" }, { device_id: deviceId }));
  return [await on("ONE"), await on("TWO"), await on("THREE")];
}

describe("an operation behind User-Interactive Authentication", () => {
  test("is asked for, and the answer says how to authenticate", async () => {
    const [client] = await threeDevices();
    const first = await client.deleteDevices(["TWO"]);
    expect(first.status).toBe(401);
    expect(first.body).toEqual({
      session: expect.stringMatching(/^[\w-]{24}$/),
      flows: FLOWS,
      params: {},
      completed: [],
    });
    expect(first.headers.get("Cache-Control")).toBe("no-store");
    expect(sessionOf(await client.deleteDevices(["TWO"]))).not.toBe(sessionOf(first));
    for (const auth of [null, {}, { session: "" }, { type: null }]) {
      expect(await client.deleteDevices(["TWO"], auth)).toMatchObject({ status: 401, body: { flows: FLOWS } });
    }
  });

  test.each(Object.entries(proofs))("is done for who proves to be the user %s", async (_, proof) => {
    const [one, two, three] = await threeDevices();
    const session = sessionOf(await one.deleteDevices(["TWO", "NO_SUCH_DEVICE"]));
    expect(await whoami(server, two.accessToken)).toMatchObject({ status: 200 });

    const done = await one.deleteDevices(["TWO", "NO_SUCH_DEVICE"], { ...proof(server, "alice"), session });

    expect({ status: done.status, body: done.body }).toEqual({ status: 200, body: {} });
    expect(await whoami(server, two.accessToken)).toMatchObject(unknownToken);
    for (const { accessToken } of [one, three]) {
      expect(await whoami(server, accessToken)).toMatchObject({ status: 200 });
    }
  });

  test("is done at once for a client that brings its proof along", async () => {
    const [one, two] = await threeDevices();
    expect(await one.deleteDevices(["TWO"], proofs.bySecret(server, "alice"))).toMatchObject({ status: 200 });
    expect(await whoami(server, two.accessToken)).toMatchObject(unknownToken);
  });

  test("can be what ends the client's own device, and touches no other user's of that name", async () => {
    const [one] = await threeDevices();
    const bob = await logIn(server, "bob", "ONE");
    expect(await one.deleteDevices(["ONE"], proofs.bySecret(server, "alice"))).toMatchObject({ status: 200 });
    expect(await whoami(server, one.accessToken)).toMatchObject(unknownToken);
    expect(await whoami(server, bob.accessToken)).toMatchObject({ status: 200 });
  });

  test("may be about no device at all", async () => {
    const [one] = await threeDevices();
    expect(await one.deleteDevices([], proofs.bySecret(server, "alice"))).toMatchObject({ status: 200 });
  });

  test("keeps of the request its parameters, and no proof", async () => {
    const [one] = await threeDevices();
    await one.deleteDevices(["KEPT"], { type: "m.login.password", user: "alice", password: "hunter2" });
    const kept = rowsOf(server, "SELECT * FROM interactive_auth_sessions WHERE parameters LIKE '%KEPT%'");
    expect(kept).toMatchObject([{ user_id: "@alice:localhost", parameters: '{"devices":["KEPT"]}' }]);
    expect(JSON.stringify(kept)).not.toContain("hunter2");
  });
});

describe("a stage that fails", () => {
  test.each<[string, (server: TestServer) => Auth, string]>([
    ["by another user's token", () => proofs.bySecret(server, "alice"), "not for the user of this session"],
    ["by another user's token of the provider", () => proofs.byJwks(server, "alice"), "not for the user"],
    ["by a token that is none", () => ({ type: "org.matrix.login.jwt", token: "x" }), "JWT validation failed"],
    ["by no token", () => ({ type: "org.matrix.login.jwt" }), "JWT validation failed"],
    ["by another user's right password", () => proofs.byPassword(server, "alice"), "Wrong user name or password"],
    ["by a password that the user has not", () => proofs.byPassword(server, "bob"), "Wrong user name or password"],
  ])("%s says so, and may be tried again", async (_, proof, error) => {
    const bob = await logIn(server, "bob", "PHONE");
    const session = sessionOf(await bob.deleteDevices(["PHONE"]));

    const failed = await bob.deleteDevices(["PHONE"], { ...proof(server), session });

    expect(failed).toMatchObject({
      status: 401,
      body: {
        session,
        flows: FLOWS,
        params: {},
        completed: [],
        errcode: "M_FORBIDDEN",
        error: expect.stringContaining(error),
      },
    });
    expect(await whoami(server, bob.accessToken)).toMatchObject({ status: 200 });
    const passed = await bob.deleteDevices(["PHONE"], { ...proofs.bySecret(server, "bob"), session });
    expect(passed).toMatchObject({ status: 200 });
  });

  test("begins a session if there was none", async () => {
    const bob = await logIn(server, "bob", "PHONE");
    const failed = await bob.deleteDevices(["PHONE"], proofs.bySecret(server, "alice"));
    expect(failed).toMatchObject({ status: 401, body: { errcode: "M_FORBIDDEN", session: expect.any(String) } });
    const auth = { ...proofs.bySecret(server, "bob"), session: sessionOf(failed) };
    expect(await bob.deleteDevices(["PHONE"], auth)).toMatchObject({ status: 200 });
  });

  test("registers nobody", async () => {
    const bob = await logIn(server, "bob", "PHONE");
    await bob.deactivate(proofs.bySecret(server, "nobody"));
    expect(rowsOf(server, "SELECT * FROM users WHERE user_id LIKE '@nobody%'")).toEqual([]);
  });

  test("tells of too many attempts by 429, and when to come back", async () => {
    const strict = await startTestServer({ RATE_LIMIT_FAILURES: "1" });
    const bob = await logIn(strict, "bob", "PHONE");
    expect(await bob.deleteDevices(["PHONE"], proofs.bySecret(strict, "alice"))).toMatchObject({ status: 401 });
    const limited = await bob.deleteDevices(["PHONE"], proofs.bySecret(strict, "bob"));
    expect(limited).toMatchObject({
      status: 429,
      body: { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: expect.any(Number) },
    });
    expect(limited.body).not.toHaveProperty("flows");
    expect(Number(limited.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(limited.headers.get("Access-Control-Expose-Headers")).toBe("Retry-After");
  });
});

describe("a request that can't be right", () => {
  const devices = ["PHONE"];
  test.each<[string, object, string]>([
    ["no devices", {}, "M_MISSING_PARAM"],
    ["devices that are no list", { devices: "PHONE" }, "M_INVALID_PARAM"],
    ["devices that are numbers", { devices: [1] }, "M_INVALID_PARAM"],
    ["a device ID with a NUL", { devices: ["PHO\0NE"] }, "M_INVALID_PARAM"],
    ["an auth that is no object", { devices, auth: [] }, "M_BAD_JSON"],
    ["a session that is no string", { devices, auth: { session: 1 } }, "M_INVALID_PARAM"],
    ["a session that there is not", { devices, auth: { session: "made-up" } }, "M_UNKNOWN"],
    ["a stage of an unknown type", { devices, auth: { type: "m.login.token" } }, "M_UNKNOWN"],
    ["a stage of a type that is no string", { devices, auth: { type: 1 } }, "M_INVALID_PARAM"],
    [
      "a password stage without a user",
      { devices, auth: { type: "m.login.password", password: "x" } },
      "M_MISSING_PARAM",
    ],
    ["a password stage without a password", { devices, auth: { type: "m.login.password" } }, "M_MISSING_PARAM"],
  ])("has %s: 400, and asks nobody to authenticate", async (_, body, errcode) => {
    const bob = await logIn(server, "bob", "PHONE");
    const answer = await bob.post("delete_devices", body);
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 400,
      body: { errcode, error: expect.any(String) },
    });
  });

  test("wants something erased that is neither true nor false", async () => {
    const bob = await logIn(server, "bob", "PHONE");
    expect(await bob.deactivate(undefined, { erase: "all" })).toMatchObject({
      status: 400,
      body: { errcode: "M_INVALID_PARAM" },
    });
  });

  test.each(["delete_devices", "account/deactivate"])("comes from nobody, or by another method: %s", async (path) => {
    const url = `/_matrix/client/v3/${path}`;
    const auth = proofs.bySecret(server, "bob");
    expect(await server.post(url, { body: { devices, auth } })).toMatchObject({
      status: 401,
      body: { errcode: "M_MISSING_TOKEN" },
    });
    expect(await server.get(url)).toMatchObject({ status: 405, body: { errcode: "M_UNRECOGNIZED" } });
  });

  test("comes from an account that is locked", async () => {
    const lena = await logIn(server, "lena", "PHONE");
    execute(server, "UPDATE users SET status = 'locked' WHERE user_id = '@lena:localhost'");
    for (const auth of [undefined, proofs.bySecret(server, "lena")]) {
      const { status, body } = await lena.deleteDevices(devices, auth);
      expect({ status, body }).toMatchObject({ status: 401, body: { errcode: "M_USER_LOCKED", soft_logout: true } });
      expect(body).not.toHaveProperty("flows");
    }
    expect(await whoami(server, lena.accessToken)).toMatchObject({ body: { errcode: "M_USER_LOCKED" } });
  });
});

describe("a deactivated account", () => {
  const deactivated = { status: 403, body: { errcode: "M_USER_DEACTIVATED" } };

  test("has no sessions, and logs in no more", async () => {
    const login = await server.loginBySecret({ sub: "dirk" }, { device_id: "PHONE", refresh_token: true });
    const phone = clientOf(server, login);
    const laptop = await logIn(server, "dirk", "LAPTOP");
    const session = sessionOf(await phone.deactivate(undefined, { erase: true }));

    const done = await phone.deactivate({ ...proofs.bySecret(server, "dirk"), session }, { erase: true });

    expect({ status: done.status, body: done.body }).toEqual({
      status: 200,
      body: { id_server_unbind_result: "success" },
    });
    expect(rowsOf(server, "SELECT status FROM users WHERE user_id = '@dirk:localhost'")).toEqual([
      { status: "deactivated" },
    ]);
    expect(rowsOf(server, "SELECT * FROM devices WHERE user_id = '@dirk:localhost'")).toEqual([]);
    expect(await whoami(server, phone.accessToken)).toMatchObject(unknownToken);
    expect(await whoami(server, laptop.accessToken)).toMatchObject(unknownToken);
    expect(await refresh(server, login.body["refresh_token"])).toMatchObject(unknownToken);
    expect(await server.loginBySecret({ sub: "dirk" })).toMatchObject(deactivated);
    expect(await server.loginByJwks({ sub: "dirk" })).toMatchObject(deactivated);
  });

  test("may be one with a password", async () => {
    execute(server, "UPDATE users SET status = 'active' WHERE user_id = '@dora:localhost'");
    const dora = clientOf(server, await server.loginByPassword("dora"));
    expect(await dora.deactivate(proofs.byPassword(server, "@dora:localhost"))).toMatchObject({ status: 200 });
    expect(await server.loginByPassword("dora")).toMatchObject(deactivated);
  });
});

describe("a stage of another kind", () => {
  let database: Database;
  let check: Stages["check"];
  let url: string;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const log = pino({ level: "silent" });
    database = await openDatabase(
      { databaseFile: join(server.directory, "server.sqlite"), databaseUrl: undefined },
      log,
    );
    const sessions = new Sessions(database, opaqueTokens(3_600_000));
    const authentication = opaqueAuthentication(sessions);
    const authSessions = new InteractiveAuthSessions(database);
    const stages: Stages = { types: ["stage"], check: (...args) => check(...args) };
    const app = express().use(
      devices(sessions, authentication, interactiveAuth({ authentication, authSessions, stages })),
    );
    ({ url, close } = await serve(app.use(answerError(log))));
  });
  afterAll(async () => {
    await close();
    await database.destroy();
  });

  test.each<[number, Error, object]>([
    [
      429,
      new MatrixError("M_LIMIT_EXCEEDED", "later", { statusCode: 429, retryAfterMs: 1_500 }),
      { errcode: "M_LIMIT_EXCEEDED", error: "later", retry_after_ms: 1_500 },
    ],
    [
      503,
      new MatrixError("M_UNKNOWN", "no keys", { statusCode: 503, retryAfterMs: 1_500 }),
      { errcode: "M_UNKNOWN", error: "no keys" },
    ],
    [500, new Error("down"), { errcode: "M_UNKNOWN", error: "Internal server error" }],
    [400, new MatrixError("M_UNKNOWN", "what?", { statusCode: 400 }), { errcode: "M_UNKNOWN", error: "what?" }],
    [
      401,
      new MatrixError("M_USER_LOCKED", "locked", { statusCode: 401, fields: { soft_logout: true } }),
      { errcode: "M_USER_LOCKED", error: "locked", soft_logout: true },
    ],
  ])("that says anything but 403 is the answer as it is: %i", async (status, error, body) => {
    check = () => Promise.reject(error);
    const bob = await logIn(server, "bob", "PHONE");
    const response = await deleteDevices(bob, { devices: ["PHONE"], auth: { type: "stage" } });
    expect({ status: response.status, body: await response.json() }).toEqual({ status, body });
    expect(response.headers.get("Retry-After")).toBe(status === 429 || status === 503 ? "2" : null);
    expect(await whoami(server, bob.accessToken)).toMatchObject({ status: 200 });
  });

  test("that two requests of one session pass at once runs the operation for one of them", async () => {
    check = () => Promise.reject(new MatrixError("M_FORBIDDEN"));
    const bob = await logIn(server, "bob", "PHONE");
    const failed = await deleteDevices(bob, { devices: [], auth: { type: "stage" } });
    const { session } = (await failed.json()) as { session: string };
    let waiting = 0;
    check = async () => {
      waiting += 1;
      await until(() => waiting === 2);
    };
    const both = await Promise.all([1, 2].map(() => deleteDevices(bob, { auth: { type: "stage", session } })));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
  });

  const deleteDevices = ({ accessToken }: Client, body: object): Promise<Response> =>
    fetch(`${url}/delete_devices`, {
      method: "POST",
      headers: { Authorization: `Bearer ${accessToken}` },
      body: JSON.stringify(body),
    });
});
