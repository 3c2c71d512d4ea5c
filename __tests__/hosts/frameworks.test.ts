import { join } from "node:path";

import { serve } from "@hono/node-server";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { FastifyInstance } from "fastify";
import type { Hono } from "hono";

import { send, valuesOf, type Received, type Sending } from "../helpers/http-client.js";
import { SECRET } from "../helpers/keys.js";
import { problemsOf, runExamples } from "../helpers/examples.js";
import { LOGIN_PATH, LOGIN_TYPE } from "../helpers/login.js";
import { inSeconds, token } from "../helpers/tokens.js";
import { exampleOf, HOST } from "./helpers/docs-examples.js";
import { db, PASSWORD, passwordLogin } from "./helpers/host.js";

const HOST_FOLDER = join(import.meta.dirname, "helpers");

interface Examples {
  readonly fastify: { readonly app: FastifyInstance };
  readonly hono: { readonly app: Hono };
}

const PAGES = ["fastify", "hono"] as const;
const EXAMPLES = Object.fromEntries(PAGES.map((page) => [page, exampleOf(page)]));
const urls = { fastify: "", hono: "" };
let hono: ReturnType<typeof serve>;
let fastify: FastifyInstance;

beforeAll(async () => {
  process.env["JWT_SECRET"] = SECRET;
  jest.spyOn(console, "error").mockReturnValue();
  const examples = await runExamples<Examples>({ host: HOST, ...EXAMPLES });
  fastify = examples.fastify.app;
  fastify.log.level = "silent";
  urls.fastify = await fastify.listen({ port: 0, host: "127.0.0.1" });
  urls.hono = await new Promise((resolve) => {
    hono = serve({ fetch: examples.hono.app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => {
      resolve(`http://127.0.0.1:${String(port)}`);
    });
  });
});

afterAll(async () => {
  await fastify.close();
  await new Promise((resolve) => hono.close(resolve));
});

test("the examples compile as they stand", () => {
  const wrong = exampleOf("hono").replace("serverName:", "serverNaam:");

  const problems = problemsOf({ ...EXAMPLES, wrong }, HOST_FOLDER);

  expect(problems.filter((problem) => !problem.includes("wrong.ts"))).toEqual([]);
  expect(problems).toContainEqual(expect.stringContaining("serverNaam"));
}, 60_000);

describe.each(PAGES)("the example for %s", (page) => {
  const ask = (sending: Sending): Promise<Received> => send(urls[page], sending);
  const post = (submission: unknown, headers = {}): Promise<Received> =>
    ask({ body: JSON.stringify(submission), headers });
  const jwt = (claims = {}, more = {}): object => ({ type: LOGIN_TYPE, token: token(claims), ...more });

  describe("logs in by a token", () => {
    test.each([
      ["as JSON", { "Content-Type": "application/json" }],
      ["as a form", { "Content-Type": "application/x-www-form-urlencoded" }],
      ["as text", { "Content-Type": "text/plain;charset=UTF-8" }],
      ["as multipart", { "Content-Type": "multipart/form-data; boundary=x" }],
      ["without a type", {}],
    ])("that is sent %s", async (_, headers) => {
      const submission = jwt({}, { device_id: "PHONE", initial_device_display_name: "É" });
      const answers = [await post(submission, headers), await ask({ body: [JSON.stringify(submission)], headers })];
      const { accessToken } = await db.sessions.create({ id: "alice" }, "PHONE", "É");
      for (const { status, json } of answers) {
        expect({ status, json }).toEqual({
          status: 200,
          json: {
            user_id: "@alice:example.org",
            access_token: accessToken,
            device_id: "PHONE",
            home_server: "example.org",
          },
        });
      }
    });

    test.each(["api/v1", "r0", "v3", "unstable"])("at version %s of the API", async (version) => {
      const path = `/_matrix/client/${version}/login`;
      expect((await ask({ path, body: JSON.stringify(jwt()) })).status).toBe(200);
      expect((await ask({ path, method: "GET" })).status).toBe(200);
    });
  });

  test("lists its own flows and ours", async () => {
    const get = await ask({ method: "GET" });
    expect(get).toMatchObject({ status: 200, json: { flows: [{ type: "m.login.password" }, { type: LOGIN_TYPE }] } });
    expect(await ask({ method: "HEAD" })).toMatchObject({ status: 200, text: "" });
  });

  test("hands any other login to the host's own", async () => {
    const login = { type: "m.login.password", user: "alice", password: PASSWORD };
    expect(await post(login)).toMatchObject({ status: 200, json: await passwordLogin(login) });
    const wrong = await post({ ...login, password: "x" });
    expect(wrong).toMatchObject({ status: 403, json: { errcode: "M_FORBIDDEN", error: "Wrong password" } });
  });

  const failed = "JWT validation failed: ";
  test.each<readonly [string, Sending, number, object]>([
    [
      "a token that has expired",
      { body: JSON.stringify(jwt({ exp: inSeconds(-300) })) },
      403,
      { errcode: "M_FORBIDDEN", error: `${failed}token expired` },
    ],
    ["an unknown user", { body: JSON.stringify(jwt({ sub: "nobody" })) }, 403, { errcode: "M_FORBIDDEN" }],
    [
      "a device ID that is a number",
      { body: JSON.stringify(jwt({}, { device_id: 1 })) },
      400,
      { errcode: "M_INVALID_PARAM" },
    ],
    ["a login type that nobody knows", { body: '{"type":"x"}' }, 400, { errcode: "M_UNKNOWN" }],
    ["no login type", { body: "{}" }, 400, { errcode: "M_MISSING_PARAM" }],
    ["a login type that is a number", { body: '{"type":1}' }, 400, { errcode: "M_INVALID_PARAM" }],
    ["a list", { body: "[]" }, 400, { errcode: "M_BAD_JSON" }],
    ["null", { body: "null" }, 400, { errcode: "M_BAD_JSON" }],
    ["what is not JSON", { body: "type=x" }, 400, { errcode: "M_NOT_JSON" }],
    ["what is not UTF-8", { body: Buffer.from([0x22, 0xff, 0x22]) }, 400, { errcode: "M_NOT_JSON" }],
    ["nothing", {}, 400, { errcode: "M_NOT_JSON" }],
    ["an empty body", { body: "", headers: { "Content-Type": "application/json" } }, 400, { errcode: "M_NOT_JSON" }],
    ["a long body", { body: "x".repeat(65_537) }, 413, { errcode: "M_TOO_LARGE" }],
    ["a long body, chunked", { body: ["x".repeat(65_537)] }, 413, { errcode: "M_TOO_LARGE" }],
    [
      "a host that fails at a login by token",
      { body: JSON.stringify(jwt({ sub: "broken" })) },
      500,
      { errcode: "M_UNKNOWN", error: "Internal server error" },
    ],
    [
      "a host that fails at its own login",
      { body: '{"type":"m.login.password","user":"broken"}' },
      500,
      { errcode: "M_UNKNOWN", error: "Internal server error" },
    ],
  ])("refuses %s", async (_, sending, status, json) => {
    const answer = await ask(sending);
    expect({ status: answer.status, json: answer.json }).toMatchObject({ status, json });
    expect(answer.json["error"]).toEqual(expect.any(String));
  });

  test("says when to come back", async () => {
    const answer = await post(jwt({ sub: "busy" }));
    expect(answer).toMatchObject({ status: 429, json: { errcode: "M_LIMIT_EXCEEDED" } });
    expect(valuesOf(answer, "Retry-After")).toEqual(["2"]);
  });

  test.each<readonly [string, Sending, number]>([
    ["a login", { body: JSON.stringify(jwt()) }, 200],
    ["a refusal", { body: JSON.stringify({ type: LOGIN_TYPE, token: "x" }) }, 403],
    ["what is not JSON", { body: "x" }, 400],
    ["a long body", { body: "x".repeat(70_000) }, 413],
    ["flows", { method: "GET" }, 200],
    ["a preflight", { method: "OPTIONS" }, 204],
  ])("can be read by a page of another origin, and is kept by no cache: %s", async (_, sending, status) => {
    const answer = await ask({ ...sending, headers: { Origin: "https://app.example.org" } });
    expect(answer.status).toBe(status);
    expect(valuesOf(answer, "Access-Control-Allow-Origin")).toEqual(["*"]);
    expect(valuesOf(answer, "Access-Control-Allow-Methods")).toEqual(["GET, POST, PUT, DELETE, OPTIONS"]);
    expect(valuesOf(answer, "Access-Control-Allow-Headers")).toEqual(["X-Requested-With, Content-Type, Authorization"]);
    expect(valuesOf(answer, "Access-Control-Expose-Headers")).toEqual(["Retry-After"]);
    expect(valuesOf(answer, "Cache-Control")).toEqual(["no-store"]);
    if (status !== 204) expect(answer.headers["content-type"]).toMatch(/^application\/json(?:;|$)/);
  });

  test("answers nothing below the login", async () => {
    expect((await ask({ path: `${LOGIN_PATH}/get_token`, body: "{}" })).status).toBe(404);
  });
});
