import { parse } from "node:querystring";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";

import { describe, expect, jest, test } from "@jest/globals";
import type { Request, RequestHandler } from "express";
import type { Logger } from "matrix-jwt-login";

import { answerTo, begin, goodLogin, send, type Received, type Sending } from "../helpers/http-client.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { LOGIN_TYPE } from "../helpers/login.js";
import { hostOf, middleware, type Options } from "../helpers/test-hosts.js";
import { token } from "../helpers/tokens.js";
import { until } from "../helpers/until.js";

const PASSWORD = JSON.stringify({ type: "m.login.password", password: "p&a=s[s]" });
const JSON_TYPE = { "Content-Type": "application/json" };
const REJECT: Options = { unknownLoginType: "reject" };
const FORM_TYPE = { "Content-Type": "application/x-www-form-urlencoded" };

describe.each(EXPRESS_VERSIONS)("%s", (_, express) => {
  const warn = jest.fn<Logger["warn"]>();
  const logger: Logger = { debug: jest.fn(), info: jest.fn(), warn, error: jest.fn() };
  const handler = jest.fn<RequestHandler>((req, res) => {
    res.status(299).json({ body: req.body as unknown });
  });
  const start = async (parser: RequestHandler, options: Options = {}): Promise<string> => {
    handler.mockClear();
    warn.mockClear();
    return (await hostOf(express, parser, middleware({ logger, ...options }), handler)).url;
  };
  const post = async (parser: RequestHandler, sending: Sending, options: Options = {}): Promise<Received> =>
    send(await start(parser, options), sending);

  test("a body that its runtime can't parse when it is looked at is the host's", async () => {
    const runtime: RequestHandler = (req, _res, next) => {
      Object.defineProperty(req, "body", {
        get: () => {
          throw new SyntaxError("Invalid JSON");
        },
      });
      req.resume().on("end", next);
    };
    const answer = jest.fn<RequestHandler>((_req, res) => {
      res.status(400).send("the host's own");
    });
    const { url } = await hostOf(express, runtime, middleware({ logger }), answer);
    expect(await send(url, { body: "{" })).toMatchObject({ status: 400, text: "the host's own" });
  });

  test("a body that was looked at, and put back, is read from the stream", async () => {
    const look: RequestHandler = (req, _res, next) => {
      // As Express 4's parsers leave it for types that are not theirs.
      req.body = {};
      req.once("readable", () => {
        req.unshift(req.read());
        next();
      });
    };
    expect((await post(look, { body: goodLogin() })).status).toBe(200);
  });

  test("whoever listened to the body before hears that of a login too", async () => {
    const heard: Buffer[] = [];
    const listen: RequestHandler = (req, _res, next) => {
      req.on("data", (chunk: Buffer) => heard.push(chunk));
      next();
    };
    const body = goodLogin();
    expect((await post(listen, { body })).status).toBe(200);
    await until(() => heard.length > 0);
    expect(Buffer.concat(heard).toString()).toBe(body);
  });

  const anyType = (): boolean => true;
  const JSON_PARSERS: readonly (readonly [string, RequestHandler])[] = [
    ["express.json()", express.json()],
    ["express.json() for every type", express.json({ type: anyType })],
    ["express.json() that is not strict", express.json({ strict: false })],
    ["express.text()", express.text({ type: anyType })],
    ["express.raw()", express.raw({ type: anyType })],
    ["express.json() and express.urlencoded()", both(express.json(), express.urlencoded({ extended: true }))],
    [
      "a parser of the host's own",
      (req, _res, next) => {
        text(req).then((body) => {
          req.body = JSON.parse(body) as unknown;
          next();
        }, next);
      },
    ],
    [
      "a parser that gives objects without a prototype",
      (req, _res, next) => {
        text(req).then((body) => {
          req.body = Object.assign(Object.create(null) as object, JSON.parse(body) as object);
          next();
        }, next);
      },
    ],
    [
      "a parser that leaves bytes",
      (req, _res, next) => {
        text(req).then((body) => {
          req.body = new TextEncoder().encode(body);
          next();
        }, next);
      },
    ],
    [
      "a parser that goes on at the last byte, before the stream's end",
      (req, _res, next) => {
        const chunks: Buffer[] = [];
        req.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          const all = Buffer.concat(chunks).toString();
          if (!all.endsWith("}")) return;
          req.body = JSON.parse(all) as unknown;
          next();
        });
      },
    ],
  ];

  describe.each(JSON_PARSERS)("%s before us", (_, parser) => {
    test.each([
      ["with a length", (body: string) => body],
      ["chunked", (body: string) => [body]],
    ])("a login logs in: %s", async (_, sent) => {
      const { status, json } = await post(parser, { body: sent(goodLogin()), headers: JSON_TYPE });
      expect({ status, json }).toMatchObject({ status: 200, json: { user_id: "@alice:example.org" } });
      expect(handler).not.toHaveBeenCalled();
    });

    test("another login type is the host's, with the body as the parser left it", async () => {
      const seen: unknown[] = [];
      const watched = both(parser, (req, _res, next) => {
        seen.push(req.body);
        next();
      });
      expect((await post(watched, { body: PASSWORD, headers: JSON_TYPE })).status).toBe(299);
      expect(handler).toHaveBeenCalledTimes(1);
      expect((handler.mock.calls[0]?.[0] as Request).body).toBe(seen[0]);
      expect(warn).not.toHaveBeenCalled();
    });

    test("an unknown login type is refused if that is wanted", async () => {
      const answer = await post(parser, { body: PASSWORD, headers: JSON_TYPE }, { unknownLoginType: "reject" });
      expect(answer).toMatchObject({ status: 400, json: { errcode: "M_UNKNOWN" } });
    });

    test("a body over the limit is the host's, or refused", async () => {
      const sending = { body: `{${" ".repeat(70_000)}${goodLogin().slice(1)}`, headers: JSON_TYPE };
      expect((await post(parser, sending)).status).toBe(299);
      const answer = await post(parser, sending, REJECT);
      expect(answer).toMatchObject({ status: 413, json: { errcode: "M_TOO_LARGE" } });
    });
  });

  describe("parsers that are not concerned leave the stream to us", () => {
    test.each([
      ["express.json()", express.json()],
      ["express.urlencoded()", express.urlencoded({ extended: true })],
      ["express.text()", express.text({ type: "text/html" })],
      ["express.raw()", express.raw()],
    ])("%s", async (_, parser) => {
      const headers = { "Content-Type": "text/plain;charset=UTF-8" };
      for (const body of [goodLogin(), [goodLogin()]]) expect((await post(parser, { body, headers })).status).toBe(200);
    });
  });

  describe("the limit holds for text and bytes that were read before us, chunked too", () => {
    const long = JSON.stringify({ type: LOGIN_TYPE, token: "é".repeat(4_500) });
    test.each([
      ["text", express.text({ type: anyType })],
      ["bytes", express.raw({ type: anyType })],
    ])("%s", async (_, parser) => {
      const bytes = Buffer.byteLength(long);
      expect((await post(parser, { body: [long] }, { bodyLimit: bytes - 1 })).status).toBe(299);
      expect((await post(parser, { body: [long] }, { bodyLimit: bytes - 1, ...REJECT })).status).toBe(413);
      expect((await post(parser, { body: [long] }, { bodyLimit: bytes })).status).toBe(403);
    });

    test("JSON that somebody else has parsed", async () => {
      const bytes = Buffer.byteLength(long);
      for (const headers of [JSON_TYPE, { ...JSON_TYPE, "Content-Encoding": "gzip" }]) {
        const body = "Content-Encoding" in headers ? gzipSync(long) : [long];
        expect((await post(express.json(), { body, headers }, { bodyLimit: bytes - 1 })).status).toBe(299);
        expect((await post(express.json(), { body, headers }, { bodyLimit: bytes - 1, ...REJECT })).status).toBe(413);
        expect((await post(express.json(), { body, headers }, { bodyLimit: bytes })).status).toBe(403);
      }
    });

    test("JSON that is nested deeper than it can be measured", async () => {
      const body = [`{"type":"${LOGIN_TYPE}","token":"x","more":${"[".repeat(20_000)}${"]".repeat(20_000)}}`];
      expect((await post(express.json(), { body, headers: JSON_TYPE }, REJECT)).status).toBe(413);
    });
  });

  describe("a body whose beginning somebody else has taken", () => {
    const taking =
      (size: number): RequestHandler =>
      (req, _res, next) => {
        req.once("readable", () => {
          req.read(size);
          setTimeout(next, 20);
        });
      };
    test.each([
      ["a login without its beginning", goodLogin()],
      ["another login", PASSWORD],
      ["no JSON", "rubbish rubbish"],
    ])("is the host's, and lost, whatever is wanted of other logins: %s", async (_, body) => {
      for (const options of [{}, REJECT]) {
        expect((await post(taking(5), { body }, options)).status).toBe(299);
        expect(warn).toHaveBeenCalledTimes(1);
      }
    });
    test("is a login still if it was white space", async () => {
      expect((await post(taking(2), { body: `  ${goodLogin()}` })).status).toBe(200);
      expect(warn).not.toHaveBeenCalled();
    });
    test("and put back shorter, is still a login", async () => {
      const trims: RequestHandler = (req, _res, next) => {
        req.once("readable", () => {
          req.unshift(Buffer.from(String(req.read()).trim()));
          next();
        });
      };
      expect((await post(trims, { body: `${goodLogin()}\r\n` })).status).toBe(200);
    });
  });

  describe("what is no JSON object", () => {
    const loose = express.json({ strict: false });
    const asText = express.text({ type: anyType });
    const asBytes = express.raw({ type: anyType });
    test.each<readonly [string, RequestHandler, Sending["body"], string]>([
      ["null", loose, "null", "M_BAD_JSON"],
      ["a list", loose, "[]", "M_BAD_JSON"],
      ["an empty list, strictly", express.json(), "[]", "M_BAD_JSON"],
      ["a number", loose, "1", "M_BAD_JSON"],
      ["zero", loose, "0", "M_BAD_JSON"],
      ["false", loose, "false", "M_BAD_JSON"],
      ["an empty text", loose, '""', "M_NOT_JSON"],
      ["an empty text in white space", loose, '\n  "" \n', "M_NOT_JSON"],
      ["a list in text", asText, "[]", "M_BAD_JSON"],
      ["a list in bytes", asBytes, "[]", "M_BAD_JSON"],
      ["text that isn't JSON", asText, "hello", "M_NOT_JSON"],
      ["bytes that aren't JSON", asBytes, "hello", "M_NOT_JSON"],
      ["bytes that aren't UTF-8", asBytes, Buffer.from([0x22, 0xff, 0x22]), "M_NOT_JSON"],
      ["empty text, chunked", asText, [], "M_NOT_JSON"],
      ["empty bytes, chunked", asBytes, [], "M_NOT_JSON"],
      ["no body for express.json()", express.json(), undefined, "M_NOT_JSON"],
      ["an empty body for express.json()", express.json(), "", "M_NOT_JSON"],
      ["no body for express.text()", asText, undefined, "M_NOT_JSON"],
      ["no body for express.raw()", asBytes, undefined, "M_NOT_JSON"],
      ["no body for express.urlencoded()", express.urlencoded({ extended: true }), undefined, "M_NOT_JSON"],
      ["an empty object", express.json(), "{}", "M_MISSING_PARAM"],
    ])("%s", async (_, parser, body, errcode) => {
      const sending = { ...(body !== undefined && { body }), headers: JSON_TYPE };
      const answer = await post(parser, sending, REJECT);
      expect({ status: answer.status, json: answer.json }).toMatchObject({ status: 400, json: { errcode } });
      expect(handler).not.toHaveBeenCalled();
      expect((await post(parser, sending)).status).toBe(299);
      expect(warn).not.toHaveBeenCalled();
    });
  });

  test.each(["a=1&b=2", "user=alice&password=x", "token=x"])("the form %s, taken apart, is no JSON", async (body) => {
    const parser = express.urlencoded({ extended: true });
    const answer = await post(parser, { body, headers: FORM_TYPE }, REJECT);
    expect({ status: answer.status, json: answer.json }).toMatchObject({
      status: 400,
      json: { errcode: "M_NOT_JSON" },
    });
  });

  test("a form to which somebody added what JSON can't hold is the host's", async () => {
    const form = express.urlencoded({ extended: true });
    const counts = [1n, 1];
    const add: RequestHandler = (req, _res, next) => {
      Object.defineProperty(req.body, "count", { enumerable: true, get: () => counts.shift() ?? 1 });
      next();
    };
    const parser = both(form, add);
    expect((await post(parser, { body: "a=1", headers: FORM_TYPE })).status).toBe(299);
  });

  test("a body that a host made up for a request without one is taken", async () => {
    const parser: RequestHandler = (req, _res, next) => {
      req.body = JSON.parse(goodLogin()) as unknown;
      next();
    };
    expect((await post(parser, {})).status).toBe(200);
  });

  test("express.json() may decode a coding, and another charset", async () => {
    const gzip = { ...JSON_TYPE, "Content-Encoding": "gzip" };
    const utf16 = { "Content-Type": "application/json; charset=utf-16le" };
    const login = goodLogin();
    for (const options of [{}, { unknownLoginType: "reject" }] as const) {
      expect((await post(express.json(), { body: gzipSync(login), headers: gzip }, options)).status).toBe(200);
      expect((await post(express.json(), { body: [gzipSync(login)], headers: gzip }, options)).status).toBe(200);
      const wide = { body: Buffer.from(login, "utf16le"), headers: utf16 };
      expect((await post(express.json(), wide, options)).status).toBe(200);
    }
  });

  test.each(["next", "reject"] as const)(
    "a stream that was consumed for nothing goes on, and the logger is told once: %s",
    async (unknownLoginType) => {
      const consumer: RequestHandler = (req, _res, next) => {
        text(req).then(() => {
          next();
        }, next);
      };
      for (const body of [goodLogin(), [goodLogin()]]) {
        const url = await start(consumer, { unknownLoginType });
        for (let i = 0; i < 3; i += 1) expect((await send(url, { body })).status).toBe(299);
        expect(warn.mock.calls).toEqual([[expect.stringMatching(/mount this middleware before it/)]]);
      }
    },
  );

  test.each([
    ["an empty object", {}],
    ["null", null],
    ["an empty text", ""],
    ["no bytes", Buffer.alloc(0)],
  ])("a stream that was consumed for %s goes on, and the logger is told", async (_, left) => {
    const consumer: RequestHandler = (req, _res, next) => {
      text(req).then(() => {
        req.body = left;
        next();
      }, next);
    };
    expect((await post(consumer, { body: goodLogin() }, REJECT)).status).toBe(299);
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/mount this middleware before it/)]]);
  });

  describe("a form's parser before us", () => {
    const simple = express.urlencoded({ extended: false });
    const extended = express.urlencoded({ extended: true });
    const json = (fields: object): string => JSON.stringify({ type: LOGIN_TYPE, ...fields });
    const CAPITALS = { "Content-Type": " Application/X-WWW-Form-Urlencoded; charset=utf-8" };
    describe.each<readonly [string, string, Readonly<Record<string, string>>, number]>([
      ["JSON", json({ token: "x" }), FORM_TYPE, 1],
      ["JSON with an ampersand", json({ note: "a&b=c&type=d" }), FORM_TYPE, 1],
      ["JSON that names our type behind an ampersand", json({ note: `&type=${LOGIN_TYPE}&token=x` }), FORM_TYPE, 1],
      ["JSON with a list", json({ note: ["a"] }), FORM_TYPE, 1],
      ["JSON after white space", `\n ${json({})}`, FORM_TYPE, 1],
      ["JSON under a content type in capitals, with parameters", json({}), CAPITALS, 1],
      ["a real form of another login", "user=alice&password=x", FORM_TYPE, 0],
    ])("%s", (_, body, headers, warnings) => {
      test.each([
        ["urlencoded()", simple],
        ["urlencoded(), extended", extended],
      ])("of %s is the host's or refused, and the logger is told once", async (_, parser) => {
        const url = await start(parser);
        for (let i = 0; i < 3; i += 1) expect((await send(url, { body, headers })).status).toBe(299);
        expect(warn).toHaveBeenCalledTimes(warnings);
        if (warnings > 0) {
          expect(warn).toHaveBeenCalledWith(expect.stringMatching(/mount this middleware before/));
        }
        const answer = await post(parser, { body, headers }, REJECT);
        expect(answer.status).toBe(400);
        expect(handler).not.toHaveBeenCalled();
      });
    });

    test.each([
      ["urlencoded()", simple],
      ["urlencoded(), extended", extended],
    ])("a real form of our login is no JSON, by %s", async (_, parser) => {
      for (const body of [`type=${LOGIN_TYPE}&token=${token()}`, "type=other&token=x"]) {
        expect((await post(parser, { body, headers: CAPITALS })).status).toBe(299);
        const answer = await post(parser, { body, headers: CAPITALS }, REJECT);
        expect(answer).toMatchObject({ status: 400, json: { errcode: "M_NOT_JSON" } });
      }
    });

    test.each([
      ["urlencoded(), in chunks", simple, (form: string) => ({ body: [form.slice(0, 9), form.slice(9)] })],
      ["urlencoded(), extended, in chunks", extended, (form: string) => ({ body: [form.slice(0, 9), form.slice(9)] })],
      ["urlencoded(), compressed", simple, (form: string) => ({ body: gzipSync(form), coding: "gzip" })],
      ["urlencoded(), extended, compressed", extended, (form: string) => ({ body: gzipSync(form), coding: "gzip" })],
    ])("a real form of our login is no JSON, where its length says nothing: %s", async (_, parser, sent) => {
      const { body, coding } = { coding: undefined, ...sent(`type=${LOGIN_TYPE}&token=${token()}`) };
      const headers = { ...FORM_TYPE, ...(coding !== undefined && { "Content-Encoding": coding }) };
      expect((await post(parser, { body, headers })).status).toBe(299);
      const answer = await post(parser, { body, headers }, REJECT);
      expect(answer).toMatchObject({ status: 400, json: { errcode: "M_NOT_JSON" } });
    });

    test("a real form of our login is no JSON, as far as that can be told", async () => {
      const body = `type=${LOGIN_TYPE}&token=${token()}`;
      const nodes: RequestHandler = (req, _res, next) => {
        text(req).then((form) => {
          req.body = parse(form);
          next();
        }, next);
      };
      expect((await post(nodes, { body, headers: FORM_TYPE })).status).toBe(299);
      const answer = await post(nodes, { body, headers: FORM_TYPE }, REJECT);
      expect(answer).toMatchObject({ status: 400, json: { errcode: "M_NOT_JSON" } });
    });

    test("a form in parts is no JSON, whatever parsed it", async () => {
      const parsed: RequestHandler = (req, _res, next) => {
        req.body = { type: LOGIN_TYPE, token: token() };
        req.resume().on("end", next);
      };
      const headers = { "Content-Type": "multipart/form-data; boundary=x" };
      const body = "--x\r\n...";
      expect((await post(parsed, { body, headers })).status).toBe(299);
      expect((await post(parsed, { body, headers }, REJECT)).status).toBe(400);
    });

    test("each middleware tells its own logger", async () => {
      for (let i = 0; i < 2; i += 1) {
        await post(simple, { body: goodLogin(), headers: FORM_TYPE });
        expect(warn).toHaveBeenCalledTimes(1);
      }
    });

    test("after us it has what it had without us", async () => {
      const { url } = await hostOf(express, middleware({ logger }), extended, handler);
      const answer = await send(url, { body: '{"type":"other"}', headers: FORM_TYPE });
      expect(answer.json).toEqual({ body: { '{"type":"other"}': "" } });
    });
  });

  describe("a JSON parser that takes every type, for JSON that is sent as a form", () => {
    const parser = express.json({ type: anyType, strict: false });
    const loginWith = (more: object): string => JSON.stringify({ type: LOGIN_TYPE, token: token(), ...more });
    test.each([
      ["a login", goodLogin, 200],
      ["a login with numbers and lists", () => loginWith({ n: 1e3, list: ["\u0001"] }).replace("1000", "1e3"), 200],
      ["a login with letters of all kinds", () => loginWith({ name: 'J\u00fcrgen \ud83d\ude00 "\\ \ud800' }), 200],
      ["another login type", () => PASSWORD, 299],
      ["no login type", () => '{"user":"alice","password":"x"}', 299],
      ["an empty object", () => "{}", 299],
      ["a list", () => '[{"type":"x"}]', 299],
      ["null", () => "null", 299],
    ])("%s", async (_, body, status) => {
      expect((await post(parser, { body: body(), headers: FORM_TYPE })).status).toBe(status);
      const adding = express.Router().use(parser, (req, _res, next) => {
        Object.assign(Object(req.body) as object, { requestId: "x".repeat(100) });
        next();
      });
      expect((await post(adding, { body: body(), headers: FORM_TYPE })).status).toBe(status);
      expect(warn).not.toHaveBeenCalled();
    });
  });

  describe("the bytes that a parser left in req.rawBody", () => {
    const keepingBytes = (
      parser: (options: { verify: (req: unknown, res: unknown, bytes: Buffer) => void }) => RequestHandler,
    ) =>
      parser({
        verify: (req, _res, bytes) => {
          (req as { rawBody?: Buffer }).rawBody = bytes;
        },
      });
    const asText = (
      parser: (options: { verify: (req: unknown, res: unknown, bytes: Buffer) => void }) => RequestHandler,
    ) =>
      parser({
        verify: (req, _res, bytes) => {
          (req as { rawBody?: string }).rawBody = bytes.toString();
        },
      });
    const form = keepingBytes((options) => express.urlencoded({ extended: true, ...options }));
    const json = keepingBytes((options) => express.json({ type: anyType, strict: false, ...options }));
    const anyForm = keepingBytes((options) => express.urlencoded({ extended: true, type: anyType, ...options }));
    const atLastByte: RequestHandler = (req, _res, next) => {
      req.on("data", (chunk: Buffer) => {
        (req as { rawBody?: Buffer }).rawBody = chunk;
        next();
      });
    };
    test.each<[string, (bytes: Buffer) => unknown]>([
      ["as bytes", (bytes) => bytes],
      ["as Latin-1", (bytes) => bytes.toString("latin1")],
    ])("say nothing of what the host sees in req.body: %s", async (_, kept) => {
      const parser = express.json({
        verify: (req, _res, bytes) => Object.assign(req, { rawBody: kept(bytes) }),
      });
      const becoming = (members: object): RequestHandler =>
        both(parser, (req, _res, next) => {
          req.body = { ...(req.body as object), ...members };
          next();
        });
      const ours = becoming({ type: LOGIN_TYPE, token: token() });
      expect((await post(ours, { body: '{"type":"other"}', headers: JSON_TYPE })).status).toBe(200);
      const theirs = becoming({ type: "m.login.password" });
      expect((await post(theirs, { body: goodLogin(), headers: JSON_TYPE })).status).toBe(299);
      expect((await post(parser, { body: goodLogin(), headers: JSON_TYPE })).status).toBe(200);
    });

    test.each(["rawBody", "body", "anything"])("say nothing while they are collected: req.%s", async (name) => {
      const collecting: RequestHandler = (req, _res, next) => {
        const kept = req as unknown as Record<string, string>;
        kept[name] = "";
        req.on("data", (chunk: Buffer) => {
          if (kept[name] === "") setTimeout(next, 20);
          kept[name] = `${String(kept[name])}${String(chunk)}`;
        });
      };
      for (const options of [{}, REJECT]) {
        const login = goodLogin();
        const headers = { ...JSON_TYPE, "Content-Length": String(Buffer.byteLength(login)) };
        const outgoing = begin(await start(collecting, options), { headers });
        outgoing.write(login.slice(0, 20));
        setTimeout(() => outgoing.end(login.slice(20)), 60);
        expect((await answerTo(outgoing)).status).toBe(299);
        expect(warn).toHaveBeenCalledTimes(1);
      }
    });

    test.each<[string, RequestHandler, Sending, number, number]>([
      [
        "a login behind a byte order mark",
        asText((options) => express.json(options)),
        { body: `\ufeff${goodLogin()}`, headers: JSON_TYPE },
        299,
        400,
      ],
      [
        "a login in UTF-16",
        asText((options) => express.json(options)),
        {
          body: Buffer.from(goodLogin(), "utf16le"),
          headers: { "Content-Type": "application/json; charset=utf-16le" },
        },
        299,
        400,
      ],
      [
        "a form in another content type",
        asText((options) => express.urlencoded({ extended: true, type: anyType, ...options })),
        { body: `type=${LOGIN_TYPE}&token=${token()}`, headers: { "Content-Type": "text/plain" } },
        299,
        400,
      ],
      [
        "longer than the limit in bytes alone",
        asText((options) => express.json({ limit: "1mb", ...options })),
        {
          body: [JSON.stringify({ type: LOGIN_TYPE, token: token(), more: "\u20ac".repeat(30_000) })],
          headers: JSON_TYPE,
        },
        299,
        413,
      ],
      [
        "longer than the limit, of which nothing was kept",
        both(
          (req, _res, next) => {
            Object.assign(req, { rawBody: "" });
            next();
          },
          express.json({ limit: "1mb" }),
        ),
        { body: [JSON.stringify({ type: LOGIN_TYPE, token: token(), more: "x".repeat(90_000) })], headers: JSON_TYPE },
        299,
        413,
      ],
      ["a login", asText((options) => express.json(options)), { body: goodLogin(), headers: JSON_TYPE }, 200, 200],
    ])("say what is ours, as text too: %s", async (_, parser, sending, status, alone) => {
      expect((await post(parser, sending)).status).toBe(status);
      expect((await post(parser, sending, REJECT)).status).toBe(alone);
    });

    test.each<[string, (text: string) => object]>([
      ["as text", (text) => ({ body: text.trim() })],
      ["as text, beside an object", (text) => ({ rawBody: text.trim(), body: JSON.parse(text) as object })],
      ["nothing, beside an object", (text) => ({ rawBody: "", body: JSON.parse(text) as object })],
    ])("may be fewer than came: %s", async (_, left) => {
      for (const wait of [false, true]) {
        const trimming: RequestHandler = (req, _res, next) => {
          let text = "";
          const onData = (chunk: Buffer) => {
            text += String(chunk);
            if (text.length < Number(req.headers["content-length"])) return;
            req.off("data", onData);
            Object.assign(req, left(text));
            if (wait) req.pause();
            if (wait) setImmediate(next);
            else next();
          };
          req.on("data", onData);
        };
        for (const options of [{}, REJECT]) {
          expect((await post(trimming, { body: `${goodLogin()}\n` }, options)).status).toBe(200);
        }
      }
      expect(warn).not.toHaveBeenCalled();
    });

    test("are lost if whoever took them went on later and left nothing, which is not ours to refuse", async () => {
      const taking: RequestHandler = (req, _res, next) => {
        const onData = () => {
          req.off("data", onData).pause();
          setImmediate(next);
        };
        req.on("data", onData);
      };
      for (const options of [{}, REJECT]) {
        expect((await post(taking, { body: PASSWORD }, options)).status).toBe(299);
        expect(warn).toHaveBeenCalledTimes(1);
      }
    });

    test.each<readonly [string, RequestHandler, Sending, number, number]>([
      ["a login that a form's parser took apart", form, { body: goodLogin(), headers: FORM_TYPE }, 200, 200],
      [
        "a login that a parser took for a form whatever its type",
        anyForm,
        { body: goodLogin(), headers: JSON_TYPE },
        200,
        200,
      ],
      ["a real form of our login", form, { body: `type=${LOGIN_TYPE}&token=x`, headers: FORM_TYPE }, 299, 400],
      ["another login type", json, { body: PASSWORD, headers: JSON_TYPE }, 299, 400],
      ["a login, before the stream's end", atLastByte, { body: [goodLogin()] }, 200, 200],
      ["a login", json, { body: [goodLogin()], headers: JSON_TYPE }, 200, 200],
      ["longer than the limit", json, { body: [goodLogin().padEnd(70_000)], headers: JSON_TYPE }, 299, 413],
      [
        "a login in UTF-16",
        json,
        {
          body: Buffer.from(goodLogin(), "utf16le"),
          headers: { "Content-Type": "application/json; charset=utf-16le" },
        },
        299,
        400,
      ],
      ["a login behind a byte order mark", json, { body: `\ufeff${goodLogin()}`, headers: JSON_TYPE }, 299, 400],
      [
        "a login that was encoded",
        json,
        { body: gzipSync(goodLogin()), headers: { ...JSON_TYPE, "Content-Encoding": "gzip" } },
        299,
        400,
      ],
    ])("say what is ours: %s", async (_, parser, sending, status, alone) => {
      expect((await post(parser, sending)).status).toBe(status);
      expect((await post(parser, sending, REJECT)).status).toBe(alone);
      expect(warn).not.toHaveBeenCalled();
    });
  });
});

function both(first: RequestHandler, second: RequestHandler): RequestHandler {
  return (req, res, next) => {
    void first(req, res, (error?: unknown) => {
      if (error === undefined) void second(req, res, next);
      else next(error);
    });
  };
}
