import {
  createServer as createHttp2Server,
  connect,
  type ClientHttp2Session,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import { readFileSync } from "node:fs";
import { connect as connectSocket, Socket, type AddressInfo } from "node:net";
import { IncomingMessage, ServerResponse } from "node:http";
import { buffer, text } from "node:stream/consumers";

import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { matrixJwtLogin, type NodeRequest, type NodeResponse } from "matrix-jwt-login";
import { RateLimiterMemory } from "rate-limiter-flexible";

import { recordingLogger } from "../helpers/core.js";
import { goodLogin, send, valuesOf, type Sending } from "../helpers/http-client.js";
import { LOGIN_PATH, LOGIN_TYPE, optionsWith, type User } from "../helpers/login.js";
import { serveForTest, type Options } from "../helpers/test-hosts.js";
import { until } from "../helpers/until.js";

const PASSWORD = '{"type":"m.login.password"}';
const FLOWS = { flows: [{ type: LOGIN_TYPE }] };

describe("under node:http", () => {
  const start = async (options: Options = {}, prepare: (req: IncomingMessage) => void = () => undefined) => {
    const mw = matrixJwtLogin(optionsWith({}, options));
    const { url } = await serveForTest((req, res) => {
      prepare(req);
      mw(req, res, () => {
        res.writeHead(299).end();
      });
    });
    return url;
  };

  describe("without what comes next", () => {
    const alone = async (options: Options = {}): Promise<string> =>
      (await serveForTest(matrixJwtLogin(optionsWith({}, options)))).url;

    test.each<readonly [string, Sending]>([
      ["another path", { path: "/", method: "GET" }],
      ["another login type", { body: PASSWORD }],
      ["another login type, chunked", { body: [PASSWORD] }],
      ["no JSON", { body: "x" }],
      ["no body", {}],
      ["a long body", { body: ["x".repeat(70_000)] }],
      ["another method", { method: "PUT" }],
    ])("%s is not found", async (_, sending) => {
      const answer = await send(await alone(), sending);
      expect(answer).toMatchObject({ status: 404, json: { errcode: "M_UNRECOGNIZED", error: "Unrecognized request" } });
      expect(valuesOf(answer, "Access-Control-Allow-Origin")).toEqual(["*"]);
    });

    test("logins and flows are answered", async () => {
      const url = await alone();
      expect((await send(url, { body: goodLogin() })).status).toBe(200);
      expect((await send(url, { method: "GET" })).json).toEqual(FLOWS);
      expect((await send(url, { method: "OPTIONS" })).status).toBe(204);
      expect((await send(await alone({ cors: false }), { method: "OPTIONS" })).status).toBe(404);
    });

    test("an answer that can't be written ends the connection, and is logged", async () => {
      const logger = recordingLogger();
      const mw = matrixJwtLogin(optionsWith({}, { logger }));
      const cause = new Error("can't be written");
      const { url } = await serveForTest((req, res) => {
        res.end = () => {
          throw cause;
        };
        mw(req, res);
      });
      await expect(send(url, { body: goodLogin() })).rejects.toThrow(/hang up|ECONNRESET/);
      expect(logger.lines).toEqual([{ level: "error", message: cause }]);
    });
  });

  describe("mounted by what strips its path and keeps the whole, as connect does", () => {
    const under = (mount: string) => (req: IncomingMessage) => {
      const { url = "" } = req;
      if (!url.startsWith(mount)) return;
      const rest = url.slice(mount.length);
      Object.assign(req, { originalUrl: url, url: rest.startsWith("/") ? rest : `/${rest}` });
    };
    test.each([
      ["/hs", `/hs${LOGIN_PATH}`, 200],
      ["/hs", `/hs${LOGIN_PATH}?a=b`, 200],
      ["/hs", `/hs${LOGIN_PATH}/`, 299],
      ["/hs", `/other${LOGIN_PATH}`, 299],
      ["/_matrix", LOGIN_PATH, 200],
      ["/custom/login", "/custom/login", 200],
      ["/custom/login", "/custom/login?a=b", 200],
      ["/custom/login", "/custom/login/get_token", 299],
      ["/custom", "/custom/login", 299],
    ])("on %s, %s is answered with %i", async (mount, path, status) => {
      expect((await send(await start({}, under(mount)), { path, body: goodLogin() })).status).toBe(status);
    });

    test("a mount that leaves nothing but the query, as polka does, is a mount all the same", async () => {
      const prepare = (req: IncomingMessage): void => {
        Object.assign(req, { originalUrl: req.url, url: "?a=b" });
      };
      const answer = await send(await start({}, prepare), { path: "/custom/login?a=b", body: goodLogin() });
      expect(answer.status).toBe(200);
    });

    test.each([
      ["a path that was decoded", "/_matrix/client/v3/%6cogin", LOGIN_PATH],
      ["a path that was rewritten", "/elsewhere", LOGIN_PATH],
    ])("%s is what the client asked for", async (_, path, url) => {
      const prepare = (req: IncomingMessage): void => {
        Object.assign(req, { originalUrl: req.url, url });
      };
      expect((await send(await start({}, prepare), { path, body: goodLogin() })).status).toBe(299);
    });
  });

  describe("rate limits", () => {
    const counting = (options: Options) => {
      const limiter = new RateLimiterMemory({ points: 100, duration: 60 });
      const consume = jest.spyOn(limiter, "consume");
      const logger = recordingLogger();
      const keys = async (headers = {}): Promise<readonly unknown[]> => {
        const url = await start({ logger, rateLimits: { address: limiter }, ...options });
        for (let i = 0; i < 2; i += 1) await send(url, { body: goodLogin(), headers });
        return consume.mock.calls.map(([key]) => key);
      };
      return { keys, logger };
    };

    test("count by the connection's address", async () => {
      const { keys, logger } = counting({});
      expect(await keys()).toEqual(["address:127.0.0.1", "address:127.0.0.1"]);
      expect(logger.lines).toEqual([]);
    });

    test("count a proxy's clients as one, which is logged once", async () => {
      const { keys, logger } = counting({});
      expect(await keys({ "X-Forwarded-For": "192.0.2.1" })).toEqual(["address:127.0.0.1", "address:127.0.0.1"]);
      expect(logger.lines).toEqual([{ level: "warn", message: expect.stringContaining("clientAddress") }]);
    });

    test("count by the address that `clientAddress` gives", async () => {
      const clientAddress = (req: unknown): string => String((req as NodeRequest).headers["x-real-ip"]);
      const { keys, logger } = counting({ clientAddress });
      const headers = { "X-Forwarded-For": "192.0.2.2", "X-Real-IP": "192.0.2.1" };
      expect(await keys(headers)).toEqual(["address:192.0.2.1", "address:192.0.2.1"]);
      expect(logger.lines).toEqual([]);
    });
  });

  test("what `clientAddress` throws is 500, and is logged", async () => {
    const logger = recordingLogger();
    const cause = new Error("no such header");
    const clientAddress = (): never => {
      throw cause;
    };
    const answer = await send(await start({ logger, clientAddress }), { body: goodLogin() });
    expect(answer).toMatchObject({ status: 500, json: { errcode: "M_UNKNOWN", error: "Internal server error" } });
    expect(logger.lines).toEqual([{ level: "error", message: cause }]);
  });

  test("what `clientAddress` throws is not told to whom the host answers", async () => {
    const logger = recordingLogger();
    const clientAddress = (): never => {
      throw new Error("no such header");
    };
    const url = await start({ logger, clientAddress });
    for (const body of ['{"type":"m.login.password"}', "a=b", ""]) expect((await send(url, { body })).status).toBe(299);
    expect(logger.lines).toEqual([]);
  });

  test.each<readonly [string, () => unknown]>([
    ["null", () => null],
    ["a number", () => 7],
    ["a list", () => ["192.0.2.1", "192.0.2.2"]],
    ["an object", () => ({})],
    ["a symbol", () => Symbol("address")],
    ["a promise", () => Promise.resolve("192.0.2.1")],
    ["a promise that rejects", () => Promise.reject(new Error("later"))],
  ])("a `clientAddress` that returns %s is 500, and is logged", async (_, addressOf) => {
    const logger = recordingLogger();
    const clientAddress = addressOf as () => string;
    const answer = await send(await start({ logger, clientAddress }), { body: goodLogin() });
    expect(answer).toMatchObject({ status: 500, json: { errcode: "M_UNKNOWN" } });
    const message = expect.objectContaining({ message: expect.stringContaining("clientAddress must return a string") });
    expect(logger.lines).toEqual([{ level: "error", message }]);
  });

  test("a request of a serverless adapter is judged by the bytes that come with it, in the same turn", () => {
    const next = jest.fn();
    const mw = matrixJwtLogin(optionsWith());
    const req = Object.assign(new IncomingMessage(new Socket()), {
      method: "POST",
      url: LOGIN_PATH,
      body: Buffer.from(PASSWORD),
    });
    mw(req, new ServerResponse(req), next);
    expect(next).toHaveBeenCalledTimes(1);
  });

  test("a request without a target is nobody's login", () => {
    const next = jest.fn();
    const req = Object.assign(new IncomingMessage(new Socket()), { method: "POST", url: undefined });
    matrixJwtLogin(optionsWith())(req, new ServerResponse(req as never), next);
    expect(next).toHaveBeenCalledTimes(1);
  });

  test.each([
    ["reads", (req: IncomingMessage) => req.read() as unknown],
    ["resumes", (req: IncomingMessage) => req.resume()],
  ])("somebody else who %s meanwhile leaves no request hanging", async (_, meddle) => {
    const url = await start({}, (req) => {
      setTimeout(() => meddle(req), 20);
    });
    const { port, hostname } = new URL(url);
    const socket = connectSocket(Number(port), hostname);
    socket.write(
      `POST ${LOGIN_PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 27\r\n\r\n{"type":"m.`,
    );
    await new Promise((resolve) => setTimeout(resolve, 40));
    socket.write('login.password"}');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 299/);
  });
});

describe("under HTTP/2's compatibility API", () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  const start = async (
    next?: (req: NodeRequest, res: NodeResponse) => void,
    options: Options = {},
    asksItself = false,
  ): Promise<ClientHttp2Session> => {
    const mw = matrixJwtLogin(optionsWith({}, options));
    const app = (req: Http2ServerRequest, res: Http2ServerResponse): void => {
      if (next === undefined) mw(req, res);
      else
        mw(req, res, () => {
          next(req, res);
        });
    };
    const server = createHttp2Server(app);
    if (asksItself) server.on("checkContinue", app);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const session = connect(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    closing.push(() => {
      session.destroy();
      server.close();
    });
    return session;
  };
  const ask = async (session: ClientHttp2Session, method: string, body?: string, headers = {}) => {
    const stream = session.request(
      { ":method": method, ":path": LOGIN_PATH, ...headers },
      { endStream: body === undefined },
    );
    const head = new Promise<Readonly<Record<string, unknown>>>((resolve) => stream.on("response", resolve));
    stream.end(body);
    const answer = (await buffer(stream)).toString();
    return { ...(await head), text: answer };
  };

  test.each([{}, { "content-length": String(goodLogin().length) }])("logs in: %j", async (headers) => {
    const answer = await ask(await start(), "POST", goodLogin(), headers);
    expect(answer).toMatchObject({ ":status": 200, text: expect.stringContaining('"user_id":"@alice:example.org"') });
  });

  test.each([false, true])("asks once for a body that waits for it (`checkContinue`: %j)", async (asksItself) => {
    const session = await start(undefined, {}, asksItself);
    const stream = session.request({ ":method": "POST", ":path": LOGIN_PATH, expect: "100-continue" });
    const asked = jest.fn(() => stream.end(goodLogin()));
    stream.on("continue", asked);
    expect(await text(stream)).toContain('"user_id":"@alice:example.org"');
    expect(asked).toHaveBeenCalledTimes(1);
  });

  test("tells the callbacks of the connection's address and the request", async () => {
    let seen: unknown;
    const findUser = (_userId: string, login: unknown): User => {
      seen = login;
      return { id: "alice" };
    };
    await ask(await start(undefined, { findUser }), "POST", goodLogin(), { "user-agent": "a client" });
    expect(seen).toMatchObject({ ip: "127.0.0.1", userAgent: "a client", req: { url: LOGIN_PATH } });
  });

  test.each([
    ["what comes next", true],
    ["us", false],
  ])("a long body that nobody reads does not keep its stream open, answered by %s", async (_, isHosts) => {
    const closed = jest.fn();
    const mw = matrixJwtLogin(optionsWith({}));
    const server = createHttp2Server((req, res) => {
      req.stream.on("close", closed);
      if (isHosts) mw(req, res, () => res.writeHead(413).end("no"));
      else mw(req, res);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const session = connect(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    closing.push(() => {
      session.destroy();
      server.close();
    });
    const stream = session.request({ ":method": "POST", ":path": LOGIN_PATH });
    stream.on("error", () => undefined).resume();
    stream.end("x".repeat(400_000));
    await until(() => closed.mock.calls.length > 0);
  });

  test.each<readonly [string, string, (res: Http2ServerResponse) => void]>([
    [
      "trailers",
      PASSWORD,
      (res) => {
        res.addTrailers({ "x-after": "1" });
        res.end("answer");
      },
    ],
    [
      "a file",
      PASSWORD,
      ({ stream }) => {
        stream.respondWithFile(__filename);
      },
    ],
    [
      "a file, with more of the body to come",
      "x".repeat(400_000),
      ({ stream }) => {
        stream.respondWithFile(__filename);
      },
    ],
  ])("a host that answers with %s, and reads nothing, gives all of it", async (what, body, answer) => {
    const session = await start((_req, res) => {
      answer(res as Http2ServerResponse);
    });
    const stream = session.request({ ":method": "POST", ":path": LOGIN_PATH });
    const trailers = jest.fn<(trailers: object) => void>();
    stream.on("trailers", trailers).on("error", () => undefined);
    stream.end(body);
    expect(await text(stream)).toHaveLength(what === "trailers" ? 6 : readFileSync(__filename, "utf8").length);
    if (what === "trailers") expect(trailers.mock.calls[0]?.[0]).toMatchObject({ "x-after": "1" });
  });

  test("a body that the host reads once it has answered is all there", async () => {
    let read: Promise<string> | undefined;
    const session = await start((req, res) => {
      res.writeHead(299).end();
      read = text(req);
    });
    expect(await ask(session, "POST", PASSWORD)).toMatchObject({ ":status": 299 });
    expect(await read).toBe(PASSWORD);
  });

  test("answers alone without what comes next", async () => {
    const session = await start();
    expect(await ask(session, "POST", PASSWORD)).toMatchObject({ ":status": 404 });
    expect(await ask(session, "GET")).toMatchObject({ ":status": 200, text: JSON.stringify(FLOWS) });
    expect(await ask(session, "HEAD")).toMatchObject({ ":status": 200, text: "" });
    expect(await ask(session, "OPTIONS")).toMatchObject({ ":status": 204, text: "" });
  });

  const json = { "content-type": "application/json", "x-of-the-host": "1" };
  test.each<readonly [string, (res: ServerResponse) => unknown]>([
    ["writeHead and end", (res) => res.writeHead(200, json).end('{"flows":[{"type":"x"}]}')],
    [
      "writeHead with undefined for a reason",
      (res) => res.writeHead(200, undefined, json).end('{"flows":[{"type":"x"}]}'),
    ],
    [
      "write and end",
      (res) => {
        for (const [name, value] of Object.entries(json)) res.setHeader(name, value);
        res.write('{"flows":[');
        expect(res.headersSent).toBe(true);
        expect(() => res.setHeader("x", "1")).toThrow(/after they are sent/);
        expect(() => {
          res.removeHeader("x-of-the-host");
        }).toThrow(/after they are sent/);
        res.statusCode = 404;
        res.end('{"type":"x"}]}');
      },
    ],
    [
      "flushHeaders and end",
      (res) => {
        for (const [name, value] of Object.entries(json)) res.setHeader(name, value);
        res.flushHeaders();
        res.end('{"flows":[{"type":"x"}]}');
      },
    ],
  ])("adds flows to those that the host writes by %s", async (_, write) => {
    const session = await start((_req, res) => {
      write(res as ServerResponse);
    });
    const body = `{"flows":[{"type":"x"},{"type":"${LOGIN_TYPE}"}]}`;
    const answer = await ask(session, "GET");
    expect(answer).toMatchObject({
      ":status": 200,
      "x-of-the-host": "1",
      "content-length": String(body.length),
      text: body,
    });
    expect(await ask(session, "HEAD")).toMatchObject({
      ":status": 200,
      "content-length": String(body.length),
      text: "",
    });
  });

  test("gives its flows in the place of a 404", async () => {
    const session = await start((_req, res) => {
      (res as ServerResponse).writeHead(404, { "x-not-found": "1" }).end("no");
    });
    const answer = await ask(session, "GET");
    expect(answer).toMatchObject({ ":status": 200, text: JSON.stringify(FLOWS) });
    expect(answer).not.toHaveProperty("x-not-found");
  });
});
