import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { afterAll, describe, expect, jest, test } from "@jest/globals";
import type { ErrorRequestHandler, RequestHandler, Response } from "express";

import { essence, send, valuesOf } from "../helpers/http-client.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { LOGIN_PATH, LOGIN_TYPE } from "../helpers/login.js";
import { hostOf, middleware, serveForTest } from "../helpers/test-hosts.js";
import { compression, session } from "../helpers/wrappers.js";

const THEIRS = { flows: [{ type: "m.login.password" }, { type: "m.login.sso", identity_providers: [] }], note: "é😀" };
const TEXT = JSON.stringify(THEIRS);
const BYTES = Buffer.from(TEXT);
const MERGED = { ...THEIRS, flows: [...THEIRS.flows, { type: LOGIN_TYPE }] };
const MEGABYTE = 1_048_576;

const folder = mkdtempSync(join(tmpdir(), "flows-"));
const file = join(folder, "flows.json");
writeFileSync(file, TEXT);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const noop = (): void => undefined;
const JSON_HEADERS = { "Content-Type": "application/json", "X-Of-The-Host": "1" };
const FLAT = ["Content-Type", "application/json", "X-Of-The-Host", "1"];

describe.each(EXPRESS_VERSIONS)("an answer that was begun before us under %s", (_, express) => {
  test.each<[string, RequestHandler]>([
    [
      "its head alone",
      (_req, res, next) => {
        res.flushHeaders();
        next();
      },
    ],
    [
      "a part of it",
      (_req, res, next) => {
        res.write(" ");
        next();
      },
    ],
  ])("stays the host's: %s", async (_what, before) => {
    const { url } = await hostOf(express, before, middleware(), (_req: unknown, res: Response) => res.end(TEXT));
    expect((await send(url, { method: "GET" })).json).toEqual(THEIRS);
  });
});

/** The ways in which hosts write an answer. */
const WRITERS: readonly (readonly [string, (res: Response) => unknown])[] = [
  ["res.json", (res) => res.json(THEIRS)],
  ["res.status(200).json", (res) => res.status(200).json(THEIRS)],
  ["res.send of an object", (res) => res.send(THEIRS)],
  ["res.send of text", (res) => res.type("json").send(TEXT)],
  ["res.send of text, as HTML", (res) => res.send(TEXT)],
  ["res.send of bytes", (res) => res.type("json").send(BYTES)],
  [
    "res.sendFile",
    (res) => {
      res.sendFile(file);
    },
  ],
  ["end of text", (res) => res.end(TEXT)],
  ["end of text in an encoding", (res) => res.end(BYTES.toString("base64"), "base64")],
  ["end of bytes", (res) => res.end(BYTES)],
  ["end of a Uint8Array", (res) => res.end(new Uint8Array(BYTES))],
  ["end of text, with a callback", (res) => res.end(TEXT, noop)],
  [
    "write and end",
    (res) => {
      res.write(TEXT);
      res.end();
    },
  ],
  [
    "write and end, through a character",
    (res) => {
      res.write(BYTES.subarray(0, -5));
      res.end(BYTES.subarray(-5));
    },
  ],
  [
    "byte by byte",
    (res) => {
      for (const byte of BYTES) res.write(Buffer.of(byte));
      res.end();
    },
  ],
  [
    "write in an encoding",
    (res) => {
      res.write(BYTES.toString("hex"), "hex");
      res.end("", "latin1");
    },
  ],
  [
    "write with callbacks",
    (res) => res.write(TEXT.slice(0, 9), () => res.write(TEXT.slice(9), "utf8", () => res.end(noop))),
  ],
  ["writeHead and end", (res) => res.writeHead(200).end(TEXT)],
  ["writeHead with headers", (res) => res.writeHead(200, JSON_HEADERS).end(TEXT)],
  ["writeHead with a reason", (res) => res.writeHead(200, "Fine").end(TEXT)],
  ["writeHead with a reason and headers", (res) => res.writeHead(200, "Fine", JSON_HEADERS).end(TEXT)],
  ["writeHead with undefined for a reason", (res) => res.writeHead(200, undefined, JSON_HEADERS).end(TEXT)],
  ["writeHead with a flat list", (res) => res.writeHead(200, FLAT).end(TEXT)],
  ["writeHead with a reason and a flat list", (res) => res.writeHead(200, "Fine", FLAT).end(TEXT)],
  [
    "writeHead, write and end",
    (res) => {
      res.writeHead(200, JSON_HEADERS);
      res.write(TEXT.slice(0, 9));
      res.end(TEXT.slice(9));
    },
  ],
  [
    "flushHeaders and end",
    (res) => {
      res.flushHeaders();
      res.end(TEXT);
    },
  ],
  [
    "flushHeaders, write and end",
    (res) => {
      res.type("json").flushHeaders();
      res.write(TEXT);
      res.end();
    },
  ],
  ["a Content-Length", (res) => res.set("Content-Length", String(BYTES.length)).end(TEXT)],
  ["a Content-Length in writeHead", (res) => res.writeHead(200, { "content-length": BYTES.length }).end(TEXT)],
  ["Transfer-Encoding: chunked", (res) => res.set("Transfer-Encoding", "chunked").end(TEXT)],
  [
    "an ETag and a Last-Modified",
    (res) => res.set({ ETag: '"x"', "Last-Modified": new Date(0).toUTCString() }).end(TEXT),
  ],
  ["pipe", (res) => Readable.from([BYTES.subarray(0, 9), BYTES.subarray(9)]).pipe(res)],
  ["pipeline", (res) => pipeline(Readable.from([BYTES]), res)],
  [
    "cork and uncork",
    (res) => {
      res.cork();
      res.write(TEXT);
      res.uncork();
      res.end();
    },
  ],
  ["an answer that comes later", (res) => setImmediate(() => res.json(THEIRS))],
];

/** Older wrappers drop the callbacks that they are given. */
const FOR_WRAPPERS = WRITERS.filter(([name]) => name !== "write with callbacks");

const only: RequestHandler = (_req, _res, next) => {
  next();
};

describe.each(EXPRESS_VERSIONS)("%s", (_, express) => {
  const hostWith = (
    write: (res: Response) => unknown,
    ...before: readonly RequestHandler[]
  ): Promise<{ url: string }> => {
    const app = express();
    for (const handler of before) app.use(handler);
    app.get(LOGIN_PATH, (_req, res) => {
      void write(res);
    });
    return serveForTest(app);
  };

  describe.each(WRITERS)("flows that the host writes by %s", (_, write) => {
    test("have ours added", async () => {
      const { url } = await hostWith(write, middleware());
      const answer = await send(url, { method: "GET" });
      expect(answer.status).toBe(200);
      expect(answer.json).toEqual(MERGED);
      expect(valuesOf(answer, "Content-Length")).toEqual([String(answer.bytes.length)]);
      expect(valuesOf(answer, "Content-Type")).toHaveLength(1);
      expect(valuesOf(answer, "Access-Control-Allow-Origin")).toEqual(["*"]);
      expect(answer.headers).not.toHaveProperty("etag");
      expect(answer.headers).not.toHaveProperty("last-modified");
      expect(answer.headers).not.toHaveProperty("transfer-encoding");
    });

    test("keep the host's own headers and reason", async () => {
      const [withUs, without] = await Promise.all(
        [middleware(), only].map(async (mw) => send((await hostWith(write, mw)).url, { method: "GET" })),
      );
      expect(withUs?.reason).toBe(without?.reason);
      for (const name of ["x-of-the-host", "x-powered-by"]) expect(withUs?.headers[name]).toBe(without?.headers[name]);
      const type = without?.headers["content-type"] ?? "application/json";
      expect(withUs?.headers["content-type"]).toBe(type);
    });

    test("have the same headers for HEAD, but for the length", async () => {
      const { url } = await hostWith(write, middleware());
      const { headers: get, status, reason } = await send(url, { method: "GET" });
      const head = await send(url, { method: "HEAD" });
      const heads = [get, head.headers].map((headers) => ({ ...headers, date: "", "content-length": "" }));
      expect(heads[1]).toEqual(heads[0]);
      expect(head).toMatchObject({ status, reason, text: "" });
      if (head.headers["content-length"] !== undefined) {
        expect(head.headers["content-length"]).toBe(get["content-length"]);
      }
    });
  });

  describe.each(FOR_WRAPPERS)("flows that the host writes by %s", (_, write) => {
    test.each<readonly [string, (mw: RequestHandler) => readonly RequestHandler[]]>([
      ["two of our kind", (mw) => [middleware(), mw]],
      ["a session before us", (mw) => [session(noop), mw]],
      ["a session after us", (mw) => [mw, session(noop)]],
      ["compression before us", (mw) => [compression("headersSent"), mw]],
      ["compression after us", (mw) => [mw, compression("headersSent")]],
      ["older compression before us", (mw) => [compression("header"), mw]],
      ["older compression after us", (mw) => [mw, compression("header")]],
      ["a session and compression after us", (mw) => [mw, compression("header"), session(noop)]],
    ])("have ours added with %s", async (_, handlers) => {
      const { url } = await hostWith(write, ...handlers(middleware()));
      const answer = await send(url, { method: "GET", headers: { "Accept-Encoding": "gzip" } });
      expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: JSON.stringify(MERGED) });
      expect(valuesOf(answer, "Content-Length")).toEqual([String(answer.bytes.length)]);
    });
  });

  describe("callbacks of the host's are called", () => {
    test.each<readonly [string, (res: Response, callback: () => void) => unknown, number]>([
      ["end(callback)", (res, callback) => res.end(callback), 1],
      ["end(text, callback)", (res, callback) => res.end(TEXT, callback), 1],
      ["end(text, encoding, callback)", (res, callback) => res.end(TEXT, "utf8", callback), 1],
      ["end(text that is no flows, callback)", (res, callback) => res.end("{}", callback), 1],
      [
        "write(text, callback)",
        (res, callback) => {
          res.write(TEXT, callback);
          res.end(callback);
        },
        2,
      ],
      [
        "write(text, encoding, callback)",
        (res, callback) => {
          res.write(TEXT, "utf8", callback);
          res.end(null, callback);
        },
        2,
      ],
      [
        "on an answer that isn't held",
        (res, callback) => {
          res.status(500).write(TEXT, callback);
          res.end(callback);
        },
        2,
      ],
    ])("%s", async (_, write, times) => {
      const callback = jest.fn<() => void>();
      const { url } = await hostWith((res) => {
        res.on("finish", noop);
        write(res, callback);
      }, middleware());
      await send(url, { method: "GET" });
      expect(callback).toHaveBeenCalledTimes(times);
    });

    test("never before the call that they are given to returns", async () => {
      const order: string[] = [];
      const { url } = await hostWith((res) => {
        res.write(TEXT, () => order.push("written"));
        order.push("returned");
        setImmediate(() => res.end());
      }, middleware());
      await send(url, { method: "GET" });
      expect(order).toEqual(["returned", "written"]);
    });
  });

  test("middleware that wraps the answer's end is called once, whether before us or after", async () => {
    for (const write of FOR_WRAPPERS.map(([, write]) => write)) {
      const before = jest.fn<() => void>();
      const after = jest.fn<() => void>();
      let finished: Promise<unknown> = Promise.resolve();
      const finish: RequestHandler = (_req, res, next) => {
        finished = new Promise((resolve) => res.on("finish", resolve));
        next();
      };
      const { url } = await hostWith(write, finish, session(before), middleware(), session(after));
      const answer = await send(url, { method: "GET" });
      await finished;
      expect(answer.json).toEqual(MERGED);
      expect(before).toHaveBeenCalledTimes(1);
      expect(after).toHaveBeenCalledTimes(1);
      expect(valuesOf(answer, "Set-Cookie")).toEqual(["session=1", "session=1"]);
    }
  });

  test.each([
    ["flows", TEXT, 200],
    ["no flows", "{}", 200],
    ["a refusal", TEXT, 403],
  ])("a flat list of headers may name one more than once: %s", async (_, body, status) => {
    const list = ["Content-Type", "application/json", "Set-Cookie", "a=1", "Set-Cookie", "b=2"];
    const { url } = await hostWith((res) => {
      res.setHeader("Set-Cookie", "c=3");
      res.removeHeader("X-Powered-By");
      res.writeHead(status, list).end(body);
    }, middleware());
    expect(valuesOf(await send(url, { method: "GET" }), "Set-Cookie")).toEqual(["a=1", "b=2"]);
  });

  test.each([
    ["flows", TEXT, 200, MERGED],
    ["a refusal", TEXT, 403, THEIRS],
  ])("a list of headers may be of pairs: %s", async (_, body, status, json) => {
    const pairs = [
      ["Content-Type", "application/json"],
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
    ];
    const { url } = await hostWith(
      (res) => res.writeHead(status, pairs as unknown as string[]).end(body),
      middleware(),
    );
    const answer = await send(url, { method: "GET" });
    expect(answer).toMatchObject({ status, json });
    expect(valuesOf(answer, "Set-Cookie")).toEqual(["a=1", "b=2"]);
  });

  test("a redirection keeps its headers, with undefined for a reason too", async () => {
    const { url } = await hostWith((res) => res.writeHead(302, undefined, { Location: "/x" }).end(), middleware());
    expect(await send(url, { method: "GET" })).toMatchObject({ status: 302, headers: { location: "/x" } });
  });

  test("what is set once an answer has begun is as late as without us", async () => {
    const errors: unknown[] = [];
    const late = (res: Response): void => {
      for (const act of [
        () => res.setHeader("X-Late", "1"),
        () => res.appendHeader("X-Late", "1"),
        () => {
          res.removeHeader("X-Of-The-Host");
        },
        () => res.writeHead(404),
      ]) {
        try {
          act();
        } catch (error) {
          errors.push((error as { code?: unknown }).code);
        }
      }
      res.statusCode = 404;
    };
    const begins: readonly ((res: Response) => unknown)[] = [
      (res) => res.write(TEXT.slice(0, 9)),
      (res) => res.writeHead(200, JSON_HEADERS).write(TEXT.slice(0, 9)),
      (res) => {
        res.flushHeaders();
        res.write(TEXT.slice(0, 9));
      },
    ];
    for (const begin of begins) {
      for (const [mw, json] of [
        [only, THEIRS],
        [middleware(), MERGED],
      ] as const) {
        errors.length = 0;
        const { url } = await hostWith((res) => {
          res.setHeader("X-Of-The-Host", "1");
          begin(res);
          late(res);
          res.end(TEXT.slice(9));
        }, mw);
        const answer = await send(url, { method: "GET" });
        expect(answer).toMatchObject({ status: 200, json, headers: { "x-of-the-host": "1" } });
        expect(answer.headers).not.toHaveProperty("x-late");
        expect(errors).toEqual(Array.from({ length: 4 }, () => "ERR_HTTP_HEADERS_SENT"));
      }
    }
  });

  const DESCRIBING = {
    Trailer: "X-Sum",
    "Content-MD5": "x",
    "Content-Digest": "sha-256=:x:",
    "Repr-Digest": "sha-256=:x:",
    Digest: "sha-256=x",
    ETag: '"x"',
    "Last-Modified": new Date(0).toUTCString(),
  };
  test.each([
    ["flows", 200, MERGED],
    ["no flows", 404, { flows: [{ type: LOGIN_TYPE }] }],
  ])("what the host said of the body that it wrote is dropped, trailers too: %s", async (_, status, json) => {
    for (const before of [true, false]) {
      const describe: RequestHandler = (_req, res, next) => {
        if (before) res.set(DESCRIBING);
        next();
      };
      const { url } = await hostWith(
        (res) => {
          res.status(status).set(DESCRIBING);
          res.write(TEXT);
          res.addTrailers({ "X-Sum": "1" });
          res.end();
        },
        describe,
        middleware(),
      );
      const answer = await send(url, { method: "GET" });
      expect(answer).toMatchObject({ status: 200, json });
      for (const name of Object.keys(DESCRIBING)) expect(answer.headers).not.toHaveProperty(name.toLowerCase());
      expect(valuesOf(answer, "Content-Length")).toEqual([String(answer.bytes.length)]);
    }
  });

  test("trailers of what lists no flows stay", async () => {
    const { url } = await hostWith((res) => {
      res.set("Trailer", "X-Sum").type("txt").write("no flows");
      res.addTrailers({ "X-Sum": "1" });
      res.end();
    }, middleware());
    expect(await send(url, { method: "GET" })).toMatchObject({
      status: 200,
      text: "no flows",
      headers: { trailer: "X-Sum", "transfer-encoding": "chunked" },
    });
  });

  describe("a host that has its own answer to HEAD", () => {
    const head = async (headers: Readonly<Record<string, string>>) => {
      const { url } = await hostOf(
        express,
        (req, res, next) => {
          // As a router does that looks at the method before anything else.
          const { method } = req;
          res.on("pipe", noop);
          next();
          if (method === "HEAD") res.writeHead(200, headers).end();
        },
        middleware(),
        noop,
      );
      return send(url, { method: "HEAD" });
    };
    test("of JSON has its headers made right, but for the length", async () => {
      const answer = await head({ "Content-Type": "application/json", "Content-Length": "39", ETag: '"x"' });
      expect(answer).toMatchObject({ status: 200, text: "", headers: { "content-type": "application/json" } });
      for (const name of ["content-length", "etag"]) expect(answer.headers).not.toHaveProperty(name);
      expect(valuesOf(answer, "Access-Control-Allow-Origin")).toEqual(["*"]);
    });
    test("of nothing that is named has its headers made right too", async () => {
      const answer = await head({ ETag: '"x"' });
      expect(answer.headers).not.toHaveProperty("etag");
      expect(valuesOf(answer, "Access-Control-Allow-Origin")).toEqual(["*"]);
    });
    test("of something else keeps them", async () => {
      const answer = await head({ "Content-Type": "text/html", "Content-Length": "39", ETag: '"x"' });
      expect(answer).toMatchObject({ status: 200, headers: { "content-length": "39", etag: '"x"' } });
      expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
    });
  });

  test.each(["X-Content-Encoding", "Content-Encoding-Note"])("a header %s says nothing of a coding", async (name) => {
    const { url } = await hostWith(
      (res) => res.writeHead(200, { ...JSON_HEADERS, [name]: "gzip" }).end(TEXT),
      middleware(),
    );
    const answer = await send(url, { method: "GET" });
    expect(answer.text).toContain(LOGIN_TYPE);
    expect(answer.headers[name.toLowerCase()]).toBe("gzip");
  });

  test("the request is one for HEAD again once it is answered", async () => {
    for (const write of [...FOR_WRAPPERS.map(([, write]) => write), (res: Response) => res.status(500).end()]) {
      const methods: string[] = [];
      const { url } = await hostWith(
        write,
        (req, res, next) => {
          res.on("finish", () => methods.push(req.method));
          next();
        },
        middleware(),
      );
      await send(url, { method: "HEAD" });
      expect(methods).toEqual(["HEAD"]);
    }
  });

  test("the host sees an answer that it has begun as begun, and as done once it has ended it", async () => {
    const states: boolean[][] = [];
    const note = (res: Response): void => {
      states.push([res.headersSent, res.writableEnded]);
    };
    const { url } = await hostWith((res) => {
      note(res);
      expect(res.write(TEXT)).toBe(true);
      note(res);
      expect(res.end()).toBe(res);
      note(res);
    }, middleware());
    expect((await send(url, { method: "GET" })).json).toEqual(MERGED);
    expect(states).toEqual([
      [false, false],
      [true, false],
      [true, true],
    ]);
  });

  test("an answer that was begun is not begun again by an error after it", async () => {
    const error = jest.fn<(headersSent: boolean) => void>();
    const app = express();
    app.use(middleware());
    app.get(LOGIN_PATH, (_req, res) => {
      res.write('{"flows":');
      throw new Error("after the beginning");
    });
    const onError: ErrorRequestHandler = (_error, _req, res, next) => {
      error(res.headersSent);
      if (res.writableEnded) next();
      else res.end("[]}");
    };
    app.use(onError);
    const { url } = await serveForTest(app);
    expect((await send(url, { method: "GET" })).json).toEqual({ flows: [{ type: LOGIN_TYPE }] });
    expect(error.mock.calls).toEqual([[true]]);
  });

  describe("an answer that lists no flows passes unchanged", () => {
    const status =
      (code: number, ...rest: readonly string[]) =>
      (res: Response) =>
        res.status(code).send(...rest);
    const CASES: readonly (readonly [string, (res: Response) => unknown])[] = [
      ["401 with flows", (res) => res.status(401).json(THEIRS)],
      ["400", (res) => res.status(400).json({ errcode: "M_UNKNOWN" })],
      ["403 by writeHead", (res) => res.writeHead(403, "Go away", JSON_HEADERS).end(TEXT)],
      ["403 by writeHead with a flat list", (res) => res.writeHead(403, FLAT).end(TEXT)],
      ["410", status(410, TEXT)],
      [
        "429 in pieces",
        (res) => {
          res.status(429).set("Retry-After", "3");
          res.write("a");
          res.write("b");
          res.end("c");
        },
      ],
      ["500", (res) => res.status(500).json(THEIRS)],
      [
        "503 with headers flushed",
        (res) => {
          res.status(503).flushHeaders();
          res.end(TEXT);
        },
      ],
      ["201 with flows", (res) => res.status(201).json(THEIRS)],
      ["204", (res) => res.status(204).end()],
      ["204 by sendStatus", (res) => res.sendStatus(204)],
      ["206", (res) => res.status(206).set("Content-Range", "bytes 0-1/9").end("{}")],
      ["304", (res) => res.status(304).set("ETag", '"x"').end()],
      [
        "301",
        (res) => {
          res.redirect(301, "/elsewhere");
        },
      ],
      [
        "302",
        (res) => {
          res.redirect("/elsewhere");
        },
      ],
      ["307 by writeHead", (res) => res.writeHead(307, { Location: "/elsewhere" }).end()],
      ["text", (res) => res.send("hello")],
      [
        "text in pieces",
        (res) => {
          res.type("txt").write("he");
          res.write("ll");
          res.end("o");
        },
      ],
      [
        "pieces, with a length",
        (res) => {
          res.type("txt").set("Content-Length", "5");
          res.write("hel");
          res.end("lo");
        },
      ],
      [
        "pieces and an empty end",
        (res) => {
          res.type("txt").write("he");
          res.end();
        },
      ],
      ["HTML", (res) => res.type("html").send("<p>")],
      ["nothing, as text", (res) => res.type("txt").end()],
      [
        "a file",
        (res) => {
          res.type("txt").sendFile(file, { headers: { "Content-Encoding": "x-own" } });
        },
      ],
      ["encoded", (res) => res.set("Content-Encoding", "gzip").end(BYTES)],
      ["encoded, by writeHead", (res) => res.writeHead(200, { "Content-Encoding": "br" }).end(BYTES)],
    ];
    const ONLY_GET: typeof CASES = [
      ["nothing", (res) => res.end()],
      ["JSON without flows", (res) => res.json({ hello: "é" })],
      ["flows that are no list", (res) => res.json({ flows: { type: "x" } })],
      ["flows that are null", (res) => res.json({ flows: null })],
      ["a list", (res) => res.json(THEIRS.flows)],
      ["null", (res) => res.json(null)],
      ["a number", (res) => res.json(1)],
      ["a string", (res) => res.json(TEXT)],
      ["JSON cut off", (res) => res.type("json").send(TEXT.slice(0, -1))],
      [
        "over a mebibyte, in pieces",
        (res) => {
          for (let i = 0; i < 5; i += 1) res.write(`${TEXT}${" ".repeat(MEGABYTE / 4)}`);
          res.end(" ");
        },
      ],
      [
        "a mebibyte and a byte of flows, in pieces",
        (res) => {
          res.type("json");
          res.write(TEXT);
          res.write(" ".repeat(MEGABYTE - BYTES.length + 1));
          res.end();
        },
      ],
    ];
    /** An answer that was held may be sent with a length where the host sent none: that is between two hops. */
    const twins = async (
      method: string,
      write: (res: Response) => unknown,
      ours = middleware(),
    ): Promise<unknown[]> => {
      const [withUs, without] = await Promise.all(
        [ours, only].map(async (mw) => send((await hostWith(write, mw)).url, { method })),
      );
      const length = without?.headers["content-length"];
      if (length !== undefined) expect(withUs?.headers["content-length"]).toBe(length);
      return [withUs, without].map((answer) => ({
        status: answer?.status,
        reason: answer?.reason,
        text: answer?.text,
        headers: { ...answer?.headers, date: "", "content-length": "", "transfer-encoding": "" },
      }));
    };

    test.each([...CASES, ...ONLY_GET])("GET: %s", async (_, write) => {
      const [withUs, without] = await twins("GET", write);
      expect(withUs).toEqual(without);
    });
    test.each(CASES)("HEAD: %s", async (_, write) => {
      const [withUs, without] = await twins("HEAD", write);
      expect(withUs).toEqual(without);
    });
    test.each([...CASES, ...ONLY_GET])("GET through two of our kind: %s", async (_, write) => {
      const two: RequestHandler = (req, res, next) => {
        void middleware()(req, res, () => {
          void middleware()(req, res, next);
        });
      };
      const [withUs, without] = await twins("GET", write, two);
      expect(withUs).toEqual(without);
    });
  });

  test("a mebibyte of flows in pieces is held still", async () => {
    const { url } = await hostWith((res) => {
      res.write(TEXT);
      res.write(" ".repeat(MEGABYTE - BYTES.length));
      res.end();
    }, middleware());
    expect((await send(url, { method: "GET" })).json).toEqual(MERGED);
  });

  test("headers that Node refuses are refused: the error is the host's", async () => {
    const broken = (res: Response): unknown => res.writeHead(200, { "X-Nothing": undefined }).end(TEXT);
    const [withUs, without] = await Promise.all(
      [middleware(), only].map(async (mw) => {
        const { url } = await hostOf(express, mw, (_req, res) => {
          broken(res);
        });
        return (await send(url, { method: "GET" })).status;
      }),
    );
    expect(withUs).toBe(without);
  });

  test.each([
    ["with the type of JSON", { "Content-Type": "application/json" }],
    ["without a type", {}],
  ])("a host that writes no body for HEAD has its headers completed: %s", async (_, headers) => {
    const { url } = await hostOf(express, middleware(), (req, res) => {
      res.writeHead(200, { ...headers, ETag: '"x"' });
      if (req.method === "HEAD") res.end();
      else res.end(TEXT);
    });
    const [get, head] = await Promise.all(["GET", "HEAD"].map((method) => send(url, { method })));
    const [wanted, seen] = [get, head].map((answer) => ({ ...answer?.headers, date: "", "content-length": "" }));
    expect(seen).toEqual(wanted);
  });

  test("a longer answer is let go piece by piece, before its end", async () => {
    let whole: () => void = noop;
    const { url } = await hostWith((res) => {
      res.type("txt").write("x".repeat(MEGABYTE));
      res.write("y", () => {
        expect(res.headersSent).toBe(true);
        whole = () => res.end("z");
      });
    }, middleware());
    const response = await fetch(url + LOGIN_PATH);
    expect(response.status).toBe(200);
    whole();
    expect(await response.text()).toBe(`${"x".repeat(MEGABYTE)}yz`);
  });

  test("what the host's own handlers throw is the host's to answer", async () => {
    const fail: RequestHandler = () => {
      throw Object.assign(new Error("broken"), { stack: "broken" });
    };
    const [withUs, without] = await Promise.all(
      [middleware(), only].map(async (mw) =>
        essence(await send((await hostOf(express, mw, fail)).url, { method: "GET" })),
      ),
    );
    expect(withUs).toMatchObject({ status: 500 });
    expect(withUs).toEqual(without);
  });
});
