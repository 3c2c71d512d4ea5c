import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";

import { beforeAll, describe, expect, test } from "@jest/globals";

import { hs256Token } from "../../example-server/src/signed-token.js";
import { explains } from "./helpers/explains.js";
import { startTestServer, type TestServer } from "./helpers/test-server.js";

const bySecret = "org.matrix.login.jwt";
const byProvider = "com.famedly.login.token";

interface Sample {
  readonly name: string;
  readonly token: string;
}

let server: TestServer;
let samples: readonly Sample[];
beforeAll(async () => {
  server = await startTestServer();
  samples = (await server.get("/demonstration")).body["samples"] as readonly Sample[];
});

const sample = (name: string): string => String(samples.find((one) => one.name === name)?.token);
const explain = (body: object | string) => server.post("/demonstration/explain", { body });

describe("tokens to try", () => {
  test.each([
    ["Good", 200, undefined],
    ["Expired", 403, "M_FORBIDDEN"],
    ["Tampered with", 403, "M_FORBIDDEN"],
    ["For another audience", 403, "M_FORBIDDEN"],
    ["Of somebody without an account", 403, "M_FORBIDDEN"],
  ])("%s: %i", async (name, status, errcode) => {
    const answer = await server.post("/_matrix/client/v3/login", { body: { type: byProvider, token: sample(name) } });
    expect(answer).toMatchObject({ status, body: errcode === undefined ? {} : { errcode } });
  });

  test("one for whoever can sign in at the provider, and for nobody else", async () => {
    const token = (sub: unknown) => server.post("/demonstration/token", { body: { sub } });
    const { status, body } = await token("alice");
    expect(status).toBe(200);
    const login = { type: body["login_type"], token: body["token"] };
    expect(await server.post("/_matrix/client/v3/login", { body: login })).toMatchObject({ status: 200 });
    for (const sub of ["bob", "__proto__", "", "alice\0"]) {
      expect(await token(sub)).toMatchObject({ status: 404, body: { errcode: "M_NOT_FOUND" } });
    }
    for (const sub of [undefined, 1, ["alice"]]) expect(await token(sub)).toMatchObject({ status: 400 });
  });
});

(explains ? describe : describe.skip)("the checks of a token (npm run build)", () => {
  test("are those of its login type, one by one, with advice", async () => {
    const { status, body } = await explain({ type: byProvider, token: sample("Expired") });
    expect(status).toBe(200);
    expect(body).toMatchObject({ accepted: false, code: "expired" });
    expect(body["checks"]).toContainEqual({
      name: "exp",
      result: "fail",
      text: expect.stringContaining("token expired") as unknown,
      advice: expect.stringContaining("Get a fresh token.") as unknown,
    });
  });

  test("know who has an account, by name or by a linked identity, and never hold the secret", async () => {
    const exp = Math.floor(Date.now() / 1_000) + 60;
    const token = hs256Token({ sub: "nobody yet", exp }, server.secrets.jwtSecret);
    const answer = await explain({ type: bySecret, token });
    expect(answer.body).toMatchObject({ accepted: false, code: "user_id" });
    expect(JSON.stringify(answer)).not.toContain(server.secrets.jwtSecret);
    const verdicts = await Promise.all(
      ["Good", "Of somebody without an account"].map((name) => explain({ type: byProvider, token: sample(name) })),
    );
    expect(verdicts.map(({ body }) => body["accepted"])).toEqual([true, false]);
  });

  test.each(["", " ", "no token", "a.b.c", "-", "--help", "\u0000", "x".repeat(20_000)])(
    "of junk: %j",
    async (token) => {
      expect(await explain({ type: byProvider, token })).toMatchObject({ status: 200, body: { accepted: false } });
    },
  );

  test("are not asked for by more than a few at once", async () => {
    const statuses = await Promise.all(
      Array.from({ length: 14 }, async () => (await explain({ type: byProvider, token: sample("Good") })).status),
    );
    expect(statuses.toSorted()).toEqual([...Array<number>(10).fill(200), ...Array<number>(4).fill(429)]);
    expect(await explain({ type: byProvider, token: sample("Good") })).toMatchObject({ status: 200 });
  });
});

test.each([
  ["another login type", { type: "m.login.password", token: "x" }],
  ["a name that every object has", { type: "constructor", token: "x" }],
  ["no type", { token: "x" }],
  ["no token", { type: byProvider }],
  ["a token that is no string", { type: byProvider, token: {} }],
  ["no JSON", "{"],
])("%s is 400", async (_name, body) => {
  expect(await explain(body)).toMatchObject({ status: 400 });
});

test.each([
  ["a page of another origin", "https://evil.example", undefined],
  ["a page without an origin", "null", undefined],
  ["a page whose name was made to lead here", undefined, "evil.example"],
])("%s gets no token and no explanation", async (_name, origin, host) => {
  const headers = { ...(origin !== undefined && { Origin: origin }), ...(host !== undefined && { Host: host }) };
  for (const [method, path] of [
    ["GET", ""],
    ["POST", "/token"],
    ["POST", "/explain"],
  ] as const) {
    const outgoing = request(`${server.url}/demonstration${path}`, { method, headers });
    outgoing.end(method === "POST" ? JSON.stringify({ sub: "alice" }) : undefined);
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    expect([response.statusCode, await text(response)]).toEqual([403, expect.not.stringContaining("eyJ")]);
  }
});

test("a page of another port of this machine gets them", async () => {
  const headers = { Origin: "http://127.0.0.1:1" };
  expect(await server.get("/demonstration", { headers })).toMatchObject({ status: 200 });
});

test("another method is 405", async () => {
  for (const path of ["", "/token", "/explain"]) {
    expect(await server.request("DELETE", `/demonstration${path}`)).toMatchObject({ status: 405 });
  }
});

test("there is none beside an identity provider of somebody else", async () => {
  const other = await startTestServer({ IDENTITY_PROVIDER: `${server.url}/partner-idp` });
  expect(await other.get("/demonstration")).toMatchObject({ status: 404, body: { errcode: "M_UNRECOGNIZED" } });
});
