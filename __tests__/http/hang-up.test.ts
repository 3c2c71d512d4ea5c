import { connect, type Socket } from "node:net";

import { describe, expect, jest, test } from "@jest/globals";
import type { Request, RequestHandler, Response } from "express";

import { answerTo, begin, goodLogin, send } from "../helpers/http-client.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { LOGIN_PATH, LOGIN_TYPE, optionsWith } from "../helpers/login.js";
import { hostOf, middleware } from "../helpers/test-hosts.js";
import { token } from "../helpers/tokens.js";
import { until } from "../helpers/until.js";

interface Seen {
  readonly req: Request;
  readonly res: Response;
  readonly listeners: Readonly<Record<string, number>>;
}

const EVENTS = ["readable", "data", "end", "error", "close", "aborted", "pause", "resume"];
const OTHER = JSON.stringify({ type: "m.login.password" });

describe.each(EXPRESS_VERSIONS)("%s", (_, express) => {
  const handler = jest.fn<RequestHandler>((_req, res) => {
    res.status(299).end();
  });

  /** A host, and its requests as they come, before our middleware sees them. */
  const watched = async (mw: RequestHandler): Promise<{ url: string; seen: Promise<Seen> }> => {
    handler.mockClear();
    let see: (seen: Seen) => void;
    const seen = new Promise<Seen>((resolve) => {
      see = resolve;
    });
    const { url } = await hostOf(
      express,
      (req, res, next) => {
        see({ req, res, listeners: listenersOf(req) });
        next();
      },
      mw,
      handler,
    );
    return { url, seen };
  };

  test("the client's address is read before its body, as a connection that is reset has none", async () => {
    const clientAddress = jest.fn(() => "192.0.2.1");
    const { url } = await hostOf(express, middleware({ clientAddress }), handler);
    const outgoing = begin(url, { headers: { "Transfer-Encoding": "chunked" } });
    const answer = answerTo(outgoing);
    outgoing.flushHeaders();
    await until(() => clientAddress.mock.calls.length === 1);
    outgoing.end(goodLogin());
    expect((await answer).status).toBe(200);
    expect(clientAddress).toHaveBeenCalledTimes(1);
  });

  test.each([
    ["before any of the body", "Content-Length: 100", ""],
    ["in a body with a length", "Content-Length: 100", '{"type":'],
    ["in a chunk", "Transfer-Encoding: chunked", '20\r\n{"type":'],
    ["between two chunks", "Transfer-Encoding: chunked", '8\r\n{"type":\r\n'],
    ["before the last chunk", "Transfer-Encoding: chunked", `2\r\n{}\r\n`],
  ])("a client that hangs up %s is forgotten", async (_, header, body) => {
    const { url, seen } = await watched(middleware());
    const socket = hangingOn(url, `${header}\r\n\r\n${body}`);
    const { req, listeners } = await seen;
    const closed = new Promise((resolve) => req.on("close", resolve));
    if (body !== "") await turns(3);
    socket.destroy();
    await closed;
    await turns(3);
    req.removeAllListeners("close");
    expect(listenersOf(req)).toEqual({ ...listeners, close: 0 });
    expect(handler).not.toHaveBeenCalled();
    expect((await send(url, { body: goodLogin() })).status).toBe(200);
  });

  test("a client that is gone before we are asked is not read", async () => {
    handler.mockClear();
    let sawClose: (req: Request) => void = () => undefined;
    const gone = new Promise<Request>((resolve) => {
      sawClose = resolve;
    });
    const { url } = await hostOf(
      express,
      (req, _res, next) => {
        if (req.headers["content-length"] !== "100") {
          next();
          return;
        }
        req.on("error", () => undefined);
        req.on("close", () => {
          next();
          sawClose(req);
        });
        req.socket.destroy();
      },
      middleware(),
      handler,
    );
    hangingOn(url, "Content-Length: 100\r\n\r\n{");
    const req = await gone;
    await turns(3);
    expect(req.listenerCount("readable")).toBe(0);
    expect(handler).not.toHaveBeenCalled();
    expect((await send(url, { body: goodLogin() })).status).toBe(200);
  });

  test.each([
    ["handed on", OTHER, 299],
    ["handed on, chunked", [OTHER], 299],
    ["answered", JSON.stringify({ type: LOGIN_TYPE }), 403],
    ["too long", "x".repeat(70_000), 299],
    ["too long, chunked", ["x".repeat(70_000)], 299],
    ["not JSON", ["x"], 299],
  ])("no listener is left on a request that was %s", async (_, body, status) => {
    const { url, seen } = await watched(middleware());
    expect((await send(url, { body })).status).toBe(status);
    // Node has listeners of its own, so the measure is a request that nobody touched; one fewer where ours has ended.
    const untouched = await watched((_req, _res, next) => {
      next();
    });
    await send(untouched.url, { body });
    const left = listenersOf((await seen).req);
    const nodes = listenersOf((await untouched.seen).req);
    expect(Object.entries(left).filter(([event, count]) => count > Number(nodes[event]))).toEqual([]);
  });

  test("no listener of ours is there when the host reads", async () => {
    const { url, seen } = await watched(middleware());
    let counts: unknown;
    handler.mockImplementationOnce((req, res) => {
      counts = listenersOf(req);
      res.status(299).end();
    });
    await send(url, { body: OTHER });
    expect(counts).toEqual((await seen).listeners);
  });

  test("a host whose client hangs up after it was handed on sees that itself", async () => {
    const { url, seen } = await watched(middleware());
    const called = new Promise<Request>((resolve) => {
      handler.mockImplementationOnce((req) => {
        resolve(req);
      });
    });
    const socket = hangingOn(url, `Content-Length: ${String(OTHER.length)}\r\n\r\n${OTHER}`);
    await called;
    const { res } = await seen;
    const closed = new Promise((resolve) => res.on("close", resolve));
    socket.destroy();
    await closed;
    expect(res.writableFinished).toBe(false);
  });

  test("a client that hangs up during its login stops nothing half-way", async () => {
    const begun = deferred();
    const goOn = deferred();
    const loggedIn = deferred();
    const issueToken = jest.fn(() => ({ accessToken: "x" }));
    const { url, seen } = await watched(
      middleware({
        findUser: async (userId, login) => {
          begun.resolve();
          await goOn.promise;
          return optionsWith().findUser(userId, login);
        },
        issueToken,
        onLogin: () => {
          loggedIn.resolve();
        },
      }),
    );
    const body = JSON.stringify({ type: LOGIN_TYPE, token: token() });
    const socket = hangingOn(url, `Content-Length: ${String(body.length)}\r\n\r\n${body}`);
    await begun.promise;
    const { res } = await seen;
    const closed = new Promise((resolve) => res.on("close", resolve));
    socket.destroy();
    await closed;
    goOn.resolve();
    await loggedIn.promise;
    await turns(3);
    expect(issueToken).toHaveBeenCalledTimes(1);
    expect(handler).not.toHaveBeenCalled();
  });

  test("a client that hangs up before the host's flows are whole is nobody's trouble", async () => {
    handler.mockClear();
    const { url, seen } = await watched(middleware());
    const called = deferred();
    handler.mockImplementationOnce((_req, res) => {
      res.write('{"flows":');
      called.resolve();
    });
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write(`GET ${LOGIN_PATH} HTTP/1.1\r\nHost: example.org\r\n\r\n`);
    await called.promise;
    const { res } = await seen;
    const closed = new Promise((resolve) => res.on("close", resolve));
    socket.destroy();
    await closed;
    res.end("[]}");
    await turns(3);
    expect((await send(url, { body: goodLogin() })).status).toBe(200);
  });
});

/** Posts to the login endpoint, and leaves the connection open. */
function hangingOn(url: string, rest: string): Socket {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  socket.write(`POST ${LOGIN_PATH} HTTP/1.1\r\nHost: example.org\r\n${rest}`);
  return socket;
}

function listenersOf(req: Request): Record<string, number> {
  return Object.fromEntries(EVENTS.map((event) => [event, req.listenerCount(event)]));
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await new Promise(setImmediate);
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
