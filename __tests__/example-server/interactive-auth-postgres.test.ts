import { beforeAll, expect, test } from "@jest/globals";

import { clientOf, proofs, type Client } from "./helpers/interactive-auth.js";
import { atOnce, startReplicas, statusesOf, type Replicas } from "./helpers/replicas.js";
import { newPostgres, query, withPostgres } from "./helpers/services.js";
import { whoami, type Answer } from "./helpers/test-server.js";

const sessionOf = ({ body }: Answer): string => body["session"] as string;

withPostgres("replicas of the example server and User-Interactive Authentication (DATABASE_URL)", () => {
  let databaseUrl: string;
  let replicas: Replicas;
  beforeAll(async () => {
    databaseUrl = await newPostgres();
    replicas = await startReplicas({ DATABASE_URL: databaseUrl });
  });

  /** One session of a user's, as a client of each replica. */
  async function clients(sub: string): Promise<readonly [Client, Client, Client]> {
    const [one, two, three] = replicas;
    const login = await one.loginBySecret({ sub }, { device_id: "PHONE" });
    return [clientOf(one, login), clientOf(two, login), clientOf(three, login)];
  }

  test("finish at one what began at another", async () => {
    const [one, two, three] = await clients("bob");
    const session = sessionOf(await one.deleteDevices(["PHONE"]));
    const wrong = { ...proofs.bySecret(replicas[1], "berta"), session };
    expect(await two.deleteDevices(["PHONE"], wrong)).toMatchObject({ status: 401, body: { session } });
    const right = { ...proofs.bySecret(replicas[2], "bob"), session };
    expect(await three.deleteDevices(["PHONE"], right)).toMatchObject({ status: 200 });
    expect(await whoami(replicas[0], one.accessToken)).toMatchObject({ status: 401 });
  });

  test("run an operation once, however many confirm it at once", async () => {
    const all = await clients("berta");
    const session = sessionOf(await all[0].deleteDevices(["NONE"]));
    const answers = await atOnce(replicas, 30, (replica, i) =>
      (all[i % 3] ?? all[0]).deleteDevices(["NONE"], { ...proofs.bySecret(replica, "berta"), session }),
    );
    expect(statusesOf(answers)).toEqual({ 200: 1, 400: 29 });
  });

  test("keep few sessions of a user, however many begin at once", async () => {
    const all = await clients("greta");
    await atOnce(replicas, 90, (_, i) => (all[i % 3] ?? all[0]).deleteDevices(["PHONE"]));
    expect(
      await query(databaseUrl, "SELECT * FROM interactive_auth_sessions WHERE user_id LIKE '@greta%'"),
    ).toHaveLength(20);
  });

  test("compare parameters as they are kept there, and take no device at all", async () => {
    const [one, two] = await clients("gustav");
    const session = sessionOf(await one.deleteDevices([]));
    expect(await two.deleteDevices(["PHONE"], { session })).toMatchObject({ status: 403 });
    const auth = { ...proofs.bySecret(replicas[0], "gustav"), session };
    expect(await two.deleteDevices([], auth)).toMatchObject({ status: 200 });
  });

  test("deactivate an account everywhere", async () => {
    const [one, two] = await clients("dirk");
    expect(await one.deactivate(proofs.bySecret(replicas[0], "dirk"))).toMatchObject({ status: 200 });
    expect(await two.deleteDevices(["PHONE"])).toMatchObject({ status: 401, body: { errcode: "M_UNKNOWN_TOKEN" } });
    expect(await replicas[2].loginBySecret({ sub: "dirk" })).toMatchObject({
      status: 403,
      body: { errcode: "M_USER_DEACTIVATED" },
    });
  });
});
