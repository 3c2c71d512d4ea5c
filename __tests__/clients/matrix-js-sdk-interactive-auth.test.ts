import { beforeAll, describe, expect, jest, test } from "@jest/globals";
import { InteractiveAuth, MatrixError, type AuthDict, type IAuthData } from "matrix-js-sdk";

import { proofs } from "../example-server/helpers/interactive-auth.js";
import { startTestServer, whoami, type TestServer } from "../example-server/helpers/test-server.js";
import { rejection } from "../helpers/core.js";
import { sdk, type Sdk } from "./helpers/sdk.js";

let server: TestServer;
beforeAll(async () => {
  // The SDK tells what it does, past the logger that it was given.
  jest.spyOn(console, "debug").mockReturnValue();
  server = await startTestServer();
});

async function loggedIn(sub: string, deviceId: string): Promise<Sdk & { readonly accessToken: string }> {
  const { body } = await server.loginBySecret({ sub }, { device_id: deviceId });
  const accessToken = body["access_token"] as string;
  return { ...sdk(server.url, { accessToken, userId: `@${sub}:localhost`, deviceId }), accessToken };
}

/** What the SDK hands its app when more authentication is asked for. */
async function asked(request: Promise<unknown>): Promise<IAuthData & { errcode?: string }> {
  const error = await rejection(request);
  if (!(error instanceof MatrixError)) throw error;
  expect(error.httpStatus).toBe(401);
  return error.data;
}

describe("matrix-js-sdk, behind User-Interactive Authentication", () => {
  test("deletes devices after a stage by token, which may fail first", async () => {
    const { client, sessionsLost } = await loggedIn("bob", "PHONE");
    const tablet = await loggedIn("bob", "TABLET");

    const { session, flows } = await asked(client.deleteMultipleDevices(["TABLET"]));
    expect(flows).toContainEqual({ stages: ["org.matrix.login.jwt"] });
    const wrong = { ...proofs.bySecret(server, "berta"), session };
    const failed = await asked(client.deleteMultipleDevices(["TABLET"], wrong));
    expect(failed).toMatchObject({ session, errcode: "M_FORBIDDEN" });
    const right = { ...proofs.bySecret(server, "bob"), session };
    expect(await client.deleteMultipleDevices(["TABLET"], right)).toEqual({});

    expect(await whoami(server, tablet.accessToken)).toMatchObject({ status: 401 });
    expect(await client.whoami()).toMatchObject({ device_id: "PHONE" });
    expect(sessionsLost()).toBe(0);
  });

  test("is led through the stage by its own InteractiveAuth", async () => {
    const { client } = await loggedIn("berta", "PHONE");
    await loggedIn("berta", "TABLET");
    const errors: (string | undefined)[] = [];
    const attempts: AuthDict[] = [proofs.bySecret(server, "bob"), proofs.bySecret(server, "berta")];
    const auth = new InteractiveAuth<unknown>({
      matrixClient: client,
      supportedStages: ["org.matrix.login.jwt"],
      doRequest: (authDict) => client.deleteMultipleDevices(["TABLET"], authDict ?? undefined),
      stateUpdated: (stage, { errcode }) => {
        expect(stage).toBe("org.matrix.login.jwt");
        errors.push(errcode);
        void auth.submitAuthDict(attempts.shift() ?? {});
      },
      requestEmailToken: () => Promise.reject(new Error("no e-mail here")),
    });
    expect(await auth.attemptAuth()).toEqual({});
    expect(errors).toEqual([undefined, "M_FORBIDDEN"]);
  });

  test("deactivates an account, which logs in no more", async () => {
    const { client, sessionsLost } = await loggedIn("dirk", "PHONE");
    const { session } = await asked(client.deactivateAccount(undefined, true));
    const done = await client.deactivateAccount({ ...proofs.bySecret(server, "dirk"), session }, true);
    expect(done).toEqual({ id_server_unbind_result: "success" });
    await expect(client.whoami()).rejects.toMatchObject({ errcode: "M_UNKNOWN_TOKEN" });
    expect(sessionsLost()).toBe(1);
    expect(await server.loginBySecret({ sub: "dirk" })).toMatchObject({ body: { errcode: "M_USER_DEACTIVATED" } });
  });
});
