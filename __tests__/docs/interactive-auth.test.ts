import { readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Express } from "express";

import { runExamples } from "../helpers/examples.js";
import { serve, type RunningServer } from "../helpers/hosts.js";
import { SECRET } from "../helpers/keys.js";
import { LOGIN_TYPE } from "../helpers/login.js";
import { token } from "../helpers/tokens.js";
import type * as host from "./helpers/interactive-auth/host.js";

const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "interactive-auth.md"), "utf8");
const HOST_DIRECTORY = join(import.meta.dirname, "helpers", "interactive-auth");
const [, example = ""] = page.split(/^```ts\n/m).map((block) => block.split("```")[0] ?? "");

const ALICE = "@alice:example.org";
const FLOWS = [{ stages: [LOGIN_TYPE] }];

interface Modules {
  readonly host: typeof host;
  readonly page: { readonly app: Express };
}

let running: RunningServer;
let deleted: readonly unknown[];

beforeAll(async () => {
  process.env["JWT_SECRET"] = SECRET;
  const modules = await runExamples<Modules>({
    host: readFileSync(join(HOST_DIRECTORY, "host.ts"), "utf8"),
    page: example,
  });
  deleted = modules.host.deleted;
  running = await serve(modules.page.app);
});
afterAll(() => running.close());

async function deleteDevices(body: object, userId?: string) {
  const response = await fetch(`${running.url}/_matrix/client/v3/delete_devices`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(userId && { Authorization: `Bearer ${userId}` }) },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

let serial = 0;
const proof = (sub: string, session?: unknown) => ({
  type: LOGIN_TYPE,
  token: token({ sub, jti: String((serial += 1)) }),
  session,
});

describe("the page's endpoint", () => {
  const devices = ["PHONE"];

  test("asks, hears of a failure, and runs what was asked for, once", async () => {
    const asked = await deleteDevices({ devices }, ALICE);
    expect(asked).toEqual({
      status: 401,
      body: { session: expect.any(String), flows: FLOWS, params: {}, completed: [] },
    });
    const { session } = asked.body;

    const failed = await deleteDevices({ devices, auth: proof("bob", session) }, ALICE);
    expect(failed).toMatchObject({ status: 401, body: { session, flows: FLOWS, errcode: "M_FORBIDDEN" } });
    expect(deleted).toEqual([]);

    expect(await deleteDevices({ auth: proof("alice", session) }, ALICE)).toEqual({ status: 200, body: {} });
    expect(deleted).toEqual([{ userId: ALICE, devices }]);
    expect(await deleteDevices({ devices, auth: proof("alice", session) }, ALICE)).toMatchObject({ status: 400 });
    expect(deleted).toHaveLength(1);
  });

  test.each([
    ["other parameters", { devices: ["LAPTOP"] }, ALICE, 403],
    ["another user", { devices }, "@bob:example.org", 400],
    ["a session that there is not", { devices, auth: { session: "made-up" } }, ALICE, 400],
    ["an unknown stage", { devices, auth: { type: "m.login.sso" } }, ALICE, 400],
    ["no access token", { devices }, undefined, 401],
  ])("refuses %s", async (_, more, userId, status) => {
    const before = deleted.length;
    const { body } = await deleteDevices({ devices }, ALICE);
    const sub = userId === undefined ? "alice" : userId.slice(1, userId.indexOf(":"));
    const answer = await deleteDevices({ auth: proof(sub, body["session"]), ...more }, userId);
    expect(answer).toMatchObject({ status, body: { errcode: expect.any(String) } });
    expect(deleted).toHaveLength(before);
  });

  test("takes a single-use token once, for a stage or a login", async () => {
    const auth = proof("alice");
    expect(await deleteDevices({ devices, auth }, ALICE)).toMatchObject({ status: 200 });
    expect(await deleteDevices({ devices, auth }, ALICE)).toMatchObject({ status: 401 });
    const login = await fetch(`${running.url}/_matrix/client/v3/login`, { method: "POST", body: JSON.stringify(auth) });
    expect(login.status).toBe(403);
  });
});
