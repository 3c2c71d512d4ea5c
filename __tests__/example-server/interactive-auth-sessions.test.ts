import { afterEach, beforeAll, describe, expect, test } from "@jest/globals";

import { movableClock, type Clock } from "../helpers/clock.js";
import { execute, logIn, proofs, rowsOf } from "./helpers/interactive-auth.js";
import { startTestServer, whoami, type Answer, type TestServer } from "./helpers/test-server.js";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ SINGLE_USE: "true" });
});

let clock: Clock | undefined;
afterEach(() => clock?.restore());

const unknownSession = { status: 400, body: { errcode: "M_UNKNOWN", error: "Unknown session ID" } };
const changed = { status: 403, body: { errcode: "M_UNKNOWN", error: expect.stringContaining("has changed") } };

const sessionOf = ({ body }: Answer): string => body["session"] as string;
const proof = (sub: string, session: string) => ({ ...proofs.bySecret(server, sub), session });

describe("a session of User-Interactive Authentication", () => {
  test("is its user's alone", async () => {
    const bob = await logIn(server, "bob", "PHONE");
    const berta = await logIn(server, "berta", "PHONE");
    const session = sessionOf(await bob.deleteDevices(["PHONE"]));
    for (const sub of ["bob", "berta"]) {
      expect(await berta.deleteDevices(["PHONE"], proof(sub, session))).toMatchObject(unknownSession);
    }
    expect(await bob.deleteDevices(["PHONE"], proof("bob", session))).toMatchObject({ status: 200 });
  });

  test("is the user's on any device", async () => {
    const phone = await logIn(server, "bob", "PHONE");
    const laptop = await logIn(server, "bob", "LAPTOP");
    const session = sessionOf(await phone.deleteDevices(["PHONE"]));
    expect(await laptop.deleteDevices(["PHONE"], proof("bob", session))).toMatchObject({ status: 200 });
    expect(await whoami(server, phone.accessToken)).toMatchObject({ status: 401 });
  });

  test("is for what it began with: another endpoint, or other parameters, are refused and change nothing", async () => {
    const bob = await logIn(server, "bob", "PHONE");
    await logIn(server, "bob", "LAPTOP");
    const session = sessionOf(await bob.deleteDevices(["LAPTOP"]));
    const others: (() => Promise<Answer>)[] = [
      () => bob.deactivate(proof("bob", session)),
      () => bob.post("/_matrix/client/r0/delete_devices", { devices: ["LAPTOP"], auth: proof("bob", session) }),
      () => bob.deleteDevices(["PHONE"], proof("bob", session)),
      () => bob.deleteDevices(["LAPTOP", "PHONE"], proof("bob", session)),
      () => bob.deleteDevices([], proof("bob", session)),
    ];
    for (const ask of others) expect(await ask()).toMatchObject(changed);
    expect(rowsOf(server, "SELECT device_id FROM devices WHERE user_id = '@bob:localhost'")).toHaveLength(2);
    expect(await bob.deleteDevices(["LAPTOP"], proof("bob", session))).toMatchObject({ status: 200 });
    expect(await whoami(server, bob.accessToken)).toMatchObject({ status: 200 });
  });

  test("to deactivate an account is not changed from keeping messages to erasing them", async () => {
    const bob = await logIn(server, "bob", "PHONE");
    const session = sessionOf(await bob.deactivate());
    expect(await bob.deactivate(proof("bob", session), { erase: true })).toMatchObject(changed);
    // To say what is so anyway changes nothing.
    expect(await bob.deactivate({ session }, { erase: false })).toMatchObject({ status: 401 });
  });

  test("remembers the parameters for a client that does not repeat them", async () => {
    const bob = await logIn(server, "bob", "PHONE");
    const laptop = await logIn(server, "bob", "LAPTOP");
    const session = sessionOf(await bob.deleteDevices(["LAPTOP"]));
    expect(await bob.post("delete_devices", { auth: { session } })).toMatchObject({ status: 401, body: { session } });
    expect(await bob.post("delete_devices", { auth: proof("bob", session) })).toMatchObject({ status: 200 });
    expect(await whoami(server, laptop.accessToken)).toMatchObject({ status: 401 });
    expect(await whoami(server, bob.accessToken)).toMatchObject({ status: 200 });
  });

  test("is used up when its operation ran, by one of many requests at once", async () => {
    const bob = await logIn(server, "bob", "PHONE");
    const session = sessionOf(await bob.deleteDevices(["NONE"]));
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => bob.deleteDevices(["NONE"], proof("bob", session))),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) expect(answer).toMatchObject(unknownSession);
    expect(await bob.deleteDevices(["NONE"], { session })).toMatchObject(unknownSession);
  });

  test("outlives an operation that failed, with its stage passed: the same token need not come again", async () => {
    const bob = await logIn(server, "bob", "PHONE");
    const broken = await logIn(server, "bob", "BROKEN");
    const session = sessionOf(await bob.deleteDevices(["BROKEN"]));
    execute(
      server,
      `CREATE TRIGGER broken BEFORE DELETE ON devices WHEN old.device_id = 'BROKEN'
       BEGIN SELECT RAISE(ABORT, 'broken'); END`,
    );
    expect(await bob.deleteDevices(["BROKEN"], proof("bob", session))).toMatchObject({ status: 500 });
    expect(await whoami(server, broken.accessToken)).toMatchObject({ status: 200 });
    execute(server, "DROP TRIGGER broken");
    expect(await bob.deleteDevices(["BROKEN"], { session })).toMatchObject({ status: 200 });
    expect(await whoami(server, broken.accessToken)).toMatchObject({ status: 401 });
  });

  test("ends a quarter of an hour after it began, and is forgotten", async () => {
    const bob = await logIn(server, "bob", "PHONE");
    const session = sessionOf(await bob.deleteDevices(["PHONE"]));
    clock = movableClock();
    clock.move(14.9 * 60);
    expect(await bob.deleteDevices(["PHONE"], { session })).toMatchObject({ status: 401, body: { session } });
    clock.move(0.2 * 60);
    expect(await bob.deleteDevices(["PHONE"], proof("bob", session))).toMatchObject(unknownSession);
    await (await logIn(server, "berta", "PHONE")).deleteDevices(["PHONE"]);
    expect(rowsOf(server, `SELECT * FROM interactive_auth_sessions WHERE session_id = '${session}'`)).toEqual([]);
  });

  test("makes way for newer ones of its user, and for nobody else's", async () => {
    const greta = await logIn(server, "greta", "PHONE");
    const bystander = await logIn(server, "gustav", "PHONE");
    const kept = sessionOf(await bystander.deleteDevices(["PHONE"]));
    const sessions: string[] = [];
    for (let i = 0; i < 21; i += 1) {
      sessions.push(sessionOf(await greta.deleteDevices(["PHONE"])));
      if (i % 5 === 0) await bystander.deleteDevices(["PHONE"]);
    }
    const [first, ...rest] = sessions;
    expect(await greta.deleteDevices(["PHONE"], { session: first })).toMatchObject(unknownSession);
    for (const session of rest) {
      expect(await greta.deleteDevices(["PHONE"], { session })).toMatchObject({ status: 401 });
    }
    expect(await bystander.deleteDevices(["PHONE"], { session: kept })).toMatchObject({ status: 401 });
  });
});

describe("a single-use token", () => {
  test("that has logged in passes no stage, and one that has passed a stage does not log in", async () => {
    const bob = await logIn(server, "bob", "PHONE");
    const { type, token } = proofs.bySecret(server, "bob");
    const login = { body: { type, token } };
    expect(await server.post("/_matrix/client/v3/login", login)).toMatchObject({ status: 200 });
    const failed = await bob.deleteDevices(["NONE"], { type, token });
    expect(failed).toMatchObject({ status: 401, body: { error: expect.stringContaining("used before") } });

    const other = proofs.bySecret(server, "bob");
    expect(await bob.deleteDevices(["NONE"], other)).toMatchObject({ status: 200 });
    expect(await server.post("/_matrix/client/v3/login", { body: other })).toMatchObject({
      status: 403,
      body: { error: expect.stringContaining("used before") },
    });
  });
});
