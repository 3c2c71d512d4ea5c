import { describe, expect, test } from "@jest/globals";
import type { Express, Request, RequestHandler, Response } from "express";
import supertest from "supertest";

import { recordingLogger } from "../helpers/core.js";
import { send, valuesOf } from "../helpers/http-client.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { LOGIN_PATH, LOGIN_TYPE } from "../helpers/login.js";
import { hostOf, middleware, type Options, serveForTest } from "../helpers/test-hosts.js";

const OURS = { flows: [{ type: LOGIN_TYPE }] };
const THEIRS = { flows: [{ type: "m.login.password" }] };

const CONDITIONS = {
  "If-None-Match": "*",
  "If-Match": '"x"',
  "If-Modified-Since": new Date().toUTCString(),
  "If-Unmodified-Since": new Date(0).toUTCString(),
  "If-Range": '"x"',
  Range: "bytes=0-1",
  "Accept-Encoding": "gzip, br",
};

describe.each(EXPRESS_VERSIONS)("%s", (_, express) => {
  const hostWith = (
    get: RequestHandler | undefined,
    options: Options = {},
    ...before: readonly RequestHandler[]
  ): Express => {
    const app = express();
    app.set("env", "test");
    for (const handler of before) app.use(handler);
    app.use(middleware(options));
    if (get !== undefined) app.get(LOGIN_PATH, get);
    return app;
  };

  describe("the host's own flows come first, and ours where they are not there yet", () => {
    const two = { "a.b": { secret: "s".repeat(64) }, "c.d": { secret: "s".repeat(64) } };
    test.each<readonly [string, readonly unknown[], readonly unknown[]]>([
      ["none of the host's", [], [{ type: "a.b" }, { type: "c.d" }]],
      ["another", [{ type: "x" }], [{ type: "x" }, { type: "a.b" }, { type: "c.d" }]],
      ["one of ours", [{ type: "c.d", note: 1 }], [{ type: "c.d", note: 1 }, { type: "a.b" }]],
      ["all of ours", [{ type: "c.d" }, { type: "a.b" }], [{ type: "c.d" }, { type: "a.b" }]],
      [
        "one twice",
        [{ type: "x", first: 1 }, { type: "x" }],
        [{ type: "x", first: 1 }, { type: "x" }, { type: "a.b" }, { type: "c.d" }],
      ],
      ["what is no flow", [null, 1, {}, {}], [null, 1, {}, {}, { type: "a.b" }, { type: "c.d" }]],
    ])("%s", async (_, theirs, merged) => {
      const app = hostWith((_req, res) => res.json({ a: 1, flows: theirs, z: [2] }), { loginTypes: two });
      const answer = await supertest(app).get(LOGIN_PATH).expect(200);
      expect(answer.body).toEqual({ a: 1, flows: merged, z: [2] });
      expect(answer.text.startsWith('{"a":1,"flows":[')).toBe(true);
    });
  });

  test("the host's numbers stay as it wrote them, whatever a double can hold", async () => {
    const theirs = String.raw`{"a":9007199254740993,"b":-0,"c":[1e400,1.0,-0.10e-7],"d\"4":"12 \" 3\\","flows":[7e-0,{"type":"x","n":1E2}`;
    const { url } = await hostOf(express, middleware(), (_req: Request, res: Response) => {
      res.type("json").send(`${theirs}]}`);
    });
    const { text } = await send(url, { method: "GET" });
    expect(text).toBe(`${theirs},{"type":"${LOGIN_TYPE}"}]}`);
  });

  test.each<[string, RequestHandler]>([
    [
      "a text",
      (_req, res) => {
        res.statusCode = "200" as never;
        res.end(JSON.stringify(THEIRS));
      },
    ],
    ["a text, by writeHead", (_req, res) => res.writeHead("200" as never).end(JSON.stringify(THEIRS))],
    ["a number with a fraction", (_req, res) => res.writeHead(200.7, { "X-A": "1" }).end(JSON.stringify(THEIRS))],
  ])("flows are added if the host's status is %s, as Node takes it", async (_, get) => {
    const { url } = await hostOf(express, middleware(), get);
    const { status, json } = await send(url, { method: "GET" });
    expect([status, json]).toEqual([200, { flows: [...THEIRS.flows, ...OURS.flows] }]);
  });

  test("a host that asks for an access token in front of GET /login is told once", async () => {
    const logger = recordingLogger();
    const { url } = await hostOf(express, middleware({ logger }), (_req, res) => res.status(401).json({ a: 1 }));
    for (let i = 0; i < 2; i += 1) {
      expect(await send(url, { method: "GET" })).toMatchObject({ status: 401, json: { a: 1 } });
    }
    expect(logger.lines).toEqual([
      {
        level: "warn",
        message: expect.stringMatching(/answers GET \/login with 401.*set the option flows to "replace"$/),
      },
    ]);
  });

  test("an answer that is nested too deeply for JavaScript stays as it is", async () => {
    const deep = `{"flows":[],"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
    const app = hostWith((_req, res) => res.type("json").send(deep));
    const { text } = await send((await serveForTest(app)).url, { method: "GET" });
    expect(text).toBe(deep);
  });

  test("what else the host says of its flows stays", async () => {
    const app = hostWith((_req, res) => {
      res.set({ "Cache-Control": "max-age=60", "X-Request-Id": "7", Vary: "Origin" });
      res.append("Set-Cookie", ["a=1", "b=2"]);
      res.type("application/vnd.example+json").send(JSON.stringify(THEIRS));
    });
    const answer = await supertest(app)
      .get(LOGIN_PATH)
      .buffer(true)
      .parse((res, done) => {
        res.setEncoding("utf8");
        let text = "";
        res.on("data", (part: string) => (text += part));
        res.on("end", () => {
          done(null, JSON.parse(text));
        });
      });
    expect(answer.body).toEqual({ flows: [...THEIRS.flows, ...OURS.flows] });
    expect(answer.headers).toMatchObject({
      "cache-control": "max-age=60",
      "x-request-id": "7",
      vary: "Origin",
      "set-cookie": ["a=1", "b=2"],
      "content-type": expect.stringMatching(/^application\/vnd\.example\+json/),
    });
  });

  describe.each(["GET", "HEAD"])("%s: conditions, ranges and codings of the request", (method) => {
    test.each<readonly [string, RequestHandler]>([
      ["a host that answers with an ETag", (_req, res) => res.json(THEIRS)],
      ["a host that answers with its own ETag", (_req, res) => res.set("ETag", '"x"').json(THEIRS)],
      ["a host that compares dates", (_req, res) => res.set("Last-Modified", new Date(0).toUTCString()).json(THEIRS)],
      [
        "a host that serves a part",
        (req, res) => (req.headers.range === undefined ? res.json(THEIRS) : res.status(206).end()),
      ],
      [
        "a host without the endpoint",
        (_req, _res, next) => {
          next();
        },
      ],
    ])("%s", async (_, handler) => {
      const { url } = await hostOf(express, middleware(), (req, res, next) => {
        void handler(req, res, next);
      });
      const answer = await send(url, { method, headers: CONDITIONS });
      expect(answer.status).toBe(200);
      expect(answer.headers).not.toHaveProperty("etag");
      expect(answer.headers).not.toHaveProperty("last-modified");
      expect(answer.headers).not.toHaveProperty("content-encoding");
      if (method === "GET") expect(answer.json["flows"]).toContainEqual({ type: LOGIN_TYPE });
    });

    test("are withheld from the host's handler, and from no other path", async () => {
      const seen: (readonly [string, unknown])[] = [];
      const { url } = await hostOf(express, middleware(), (req: Request, res: Response) => {
        for (const name of Object.keys(CONDITIONS)) seen.push([name, req.get(name)]);
        seen.push(["X-Other", req.get("X-Other")]);
        res.json(THEIRS);
      });
      const headers = { ...CONDITIONS, "X-Other": "1" };
      await send(url, { method, headers });
      expect(seen).toEqual([...Object.keys(CONDITIONS).map((name) => [name, undefined]), ["X-Other", "1"]]);
      seen.length = 0;
      await send(url, { method, headers, path: `${LOGIN_PATH}/sso/redirect` });
      expect(seen).toEqual(Object.entries(headers));
    });
  });

  describe.each([false, true])("what is withheld, if it was looked at before: %s", (isLookedAt) => {
    test("is in none of the forms that Node has of headers", async () => {
      const look: RequestHandler = (req, _res, next) => {
        if (isLookedAt) expect(req.headersDistinct).toHaveProperty("range");
        next();
      };
      const seen: unknown[] = [];
      const { url } = await hostOf(express, look, middleware(), (req: Request, res: Response) => {
        const { headers, headersDistinct, rawHeaders } = req;
        const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
        seen.push(names, Object.keys(headers), Object.keys(headersDistinct));
        expect(headersDistinct["x-other"]).toEqual(["1", "2"]);
        res.json(THEIRS);
      });
      const headers = { ...CONDITIONS, "X-Other": ["1", "2"] };
      const answer = await send(url, { method: "GET", headers: headers });
      expect(answer.json["flows"]).toContainEqual({ type: LOGIN_TYPE });
      for (const name of Object.keys(CONDITIONS)) {
        for (const form of seen) expect(form).not.toContain(name.toLowerCase());
      }
    });
  });

  test("raw headers that somebody took away are no fault", async () => {
    const taking: RequestHandler = (req, _res, next) => {
      req.rawHeaders.splice(0, 2);
      next();
    };
    const { url } = await hostOf(express, taking, middleware(), (_req: Request, res: Response) => res.json(THEIRS));
    expect((await send(url, { method: "GET", headers: CONDITIONS })).json["flows"]).toContainEqual({
      type: LOGIN_TYPE,
    });
  });

  test.each<readonly [string, RequestHandler]>([
    ["set", (_req, res) => res.set("Content-Encoding", "identity").json(THEIRS)],
    [
      "given to writeHead",
      (_req, res) =>
        res
          .writeHead(200, { "Content-Type": "application/json", "Content-Encoding": "Identity" })
          .end(JSON.stringify(THEIRS)),
    ],
  ])("an answer in the coding identity, %s, is not encoded, and gets our flows", async (_, handler) => {
    const { url } = await hostOf(express, middleware(), handler);
    expect((await send(url, { method: "GET" })).json["flows"]).toContainEqual({ type: LOGIN_TYPE });
  });

  describe("if the host has no flows, ours are the answer", () => {
    const MISSING: readonly (readonly [string, RequestHandler | undefined])[] = [
      ["no handler", undefined],
      [
        "a handler that goes on",
        (_req, _res, next) => {
          next();
        },
      ],
      ["sendStatus(404)", (_req, res) => res.sendStatus(404)],
      [
        "a status that is a text",
        (_req, res) => {
          res.statusCode = "404" as never;
          res.end("no");
        },
      ],
      ["a status with a fraction by writeHead", (_req, res) => res.writeHead(404.5).end("no")],
      ["a Matrix 404", (_req, res) => res.status(404).json({ errcode: "M_UNRECOGNIZED", error: "é" })],
      ["405", (_req, res) => res.status(405).set("Allow", "POST").end()],
      ["405 by writeHead", (_req, res) => res.writeHead(405, "Nope", { Allow: "POST", ETag: '"x"' }).end("no")],
      ["404 by writeHead with a flat list", (_req, res) => res.writeHead(404, ["X-Not-Found", "1"]).end("no")],
      [
        "404 in pieces",
        (_req, res) => {
          res.status(404).write("n");
          res.write("o");
          res.end("!");
        },
      ],
      [
        "404 with headers flushed",
        (_req, res) => {
          res.status(404).flushHeaders();
          res.end();
        },
      ],
      ["404 with a length", (_req, res) => res.status(404).set("Content-Length", "2").end("no")],
      ["404, encoded", (_req, res) => res.status(404).set("Content-Encoding", "gzip").end("no")],
      [
        "404 with headers of its own",
        (_req, res) =>
          res
            .status(404)
            .set({
              "X-Not-Found": "1",
              "Content-Language": "de",
              "Retry-After": "9",
              "X-Vary": "a",
              "Set-Cookie2": "b",
            })
            .send("no"),
      ],
      [
        "a missing file",
        (_req, res) => {
          res.sendFile("/nonexistent/flows.json");
        },
      ],
      [
        "an error that says 404",
        (_req, _res, next) => {
          next(Object.assign(new Error("no"), { status: 404 }));
        },
      ],
      ["404 that lists flows", (_req, res) => res.status(404).json(THEIRS)],
    ];
    test.each(MISSING)("%s", async (_, handler) => {
      const { url } = await hostOf(express, hostWith(handler));
      const answer = await send(url, { method: "GET" });
      expect(answer).toMatchObject({ status: 200, reason: "OK", text: JSON.stringify(OURS) });
      const { date, ...headers } = answer.headers;
      expect(date).toBeDefined();
      expect(headers).toEqual({
        "access-control-allow-headers": "X-Requested-With, Content-Type, Authorization",
        "access-control-allow-methods": "GET, POST, PUT, DELETE, OPTIONS",
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "Retry-After",
        "cache-control": "no-store",
        connection: "keep-alive",
        "content-length": String(answer.bytes.length),
        "content-type": "application/json",
        "keep-alive": expect.any(String),
        "x-powered-by": "Express",
      });
      const head = await send(url, { method: "HEAD" });
      expect({ ...head.headers, date }).toEqual(answer.headers);
      expect(head).toMatchObject({ status: 200, reason: "OK", text: "" });
    });

    test.each(MISSING)("%s, with headers set before us", async (_, handler) => {
      const before: RequestHandler = (_req, res, next) => {
        res.set({
          "Content-Security-Policy": "default-src 'self'",
          "X-Content-Type-Options": "nosniff",
          "Strict-Transport-Security": "max-age=1",
          "X-Request-Id": "7",
          "Access-Control-Allow-Origin": "https://app.example.org",
          "Set-Cookie": ["a=1", "b=2"],
        });
        next();
      };
      const { url } = await hostOf(express, hostWith(handler, {}, before));
      const answer = await send(url, { method: "GET" });
      expect(answer.headers).toMatchObject({
        "content-security-policy": "default-src 'self'",
        "x-content-type-options": "nosniff",
        "strict-transport-security": "max-age=1",
        "x-request-id": "7",
        "access-control-allow-origin": "https://app.example.org",
        "set-cookie": ["a=1", "b=2"],
      });
      expect(valuesOf(answer, "Access-Control-Allow-Origin")).toHaveLength(1);
      expect(answer.json).toEqual(OURS);
    });

    test("the cookies and the CORS headers of a handler that found nothing stay", async () => {
      const app = hostWith((_req, res) => {
        res.set({ "Access-Control-Allow-Origin": "https://app.example.org", Vary: "Origin" });
        res.cookie("a", "1").sendStatus(404);
      });
      const answer = await supertest(app).get(LOGIN_PATH).expect(200);
      expect(answer.body).toEqual(OURS);
      expect(answer.headers).toMatchObject({
        "access-control-allow-origin": "https://app.example.org",
        vary: "Origin",
        "set-cookie": [expect.stringContaining("a=1")],
      });
    });

    test("they stay beside those of the same name that stood there before us", async () => {
      const app = hostWith(
        (_req, res) => {
          res.vary("Cookie").set("Access-Control-Allow-Origin", "https://app.example.org");
          res.cookie("b", "2").sendStatus(404);
        },
        {},
        (_req, res, next) => {
          res.vary("Accept-Language").set({ "Access-Control-Allow-Origin": "*", "X-Kept": "1" });
          res.cookie("a", "1");
          next();
        },
      );
      const answer = await supertest(app).get(LOGIN_PATH).expect(200);
      expect(answer.body).toEqual(OURS);
      expect(answer.headers).toMatchObject({
        "access-control-allow-origin": "https://app.example.org",
        vary: "Accept-Language, Cookie",
        "x-kept": "1",
        "set-cookie": [expect.stringContaining("a=1"), expect.stringContaining("b=2")],
      });
    });

    test("two of our kind list both", async () => {
      const other = middleware({ loginTypes: { "com.example": { secret: "s".repeat(64) } } });
      const { url } = await hostOf(express, middleware(), other);
      const answer = await send(url, { method: "GET" });
      expect(answer.json["flows"]).toEqual([{ type: "com.example" }, { type: LOGIN_TYPE }]);
      expect(valuesOf(answer, "Access-Control-Allow-Origin")).toEqual(["*"]);
      expect(valuesOf(answer, "Content-Length")).toEqual([String(answer.bytes.length)]);
    });
  });

  describe("alone", () => {
    test.each(["GET", "HEAD"])("%s is answered without the host", async (method) => {
      const { url } = await hostOf(express, middleware({ flows: "replace" }), (_req, res) => {
        res.json(THEIRS);
      });
      const get = await send(url, { method: "GET", headers: CONDITIONS });
      expect(get.json).toEqual(OURS);
      const answer = await send(url, { method, headers: CONDITIONS });
      expect({ ...answer.headers, date: "" }).toEqual({ ...get.headers, date: "" });
      expect(answer.headers).toMatchObject({ "content-type": "application/json", "cache-control": "no-store" });
      expect(answer.text).toBe(method === "GET" ? get.text : "");
    });

    test("the request's headers stay as they were", async () => {
      let seen: unknown;
      const before: RequestHandler = (req, res, next) => {
        res.on("finish", () => (seen = req.get("If-None-Match")));
        next();
      };
      await send((await hostOf(express, before, middleware({ flows: "replace" }))).url, {
        method: "GET",
        headers: CONDITIONS,
      });
      expect(seen).toBe("*");
    });
  });
});
