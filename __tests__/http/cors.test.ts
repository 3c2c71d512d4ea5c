import { describe, expect, jest, test } from "@jest/globals";
import type { Express, RequestHandler } from "express";
import supertest from "supertest";

import { goodLogin, send, valuesOf, type Sending } from "../helpers/http-client.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { LOGIN_PATH, LOGIN_TYPE } from "../helpers/login.js";
import { hostOf, middleware, type Options } from "../helpers/test-hosts.js";

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, POST, PUT, DELETE, OPTIONS",
  "access-control-allow-headers": "X-Requested-With, Content-Type, Authorization",
  "access-control-expose-headers": "Retry-After",
};
const REJECT: Options = { unknownLoginType: "reject" };
const PREFLIGHT = {
  Origin: "https://app.example.org",
  "Access-Control-Request-Method": "POST",
  "Access-Control-Request-Headers": "content-type,authorization",
};

describe.each(EXPRESS_VERSIONS)("%s", (_, express) => {
  const appWith = (options: Options = {}, ...after: readonly RequestHandler[]): Express => {
    const app = express();
    app.use(middleware(options), ...after);
    return app;
  };

  test("a preflight is answered with the headers, and runs no login", async () => {
    const findUser = jest.fn<() => undefined>();
    const handler = jest.fn<RequestHandler>();
    const app = appWith({ findUser }, handler);
    const { headers, text } = await supertest(app).options(LOGIN_PATH).set(PREFLIGHT).expect(204);
    expect(headers).toMatchObject(CORS);
    expect(text).toBe("");
    await supertest(app).options(LOGIN_PATH).send(goodLogin()).expect(204);
    expect(findUser).not.toHaveBeenCalled();
    expect(handler).not.toHaveBeenCalled();
  });

  test("a preflight of another path is the host's", async () => {
    const { headers } = await supertest(appWith()).options(`${LOGIN_PATH}/sso/redirect`).set(PREFLIGHT);
    expect(headers).not.toHaveProperty("access-control-allow-origin");
  });

  const ANSWERS: readonly (readonly [string, Sending, number, Options?])[] = [
    ["a login", { body: goodLogin() }, 200],
    ["a refusal", { body: JSON.stringify({ type: LOGIN_TYPE, token: "x" }) }, 403],
    ["not JSON", { body: "x" }, 400, REJECT],
    ["too long", { body: "x".repeat(70_000) }, 413, REJECT],
    ["flows", { method: "GET" }, 200],
    ["flows, alone", { method: "GET" }, 200, { flows: "replace" }],
    ["HEAD", { method: "HEAD" }, 200],
    ["a preflight", { method: "OPTIONS", headers: PREFLIGHT }, 204],
  ];

  describe.each(ANSWERS)("%s", (_, sending, status, ...[options = {}]) => {
    test("has each header once", async () => {
      const answer = await send((await hostOf(express, middleware(options))).url, sending);
      expect(answer.status).toBe(status);
      for (const [name, value] of Object.entries(CORS)) expect(valuesOf(answer, name)).toEqual([value]);
    });

    test("leaves each header that the host has set as it is", async () => {
      for (const name of Object.keys(CORS)) {
        const { url } = await hostOf(
          express,
          (_req, res, next) => {
            res.set(name, "https://app.example.org");
            next();
          },
          middleware(options),
        );
        const answer = await send(url, sending);
        for (const [other, value] of Object.entries(CORS)) {
          expect(valuesOf(answer, other)).toEqual([other === name ? "https://app.example.org" : value]);
        }
      }
    });

    test("has none of them if they are switched off", async () => {
      const { url } = await hostOf(express, middleware({ ...options, cors: false }));
      const { headers } = await send(url, sending);
      for (const name of Object.keys(CORS)) expect(headers).not.toHaveProperty(name);
    });

    test("has the host's if ours are switched off", async () => {
      const { url } = await hostOf(
        express,
        (_req, res, next) => {
          res.set("Access-Control-Allow-Origin", "https://app.example.org");
          next();
        },
        middleware({ ...options, cors: false }),
      );
      expect(valuesOf(await send(url, sending), "Access-Control-Allow-Origin")).toEqual(["https://app.example.org"]);
    });
  });

  describe("the host's own CORS headers on its flows stay, and are not doubled", () => {
    test.each<readonly [string, RequestHandler]>([
      ["res.set", (_req, res) => res.set("Access-Control-Allow-Origin", "https://a").json({ flows: [] })],
      ["res.append", (_req, res) => res.append("Access-Control-Allow-Origin", "https://a").json({ flows: [] })],
      [
        "writeHead",
        (_req, res) => res.writeHead(200, { "Access-Control-Allow-Origin": "https://a" }).end('{"flows":[]}'),
      ],
      [
        "a flat list",
        (_req, res) => res.writeHead(200, ["access-control-allow-origin", "https://a"]).end('{"flows":[]}'),
      ],
    ])("%s", async (_, handler) => {
      const answer = await send((await hostOf(express, middleware(), handler)).url, { method: "GET" });
      expect(answer.json).toEqual({ flows: [{ type: LOGIN_TYPE }] });
      expect(valuesOf(answer, "Access-Control-Allow-Origin")).toEqual(["https://a"]);
      expect(valuesOf(answer, "Access-Control-Allow-Methods")).toEqual(["GET, POST, PUT, DELETE, OPTIONS"]);
    });
  });

  test("if CORS is switched off, OPTIONS is the host's", async () => {
    const app = appWith({ cors: false }, (_req, res) => {
      res.status(299).end();
    });
    await supertest(app).options(LOGIN_PATH).set(PREFLIGHT).expect(299);
  });

  test("if CORS is switched off, the host's flows are merged without it", async () => {
    const app = appWith({ cors: false }, (_req, res) => {
      res.json({ flows: [] });
    });
    const answer = await supertest(app).get(LOGIN_PATH).expect(200);
    expect(answer.body).toEqual({ flows: [{ type: LOGIN_TYPE }] });
    expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
  });

  test("requests that go on to the host take no header of ours along", async () => {
    const { url } = await hostOf(express, middleware(), (_req, res) => {
      res.status(299).end();
    });
    for (const sending of [{ body: '{"type":"other"}' }, { method: "PUT" }, { method: "GET" }]) {
      const { headers, status } = await send(url, sending);
      expect(status).toBe(299);
      for (const name of [...Object.keys(CORS), "cache-control"]) expect(headers).not.toHaveProperty(name);
    }
  });
});
