import { Agent } from "node:http";
import { gzipSync } from "node:zlib";

import { describe, expect, jest, test } from "@jest/globals";
import type { Request, RequestHandler } from "express";

import { answerTo, begin, goodLogin, send, type Received, type Sending } from "../helpers/http-client.js";
import { EXPRESS_VERSIONS, type RunningServer } from "../helpers/hosts.js";
import { LOGIN_TYPE } from "../helpers/login.js";
import { hostOf, middleware, type Options } from "../helpers/test-hosts.js";
import { token } from "../helpers/tokens.js";

const LIMIT = 65_536;
const REJECT = { unknownLoginType: "reject" } as const;

describe.each(EXPRESS_VERSIONS)("%s", (_, express) => {
  const handler = jest.fn<RequestHandler>((_req, res) => {
    res.status(299).end();
  });
  const start = (options: Options = {}, ...before: readonly RequestHandler[]): Promise<RunningServer> => {
    handler.mockClear();
    return hostOf(express, ...before, middleware(options), handler);
  };
  const post = async (sending: Sending, options: Options = {}): Promise<Received> =>
    send((await start(options)).url, sending);

  describe("are JSON whatever the content type says", () => {
    test.each([
      "application/json",
      "application/json; charset=utf-8",
      "application/x-www-form-urlencoded",
      "text/plain;charset=UTF-8",
      "text/plain; charset=utf-16",
      "multipart/form-data; boundary=x",
      "application/octet-stream",
      "nonsense",
      "",
      undefined,
    ])("%s", async (type) => {
      const headers = type === undefined ? {} : { "Content-Type": type };
      expect((await post({ body: goodLogin(), headers })).json).toMatchObject({ user_id: "@alice:example.org" });
    });
  });

  describe("arrive in any pieces", () => {
    const submission = (): string => JSON.stringify({ ...(JSON.parse(goodLogin()) as object), device_id: "é😀漢" });
    const bytes = (): Buffer[] => Array.from(Buffer.from(submission()), (byte) => Buffer.of(byte));
    test.each<readonly [string, () => NonNullable<Sending["body"]>]>([
      ["whole, with a length", submission],
      ["whole, chunked", () => [submission()]],
      ["byte by byte, through characters of many bytes", bytes],
      ["with white space around", () => `\r\n\t ${submission()} \n`],
    ])("%s", async (_, body) => {
      expect((await post({ body: body() })).json).toMatchObject({ device_id: "é😀漢" });
    });

    test("each in a packet of its own", async () => {
      const { url } = await start();
      const outgoing = begin(url, { headers: { "Transfer-Encoding": "chunked" } });
      const answer = answerTo(outgoing);
      outgoing.setNoDelay();
      for (const chunk of bytes()) {
        await new Promise<void>((resolve) => {
          outgoing.write(chunk, () => {
            setImmediate(resolve);
          });
        });
      }
      outgoing.end();
      expect((await answer).status).toBe(200);
    });
  });

  describe("that are no logins are refused", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    const latin1 = Buffer.from(JSON.stringify({ type: LOGIN_TYPE, token: "é" }), "latin1");
    const cases: readonly (readonly [string, Sending["body"], string])[] = [
      ["none", undefined, "M_NOT_JSON"],
      ["empty", "", "M_NOT_JSON"],
      ["empty, chunked", [], "M_NOT_JSON"],
      ["white space", "  \n", "M_NOT_JSON"],
      ["text", "hello", "M_NOT_JSON"],
      ["a form", `type=${LOGIN_TYPE}&token=x`, "M_NOT_JSON"],
      ["JSON cut off", goodLogin().slice(0, -1), "M_NOT_JSON"],
      ["JSON and more", `${goodLogin()}{}`, "M_NOT_JSON"],
      ["JSON after a byte order mark", `\uFEFF${goodLogin()}`, "M_NOT_JSON"],
      ["JSON in UTF-16", Buffer.from(goodLogin(), "utf16le"), "M_NOT_JSON"],
      ["JSON in UTF-16, marked", Buffer.from(`\uFEFF${goodLogin()}`, "utf16le"), "M_NOT_JSON"],
      ["JSON in Latin-1", latin1, "M_NOT_JSON"],
      ["a lone continuation byte", Buffer.from([0x22, 0x80, 0x22]), "M_NOT_JSON"],
      ["an encoded surrogate", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), "M_NOT_JSON"],
      ["JSON with comments", `/**/${goodLogin()}`, "M_NOT_JSON"],
      ["NaN", "NaN", "M_NOT_JSON"],
      ["a list", `[${goodLogin()}]`, "M_BAD_JSON"],
      ["null", "null", "M_BAD_JSON"],
      ["true", "true", "M_BAD_JSON"],
      ["a number", "1", "M_BAD_JSON"],
      ["a string", JSON.stringify(goodLogin()), "M_BAD_JSON"],
      ["60 kB of brackets", "[".repeat(60_000), "M_NOT_JSON"],
      ["60 kB of brackets that close", nested(30_000), "M_BAD_JSON"],
    ];
    test.each(cases)("%s", async (_, body, errcode) => {
      const sending = body === undefined ? {} : { body };
      const { status, json } = await post(sending, { unknownLoginType: "reject" });
      expect({ status, json }).toEqual({ status: 400, json: { errcode, error: expect.any(String) } });
      expect(handler).not.toHaveBeenCalled();
    });
    test.each(cases)("%s, unless the host has them", async (_, body) => {
      expect((await post(body === undefined ? {} : { body })).status).toBe(299);
    });

    test("deeply nested ones with the error of the field that they are in", async () => {
      const deep = nested(30_000);
      const typed = (field: string): string => `{"type":"${LOGIN_TYPE}","${field}":${deep}}`;
      expect(await post({ body: typed("token") })).toMatchObject({ status: 403, json: { errcode: "M_FORBIDDEN" } });
      const device = await post({ body: typed("device_id") });
      expect(device).toMatchObject({ status: 400, json: { errcode: "M_INVALID_PARAM" } });
      const type = await post({ body: `{"type":${deep}}` }, REJECT);
      expect(type).toMatchObject({ status: 400, json: { errcode: "M_INVALID_PARAM" } });
    });
  });

  describe("longer than the limit", () => {
    const padded = (length: number): string => goodLogin().padEnd(length, " ");
    /** So that bytes and characters are told apart. */
    const wide = (bytes: number): string => {
      const start = `${goodLogin().slice(0, -1)},"note":"`;
      const free = bytes - start.length - 2;
      return `${start}${"é".repeat(free / 2)}${"x".repeat(free % 2)}"}`;
    };
    test.each<readonly [string, Sending["body"], Options, number]>([
      ["as long as the limit", padded(LIMIT), {}, 200],
      ["one byte longer", padded(LIMIT + 1), {}, 413],
      ["as long as the limit, chunked", [padded(LIMIT)], {}, 200],
      ["one byte longer, chunked", [padded(LIMIT + 1)], {}, 413],
      ["one byte longer, in a chunk of its own", [padded(LIMIT), " "], {}, 413],
      ["as long as the limit in bytes, not characters", wide(LIMIT), {}, 200],
      ["longer in bytes, not in characters", wide(LIMIT + 1), {}, 413],
      ["longer in bytes, not in characters, chunked", [wide(LIMIT + 1)], {}, 413],
      ["within a limit of the host's", padded(9_000), { bodyLimit: 9_000 }, 200],
      ["over a limit of the host's", padded(9_001), { bodyLimit: 9_000 }, 413],
      ["over a limit of the host's, chunked", [padded(9_001)], { bodyLimit: 9_000 }, 413],
      ["within a raised limit", padded(100_000), { bodyLimit: 100_000 }, 200],
      ["a megabyte that isn't even JSON", "x".repeat(1_048_576), {}, 413],
      ["a megabyte that isn't even JSON, chunked", ["x".repeat(1_048_576)], {}, 413],
    ])("%s", async (_, body, options, status) => {
      const answer = await post({ body: body ?? "" }, { ...options, ...REJECT });
      expect(answer.status).toBe(status);
      if (status === 413) expect(answer.json).toEqual({ errcode: "M_TOO_LARGE", error: expect.any(String) });
      expect(handler).not.toHaveBeenCalled();
      expect((await post({ body: body ?? "" }, options)).status).toBe(status === 413 ? 299 : status);
    });

    test("are refused whatever their login type", async () => {
      const body = JSON.stringify({ type: "m.login.password", password: "x".repeat(LIMIT) });
      expect((await post({ body }, REJECT)).status).toBe(413);
      expect((await post({ body: [body] }, REJECT)).status).toBe(413);
      expect(handler).not.toHaveBeenCalled();
    });

    test.each<readonly [string, Sending["body"]]>([
      ["with a length", "x".repeat(300_000)],
      ["chunked", Array.from({ length: 30 }, () => "x".repeat(10_000))],
    ])("leave the connection fit for the next request: %s", async (_, body) => {
      for (const [options, status] of [
        [REJECT, 413],
        [{}, 299],
      ] as const) {
        const { url, server } = await start(options);
        const connections = jest.fn();
        server.on("connection", connections);
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        expect((await send(url, { body: body ?? "", agent })).status).toBe(status);
        expect((await send(url, { body: goodLogin(), agent })).status).toBe(200);
        expect((await send(url, { body: [goodLogin()], agent })).status).toBe(200);
        expect(connections).toHaveBeenCalledTimes(1);
        agent.destroy();
      }
    });

    test("without an end are answered at the limit, and what follows is thrown away", async () => {
      const requests: Request[] = [];
      const { url } = await start(REJECT, (req, _res, next) => {
        requests.push(req);
        next();
      });
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const outgoing = begin(url, { headers: { "Transfer-Encoding": "chunked" }, agent });
      const answer = new Promise<number | undefined>((resolve, reject) => {
        outgoing.on("error", reject).on("response", (response) => {
          response.resume();
          resolve(response.statusCode);
        });
      });
      const chunk = Buffer.alloc(16_384, "[");
      const state = { answered: false };
      const write = (): Promise<void> =>
        new Promise((resolve) => {
          outgoing.write(chunk, () => {
            setImmediate(resolve);
          });
        });
      void answer.finally(() => {
        state.answered = true;
      });
      while (!state.answered) await write();
      expect(await answer).toBe(413);
      for (let i = 0; i < 200; i += 1) {
        await write();
        expect(requests[0]?.readableLength).toBeLessThanOrEqual(2 * LIMIT);
      }
      outgoing.end();
      expect((await send(url, { body: goodLogin(), agent })).status).toBe(200);
      expect(handler).not.toHaveBeenCalled();
      agent.destroy();
    });
  });

  describe("that are refused or answered are read to their end", () => {
    test.each<readonly [string, Sending, Options, number]>([
      ["a login", { body: [goodLogin()] }, {}, 200],
      ["a refused login", { body: JSON.stringify({ type: LOGIN_TYPE, token: "x" }) }, {}, 403],
      ["not JSON", { body: ["x".repeat(40_000)] }, { unknownLoginType: "reject" }, 400],
      [
        "encoded",
        { body: gzipSync(goodLogin()), headers: { "Content-Encoding": "gzip" } },
        { unknownLoginType: "reject" },
        400,
      ],
    ])("%s", async (_, sending, options, status) => {
      const requests: Request[] = [];
      const { url } = await start(options, (req, _res, next) => {
        requests.push(req);
        next();
      });
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let i = 0; i < 3; i += 1) expect((await send(url, { ...sending, agent })).status).toBe(status);
      expect(requests.map(({ complete, readableLength }) => ({ complete, readableLength }))).toEqual(
        Array.from({ length: 3 }, () => ({ complete: true, readableLength: 0 })),
      );
      agent.destroy();
    });
  });

  test("are read after a wait for a 100 (Continue)", async () => {
    const { url } = await start();
    const body = goodLogin();
    const outgoing = begin(url, { headers: { Expect: "100-continue", "Content-Length": body.length } });
    const answer = answerTo(outgoing);
    outgoing.on("continue", () => outgoing.end(body));
    outgoing.flushHeaders();
    expect((await answer).status).toBe(200);
  });

  describe("in a content coding", () => {
    const gzip = { "Content-Encoding": "gzip" };
    test.each(["gzip", "GZIP", " br ", "deflate", "identity, gzip", "x-unheard-of"])(
      "%s are the host's",
      async (coding) => {
        const headers = { "Content-Encoding": coding };
        expect((await post({ body: gzipSync(goodLogin()), headers })).status).toBe(299);
      },
    );
    test.each(["identity", "Identity", " identity ", ""])("%j are ours", async (coding) => {
      expect((await post({ body: goodLogin(), headers: { "Content-Encoding": coding } })).status).toBe(200);
    });
    test("are refused if unknown login types are", async () => {
      const answer = await post({ body: gzipSync(goodLogin()), headers: gzip }, { unknownLoginType: "reject" });
      expect(answer).toMatchObject({ status: 400, json: { errcode: "M_NOT_JSON" } });
      expect(handler).not.toHaveBeenCalled();
    });
    test("are nothing if there is no body", async () => {
      expect(await post({ headers: gzip }, REJECT)).toMatchObject({ status: 400, json: { errcode: "M_NOT_JSON" } });
    });
  });

  test("that name a type twice count by the last, as JSON.parse has it", async () => {
    const body = `{"type":"m.login.password",${JSON.stringify({ type: LOGIN_TYPE, token: token() }).slice(1)}`;
    expect((await post({ body })).status).toBe(200);
  });
});
