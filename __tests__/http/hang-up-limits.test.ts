import { connect, type Socket } from "node:net";

import { describe, expect, jest, test } from "@jest/globals";
import { matrixJwtLogin } from "matrix-jwt-login";
import { RateLimiterMemory } from "rate-limiter-flexible";

import { send } from "../helpers/http-client.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { LOGIN_PATH, LOGIN_TYPE, optionsWith } from "../helpers/login.js";
import { hostOf, serveForTest, type Options } from "../helpers/test-hosts.js";
import { token } from "../helpers/tokens.js";

const REQUESTS = 40;
const POINTS = 5;

/** How a client goes. */
const GOING: readonly (readonly [string, (socket: Socket) => void])[] = [
  ["reset", (socket) => socket.resetAndDestroy()],
  ["close", (socket) => socket.destroy()],
  ["end and close", (socket) => socket.end(() => socket.destroy())],
];

/** When it goes: what it has sent by then of a login. */
const SENT: readonly (readonly [string, (head: string, body: string) => string])[] = [
  ["before the body", (head) => head],
  ["within the body", (head, body) => head + body.slice(0, 50)],
  ["after the body", (head, body) => head + body],
];

describe.each([...EXPRESS_VERSIONS, ["node:http", undefined] as const])("%s, limits used up", (_, express) => {
  const start = async (options: Options) => {
    const calls = jest.fn();
    const authorize = (): boolean => {
      calls();
      return true;
    };
    const called = {
      findUser: () => {
        calls();
        return { id: "alice" };
      },
      onLogin: () => calls(),
    };
    const mw = matrixJwtLogin(optionsWith({ authorize }, { ...called, ...options }));
    const { url } = express === undefined ? await serveForTest(mw) : await hostOf(express, mw);
    return { url, calls };
  };

  describe.each(GOING)("clients that %s", (_, go) => {
    test.each(SENT)("%s have no token verified", async (_, sent) => {
      const limiter = new RateLimiterMemory({ points: POINTS, duration: 600 });
      const { url, calls } = await start({ rateLimits: { address: limiter } });
      const body = JSON.stringify({ type: LOGIN_TYPE, token: token() });
      for (let i = 0; i < POINTS; i += 1) expect((await send(url, { body })).status).toBe(200);
      calls.mockClear();
      await Promise.all(
        Array.from({ length: REQUESTS }, () => hangUp(url, (head) => sent(head, body), body.length, go)),
      );
      expect((await send(url, { body })).status).toBe(429);
      expect(calls).not.toHaveBeenCalled();
    });
  });

  test("a client that is gone while its limit is asked has no token verified", async () => {
    let asked: () => void = () => undefined;
    let answer: () => void = () => undefined;
    const wasAsked = new Promise<void>((resolve) => (asked = resolve));
    const consume = (): Promise<void> => {
      asked();
      return new Promise((resolve) => (answer = resolve));
    };
    const { url, calls } = await start({ rateLimits: { address: { consume } } });
    const body = JSON.stringify({ type: LOGIN_TYPE, token: token() });
    const socket = open(url);
    socket.write(headOf(body.length) + body);
    await wasAsked;
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.resetAndDestroy();
    await closed;
    await new Promise((resolve) => setTimeout(resolve, 50));
    answer();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(calls).not.toHaveBeenCalled();
  });
});

test("a connection that has no peer any more is nobody's, whatever it has sent", async () => {
  const calls = jest.fn(() => undefined);
  const mw = matrixJwtLogin(optionsWith({}, { findUser: calls }));
  const next = jest.fn();
  let done: () => void = () => undefined;
  const handled = new Promise<void>((resolve) => (done = resolve));
  const { url } = await serveForTest((req, res) => {
    // As getpeername says of a connection that was reset.
    Object.defineProperty(req.socket, "remoteAddress", { value: undefined });
    mw(req, res, next);
    setTimeout(() => {
      res.end();
      done();
    }, 50);
  });
  const body = JSON.stringify({ type: LOGIN_TYPE, token: token() });
  await send(url, { body });
  await handled;
  expect(calls).not.toHaveBeenCalled();
  expect(next).not.toHaveBeenCalled();
});

function headOf(length: number): string {
  return `POST ${LOGIN_PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: ${String(length)}\r\n\r\n`;
}

function open(url: string): Socket {
  const { port, hostname } = new URL(url);
  return connect(Number(port), hostname).on("error", () => undefined);
}

async function hangUp(
  url: string,
  sent: (head: string) => string,
  length: number,
  go: (socket: Socket) => void,
): Promise<void> {
  const socket = open(url);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(sent(headOf(length)), () => {
    go(socket);
  });
  await closed;
}
