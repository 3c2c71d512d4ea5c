import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { finished, PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { text as textOf } from "node:stream/consumers";
import { createGunzip, gzipSync } from "node:zlib";

import { describe, expect, jest, test } from "@jest/globals";
import type { Express, Request, RequestHandler, Response } from "express";

import { answerTo, begin, essence, goodLogin, send, valuesOf, type Sending } from "../helpers/http-client.js";
import { until } from "../helpers/until.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { LOGIN_PATH } from "../helpers/login.js";
import { hostOf, middleware, serveForTest, type Options } from "../helpers/test-hosts.js";

const PASSWORD = JSON.stringify({ type: "m.login.password", user: "alice", password: "p&a=s[s] é😀漢" });
const LONG = JSON.stringify({ type: "m.login.password", password: "é😀漢".repeat(6_000) });

/** The ways in which hosts read a raw body. */
const READERS: readonly (readonly [string, (req: Request) => Promise<string>])[] = [
  ["data events", (req) => collected(req)],
  [
    "data events after setEncoding",
    (req) =>
      new Promise((resolve, reject) => {
        let all = "";
        req.setEncoding("utf8");
        req.on("data", (part: string) => (all += part));
        req.on("end", () => {
          resolve(all);
        });
        req.on("error", reject);
      }),
  ],
  [
    "readable and read()",
    (req) =>
      new Promise((resolve) => {
        const chunks: Buffer[] = [];
        req.on("readable", () => {
          for (let chunk = req.read() as Buffer | null; chunk !== null; chunk = req.read() as Buffer | null) {
            chunks.push(chunk);
          }
        });
        req.on("end", () => {
          resolve(Buffer.concat(chunks).toString());
        });
      }),
  ],
  [
    "read() of three bytes at a time",
    (req) =>
      new Promise((resolve) => {
        const chunks: Buffer[] = [];
        req.on("readable", () => {
          for (let chunk = req.read(3) as Buffer | null; chunk !== null; chunk = req.read(3) as Buffer | null) {
            chunks.push(chunk);
          }
        });
        req.on("end", () => {
          resolve(Buffer.concat(chunks).toString());
        });
      }),
  ],
  [
    "for await",
    async (req) => {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    },
  ],
  ["pipe", (req) => collected(req.pipe(new PassThrough()))],
  [
    "pipeline",
    async (req) => {
      const through = new PassThrough();
      const [text] = await Promise.all([textOf(through), pipeline(req, through)]);
      return text;
    },
  ],
  ["a stream consumer", (req) => textOf(req)],
  [
    "a request of the Fetch standard",
    (req) => new Request("http://localhost/", { method: "POST", body: req as never, duplex: "half" }).text(),
  ],
  [
    "data events after a pause",
    async (req) => {
      req.pause();
      await new Promise(setImmediate);
      const all = collected(req);
      req.resume();
      return all;
    },
  ],
  [
    "data events that start later",
    async (req) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      return collected(req);
    },
  ],
];

const SENDINGS: readonly (readonly [string, Sending["body"]])[] = [
  ["with a length", PASSWORD],
  ["chunked", [PASSWORD]],
  ["in many chunks", Array.from(Buffer.from(PASSWORD), (byte) => Buffer.of(byte))],
  ["long", LONG],
  [
    "long and chunked",
    Array.from({ length: 10 }, (_, i) => Buffer.from(LONG).subarray(i * 6_000, (i + 1) * 6_000)).concat(
      Buffer.from(LONG).subarray(60_000),
    ),
  ],
];

const sync: RequestHandler = (_req, _res, next) => {
  next();
};
const async: RequestHandler = (_req, _res, next) => {
  setTimeout(next, 2);
};

describe.each(EXPRESS_VERSIONS)("%s", (_, express) => {
  describe("a body that the host answers without reading it ends all the same", () => {
    test.each<readonly [string, Sending]>([
      ["with its length", { body: PASSWORD }],
      ["chunked", { body: [PASSWORD] }],
      ["in several chunks", { body: [PASSWORD, " ", " "] }],
      ["no JSON", { body: "x" }],
      ["empty, of unknown length", { body: [""], headers: { "Transfer-Encoding": "chunked" } }],
    ])("%s", async (_, sending) => {
      const ended = jest.fn();
      const gauge: RequestHandler = (req, _res, next) => {
        finished(req, ended);
        next();
      };
      const { url } = await hostOf(express, gauge, middleware(), (_req, res) => {
        res.status(403).send("passwords are off");
      });
      expect(await send(url, sending)).toMatchObject({ status: 403 });
      await until(() => ended.mock.calls.length > 0);
      expect(ended.mock.calls[0]).toEqual([]);
    });
  });

  test.each([[{}], [null], [undefined], [new PassThrough()]])(
    "a request that somebody has given a stream of their own is read as any other: %p",
    async (stream) => {
      const ended = jest.fn();
      const { url } = await hostOf(
        express,
        (req, _res, next) => {
          Object.assign(req, { stream });
          finished(req, ended);
          next();
        },
        middleware(),
        (_req, res) => {
          res.status(403).send("passwords are off");
        },
      );
      expect(await send(url, { body: [PASSWORD] })).toMatchObject({ status: 403 });
      await until(() => ended.mock.calls.length > 0);
      expect(await send(url, { body: goodLogin() })).toMatchObject({ status: 200 });
    },
  );

  test.each<readonly [string, (req: Request) => Promise<unknown> | undefined]>([
    [
      "has begun to read it",
      async (req) => {
        await once(req, "readable");
        req.unshift(req.read());
      },
    ],
    [
      "has paused it",
      (req) => {
        req.on("data", () => undefined).removeAllListeners("data");
        req.pause();
        return undefined;
      },
    ],
  ])("a host that answers first and then reads has all of a body if it %s", async (_, begins) => {
    let read: Promise<string> | undefined;
    const { url } = await hostOf(express, middleware(), (req, res) => {
      const answer = (): void => {
        res.on("finish", () => {
          setTimeout(() => {
            read = collected(req.resume());
          }, 20);
        });
        res.status(299).end();
      };
      Promise.resolve(begins(req)).then(answer, (error: unknown) => res.destroy(error as Error));
    });
    expect(await send(url, { body: PASSWORD })).toMatchObject({ status: 299 });
    await until(() => read !== undefined);
    expect(await read).toBe(PASSWORD);
  });

  test.each<readonly [string, string, (res: Response) => void, RegExp]>([
    ["a client of HTTP/1.0", "HTTP/1.0", () => undefined, /^HTTP\/1\.1 299 /],
    [
      "an answer that has begun",
      "HTTP/1.1",
      (res) => {
        res.status(299).set("Content-Length", "2").flushHeaders();
        res.write("a");
      },
      /^HTTP\/1\.1 299 [^]*\r\n\r\nab$/,
    ],
  ])("nothing is asked for in front of %s", async (_, version, begins, expected) => {
    const app = express();
    app.use((_req, res, next) => {
      begins(res);
      next();
    }, middleware());
    app.use((_req, res) => {
      res.status(299).end("b");
    });
    const server = createServer(app).on("checkContinue", app).listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    try {
      const head = `POST ${LOGIN_PATH} ${version}\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\n`;
      socket.write(`${head}Content-Length: ${String(PASSWORD.length)}\r\n\r\n${PASSWORD}`);
      expect(await textOf(socket)).toMatch(expected);
    } finally {
      socket.destroy();
      server.close();
    }
  });

  test.each<readonly [string, string, number]>([
    ["a login", goodLogin(), 200],
    ["another login", PASSWORD, 299],
  ])("a host that asks for the body itself (`checkContinue`) gets it: %s", async (_, body, status) => {
    const app = express();
    const written = jest.fn();
    app.use(middleware());
    app.use((req, res, next) => {
      // Who wrote it without us would wait for that.
      res.writeContinue(written);
      res.writeContinue();
      collected(req).then((text) => res.status(299).send(text), next);
    });
    const server = createServer(app).on("checkContinue", app).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
      const headers = { Expect: "100-continue", "Content-Length": Buffer.byteLength(body) };
      const outgoing = begin(url, { headers });
      const asked = jest.fn(() => outgoing.end(body));
      outgoing.on("continue", asked).flushHeaders();
      expect(await answerTo(outgoing)).toMatchObject(status === 299 ? { status, text: body } : { status });
      expect(asked).toHaveBeenCalledTimes(1);
      expect(written).toHaveBeenCalledTimes(status === 299 ? 1 : 0);
    } finally {
      server.close();
    }
  });

  describe.each(READERS)("a host that reads by %s", (_, read) => {
    const reader: RequestHandler = (req, res, next) => {
      read(req).then((text) => {
        res.type("text/plain").send(text);
      }, next);
    };
    describe.each(SENDINGS)("a body %s", (_, body = "") => {
      const whole = Buffer.concat(
        Array.isArray(body) ? body.map((part) => Buffer.from(part)) : [Buffer.from(body as string)],
      );
      test.each([
        ["at once", [sync, middleware()]],
        ["after an asynchronous handler", [async, middleware()]],
        ["before an asynchronous handler", [middleware(), async]],
        ["behind two of our kind", [middleware(), async, middleware()]],
      ])("%s", async (_, before) => {
        const { url } = await hostOf(express, ...before, reader);
        const { status, text } = await send(url, { body });
        expect(status).toBe(200);
        expect(text).toBe(whole.toString());
      });
    });
  });

  describe("a host with a body parser after us", () => {
    const json = JSON.parse(PASSWORD) as unknown;
    test.each<readonly [string, RequestHandler, unknown]>([
      ["express.json()", express.json(), json],
      ["express.json() for every type", express.json({ type: () => true }), json],
      ["express.text()", express.text({ type: "*/*" }), PASSWORD],
      ["express.raw()", express.raw({ type: "*/*" }), { type: "Buffer", data: Array.from(Buffer.from(PASSWORD)) }],
    ])("%s", async (_, parser, expected) => {
      const { url } = await hostOf(express, middleware(), parser, (req, res) => {
        res.json({ body: req.body as unknown });
      });
      for (const body of [PASSWORD, [PASSWORD]]) {
        const { json } = await send(url, { body, headers: { "Content-Type": "application/json" } });
        expect(json).toEqual({ body: expected });
      }
    });

    test("express.json() that verifies the bytes", async () => {
      const verify = jest.fn<(req: unknown, res: unknown, bytes: Buffer) => void>();
      const { url } = await hostOf(express, middleware(), express.json({ verify }), (_req, res) => {
        res.end();
      });
      await send(url, { body: PASSWORD, headers: { "Content-Type": "application/json" } });
      expect(verify.mock.calls[0]?.[2].toString()).toBe(PASSWORD);
    });

    test("express.json() with a smaller limit of its own", async () => {
      const { url } = await hostOf(express, middleware(), express.json({ limit: 10 }));
      expect((await send(url, { body: PASSWORD, headers: { "Content-Type": "application/json" } })).status).toBe(413);
      expect((await send(url, { body: [PASSWORD], headers: { "Content-Type": "application/json" } })).status).toBe(413);
    });
  });

  test("an encoded body reaches the host as it was sent", async () => {
    const { url } = await hostOf(express, middleware(), (req, res, next) => {
      textOf(req.pipe(createGunzip())).then((text) => {
        res.send(text);
      }, next);
    });
    const headers = { "Content-Encoding": "gzip" };
    expect((await send(url, { body: gzipSync(PASSWORD), headers })).text).toBe(PASSWORD);
    expect((await send(url, { body: [gzipSync(LONG)], headers })).text).toBe(LONG);
  });

  test("an encoded body is decoded by express.json() after us", async () => {
    const { url } = await hostOf(express, middleware(), express.json(), (req, res) => {
      res.json(req.body as unknown);
    });
    const headers = { "Content-Encoding": "gzip", "Content-Type": "application/json" };
    expect((await send(url, { body: gzipSync(PASSWORD), headers })).text).toBe(PASSWORD);
  });

  test("a host that reads nothing answers, and the connection goes on", async () => {
    const { url } = await hostOf(express, middleware(), (_req, res) => {
      res.status(299).end();
    });
    for (const body of [PASSWORD, [PASSWORD], LONG]) expect((await send(url, { body })).status).toBe(299);
  });

  test("a host that has no such handler answers 404", async () => {
    const { url } = await hostOf(express, middleware());
    for (const body of [PASSWORD, [PASSWORD], LONG]) expect((await send(url, { body })).status).toBe(404);
  });

  test("a type that middleware before us set an encoding on the stream for", async () => {
    const app = (mw: RequestHandler, encoding: BufferEncoding): Promise<{ url: string }> =>
      hostOf(
        express,
        (req, _res, next) => {
          req.setEncoding(encoding);
          next();
        },
        mw,
        (req, res, next) => {
          collected(req).then((text) => {
            res.send(text);
          }, next);
        },
      );
    for (const encoding of ["utf8", "latin1", "base64", "hex", "utf16le"] as const) {
      const { url } = await app(middleware(), encoding);
      for (const body of [PASSWORD, [PASSWORD], Array.from(Buffer.from(PASSWORD), (byte) => Buffer.of(byte))]) {
        expect((await send(url, { body })).text).toBe((await send((await app(sync, encoding)).url, { body })).text);
      }
    }
  });

  describe("answers as if the middleware were not there", () => {
    const build = (mw: RequestHandler): Express => {
      const app = express();
      app.use(mw);
      app.use(express.json());
      app.get("/other", (req, res) => {
        res.json({ headers: req.headers });
      });
      app.all(LOGIN_PATH, (req, res) => {
        res.status(202).json({ method: req.method, body: req.body as unknown, url: req.url });
      });
      return app;
    };
    const twins = async (sending: Sending, options: Options = {}): Promise<readonly [unknown, unknown]> => {
      const answers = [middleware(options), sync].map(async (mw) => {
        const { url } = await serveForTest(build(mw));
        return essence(await send(url, { ...sending, headers: { Host: "example.org", ...sending.headers } }));
      });
      const [withUs, without] = await Promise.all(answers);
      return [withUs, without];
    };
    const json = { "Content-Type": "application/json" };
    test.each<readonly [string, Options, Sending]>([
      ["another login type", {}, { body: PASSWORD, headers: json }],
      ["another login type, as text", {}, { body: PASSWORD, headers: { "Content-Type": "text/plain" } }],
      ["a type that isn't a string", {}, { body: '{"type":1}', headers: json }],
      ["a list of our type", {}, { body: '{"type":["org.matrix.login.jwt"]}', headers: json }],
      ["a type that is null", {}, { body: '{"type":null}', headers: json }],
      ["no type", {}, { body: "{}", headers: json }],
      ["a type in another case", {}, { body: '{"type":"ORG.MATRIX.LOGIN.JWT"}', headers: json }],
      ["a name that every object has", {}, { body: '{"type":"constructor"}', headers: json }],
      ["a type by way of __proto__", {}, { body: '{"__proto__":{"type":"org.matrix.login.jwt"}}', headers: json }],
      ["PUT", {}, { method: "PUT", body: PASSWORD, headers: json }],
      ["PATCH", {}, { method: "PATCH", body: PASSWORD, headers: json }],
      ["DELETE", {}, { method: "DELETE" }],
      ["PROPFIND", {}, { method: "PROPFIND" }],
      ["REPORT", {}, { method: "REPORT", body: PASSWORD, headers: json }],
      ["OPTIONS without CORS", { cors: false }, { method: "OPTIONS" }],
      [
        "another path",
        {},
        { method: "GET", path: "/other", headers: { "If-None-Match": "x", "Accept-Encoding": "gzip" } },
      ],
      ["no path at all", {}, { method: "GET", path: "/nowhere" }],
      ["a login on another path", {}, { path: "/nowhere", body: PASSWORD, headers: json }],
    ])("%s", async (_, options, sending) => {
      const [withUs, without] = await twins(sending, options);
      expect(withUs).toEqual(without);
    });
  });

  describe("of a type that is not ours, if those are refused", () => {
    test.each([
      ["unknown", { type: "m.login.password" }, "M_UNKNOWN"],
      ["empty", { type: "" }, "M_UNKNOWN"],
      ["a name that every object has", { type: "toString" }, "M_UNKNOWN"],
      ["a number", { type: 1 }, "M_INVALID_PARAM"],
      ["null", { type: null }, "M_INVALID_PARAM"],
      ["a list", { type: ["org.matrix.login.jwt"] }, "M_INVALID_PARAM"],
      ["none", { token: "x" }, "M_MISSING_PARAM"],
    ])("%s", async (_, submission, errcode) => {
      const handler = jest.fn<RequestHandler>();
      const { url } = await hostOf(express, middleware({ unknownLoginType: "reject" }), handler);
      for (const body of [JSON.stringify(submission), [JSON.stringify(submission)]]) {
        const answer = await send(url, { body });
        expect(answer.status).toBe(400);
        expect(answer.json).toEqual({ errcode, error: expect.any(String) });
        expect(valuesOf(answer, "Access-Control-Allow-Origin")).toEqual(["*"]);
      }
      expect(handler).not.toHaveBeenCalled();
    });
  });
});

function collected(stream: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer | string) => chunks.push(Buffer.from(chunk as string)));
    stream.on("end", () => {
      resolve(Buffer.concat(chunks).toString());
    });
    stream.on("error", reject);
  });
}
