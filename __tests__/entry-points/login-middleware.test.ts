import { describe, expect, jest, test } from "@jest/globals";
import type { ErrorRequestHandler, Request, RequestHandler, Response } from "express";
import { matrixBearerAuth, matrixJwtLogin, type Logger, type VerifiedLogin } from "matrix-jwt-login";
import supertest from "supertest";

import { goodLogin, send } from "../helpers/http-client.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { SECRET } from "../helpers/keys.js";
import { LOGIN_PATH, LOGIN_TYPE, optionsWith } from "../helpers/login.js";
import { hostOf, middleware, serveForTest, type Options } from "../helpers/test-hosts.js";
import { token } from "../helpers/tokens.js";

describe.each(EXPRESS_VERSIONS)("%s", (_, express) => {
  const handler = jest.fn<RequestHandler>((_req, res) => {
    res.status(299).end();
  });

  describe("who answers what", () => {
    const other = '{"type":"m.login.password"}';
    test.each<readonly [string, string, Options, string | undefined, number]>([
      ["a login", "POST", {}, "login", 200],
      ["another login type", "POST", {}, other, 299],
      ["another login type, where those are refused", "POST", { unknownLoginType: "reject" }, other, 400],
      ["flows", "GET", { flows: "replace" }, undefined, 200],
      ["a preflight", "OPTIONS", {}, undefined, 204],
      ["a preflight without CORS", "OPTIONS", { cors: false }, undefined, 299],
      ["PUT", "PUT", {}, "login", 299],
      ["PATCH", "PATCH", {}, "login", 299],
      ["DELETE", "DELETE", {}, "login", 299],
      ["TRACE", "TRACE", {}, undefined, 299],
      ["SEARCH", "SEARCH", {}, "login", 299],
    ])("%s", async (_, method, options, body, status) => {
      handler.mockClear();
      const { url } = await hostOf(express, middleware(options), handler);
      const sent = body === "login" ? goodLogin() : body;
      const answer = await send(url, { method, ...(sent !== undefined && { body: sent }) });
      expect(answer.status).toBe(status);
      expect(handler).toHaveBeenCalledTimes(status === 299 ? 1 : 0);
    });
  });

  test("the host's callbacks are told of the request", async () => {
    let seen: VerifiedLogin<Request> | undefined;
    const app = express();
    app.set("trust proxy", true);
    app.use(
      matrixJwtLogin<{ id: string }, Request>({
        ...optionsWith(),
        findUser: (_userId, login) => {
          seen = login;
          return { id: "alice" };
        },
      }),
    );
    const request = supertest(app).post(LOGIN_PATH).set("X-Forwarded-For", "192.0.2.7").set("User-Agent", "a client");
    await request.send(goodLogin()).expect(200);
    expect(seen).toMatchObject({ ip: "192.0.2.7", userAgent: "a client" });
    expect(seen?.req.originalUrl).toBe(LOGIN_PATH);
  });

  test("a request without a User-Agent has none", async () => {
    let seen: object = {};
    const { url } = await hostOf(
      express,
      middleware({
        findUser: (_userId, login) => {
          seen = login;
          return { id: "alice" };
        },
      }),
    );
    expect((await send(url, { body: goodLogin() })).status).toBe(200);
    expect(seen).toMatchObject({ ip: expect.stringContaining("127.0.0.1") });
    expect(seen).not.toHaveProperty("userAgent");
  });

  test("its core is the login that it answers with", async () => {
    const mw = matrixJwtLogin(optionsWith());
    expect(mw.jwtLogin.flows).toEqual([{ type: LOGIN_TYPE }]);
    await expect(mw.jwtLogin.ready()).resolves.toBeUndefined();
    const submission = { type: LOGIN_TYPE, token: token(), device_id: "D" };
    const { url } = await hostOf(express, mw);
    const { json } = await send(url, { body: JSON.stringify(submission) });
    expect(json).toEqual(await mw.jwtLogin.login(submission));
  });

  test("two of our kind, each with its own types, serve side by side", async () => {
    const other = { "com.example": { secret: "s".repeat(64) } };
    const { url } = await hostOf(express, middleware(), middleware({ loginTypes: other }), handler);
    expect((await send(url, { body: goodLogin() })).status).toBe(200);
    expect((await send(url, { body: [goodLogin()] })).status).toBe(200);
    const body = '{"type":"com.example","token":"x"}';
    expect((await send(url, { body })).status).toBe(403);
    expect((await send(url, { body: [body] })).status).toBe(403);
    expect((await send(url, { body: '{"type":"m.login.password"}' })).status).toBe(299);
  });

  test("what fails around the login is 500, says nothing, and is told to the logger", async () => {
    const error = jest.fn<Logger["error"]>();
    const logger: Logger = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error };
    const cause = new Error("a proxy that can't be trusted");
    const app = express();
    app.set("trust proxy", () => {
      throw cause;
    });
    app.use(middleware({ logger }), handler);
    handler.mockClear();
    const request = supertest(app).post(LOGIN_PATH).set("X-Forwarded-For", "192.0.2.7");
    const answer = await request.send(goodLogin());
    expect(answer.status).toBe(500);
    expect(answer.body).toEqual({ errcode: "M_UNKNOWN", error: "Internal server error" });
    expect(error.mock.calls).toEqual([[cause]]);
    expect(handler).not.toHaveBeenCalled();
  });

  test("an answer that can't be written is the host's error", async () => {
    const cause = new Error("can't be written");
    const onError = jest.fn<(error: unknown) => void>();
    const app = express();
    app.use((_req, res, next) => {
      res.end = () => {
        throw cause;
      };
      next();
    }, middleware());
    app.use((error: unknown, _req: Request, res: Response, next: () => void) => {
      onError(error);
      Reflect.deleteProperty(res, "end");
      res.removeHeader("Content-Length");
      if (res.headersSent) next();
      else res.status(299).end();
    });
    await supertest(app).post(LOGIN_PATH).send(goodLogin()).expect(299);
    expect(onError.mock.calls).toEqual([[cause]]);
  });

  test("an error of a handler after us, for a body that we read, reaches the host's error handler once", async () => {
    const onError = jest.fn<(error: unknown) => void>();
    const cause = new Error("broken");
    const app = express();
    app.use(middleware(), () => {
      throw cause;
    });
    app.use((error: unknown, _req: Request, res: Response, next: () => void) => {
      onError(error);
      if (res.headersSent) next();
      else res.status(299).end();
    });
    await supertest(app).post(LOGIN_PATH).send('{"type":"m.login.password"}').expect(299);
    expect(onError.mock.calls).toEqual([[cause]]);
  });
});

test.each(
  EXPRESS_VERSIONS.flatMap(([version, express]) =>
    [matrixJwtLogin, matrixBearerAuth].map((make) => [make.name, version, express, make] as const),
  ),
)("%s that is mounted without being called says so on %s", async (name, _, express, make) => {
  const app = express();
  app.use(make as unknown as RequestHandler);
  const onError: ErrorRequestHandler = (error: Error, _req, res, next) => {
    if (res.headersSent) next(error);
    else res.status(500).end(error.message);
  };
  app.use(onError);
  const { status, text } = await supertest(app).post(LOGIN_PATH).send({});
  const problem = `options are a request: mount what ${name} returns, as in app.use(${name}({ ... }))`;
  expect([status, text]).toEqual([500, problem]);
});

test.each([
  ["matrixJwtLogin", middleware()],
  [
    "matrixBearerAuth",
    matrixBearerAuth({ serverName: "example.org", tokens: { secret: SECRET, tokenType: "at+jwt" } }),
  ],
])("what %s returned says so if it is called in the place of being mounted", (name, handler) => {
  expect(() => {
    (handler as () => void)();
  }).toThrow(`what ${name} returned was called without a request: mount it itself, as in app.use(auth)`);
});

test("serves under node:http alone, on the paths of the specification", async () => {
  const mw = middleware({ flows: "replace" }) as unknown as (req: unknown, res: unknown, next: () => void) => void;
  const { url } = await serveForTest((req, res) => {
    mw(req, res, () => {
      res.statusCode = 299;
      res.end();
    });
  });
  expect((await send(url, { body: goodLogin() })).status).toBe(200);
  expect((await send(url, { body: '{"type":"m.login.password"}' })).status).toBe(299);
  expect((await send(url, { method: "GET" })).json).toEqual({ flows: [{ type: LOGIN_TYPE }] });
  expect((await send(url, { path: "/custom/login", body: goodLogin() })).status).toBe(299);
});
