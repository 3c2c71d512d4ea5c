import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { request, requestJson, within, type Fetch } from "../../lib/remote/request.js";
import { serveJwks, text, type JwksServer } from "../helpers/jwks-server.js";

const LIMITS = { fetch: (url: string, init: RequestInit) => fetch(url, init), maxResponseSize: 1_000 } as {
  fetch: Fetch;
  maxResponseSize: number;
};
const FORM = {
  method: "POST",
  headers: { "content-type": "application/x-www-form-urlencoded", authorization: "Basic YTpi" },
  body: "token=a",
} as const;

let server: JwksServer;
let seen: readonly unknown[] = [];

beforeEach(async () => {
  server = await serveJwks();
  server.answer((req, res) => {
    let body = "";
    req.on("data", (chunk: Buffer) => (body += chunk.toString()));
    req.on("end", () => {
      const { accept, authorization, "content-type": type } = req.headers;
      seen = [req.method, accept, authorization, type, body];
      res.writeHead(200, { "X-Id": "1" }).end('{"active":true}');
    });
  });
});

afterEach(() => server.close());

describe("requestJson", () => {
  test("asks with GET and the type of JSON", async () => {
    expect(await within(5, (signal) => requestJson(server.url, {}, LIMITS, signal))).toEqual({ active: true });
    expect(seen).toEqual(["GET", "application/json", undefined, undefined, ""]);
  });

  test("asks with the method, headers and body that it is given", async () => {
    expect(await within(5, (signal) => requestJson(server.url, FORM, LIMITS, signal))).toEqual({ active: true });
    expect(seen).toEqual(["POST", "application/json", "Basic YTpi", "application/x-www-form-urlencoded", "token=a"]);
  });

  test.each([
    ["a status other than 200", text("{}", 401), "answered with status 401"],
    ["what is not JSON", text("secret"), "answered with something that is not JSON"],
    ["more than fits", text(" ".repeat(1_001)), "answered with more than 1000 bytes"],
  ])("rejects %s", async (_, answer, message) => {
    server.answer(answer);
    const asked = within(5, (signal) => requestJson(server.url, FORM, LIMITS, signal));
    await expect(asked).rejects.toThrow(message);
  });

  test.each([
    ["has no cancel", { read: () => new Promise(() => undefined) }],
    [
      "throws in cancel",
      {
        read: () => new Promise(() => undefined),
        cancel: () => {
          throw new Error("no");
        },
      },
    ],
    ["gives no promise in cancel", { read: () => new Promise(() => undefined), cancel: () => undefined }],
  ])("survives a body whose reader %s", async (_, reader) => {
    const answer = { status: 200, redirected: false, headers: new Headers(), body: { getReader: () => reader } };
    const fetch = (() => Promise.resolve(answer)) as unknown as Fetch;
    const asked = within(0.05, (signal) => requestJson(server.url, {}, { ...LIMITS, fetch }, signal));
    await expect(asked).rejects.toThrow("no complete answer within 0.05 s");
    await new Promise(setImmediate);
  });

  test("rejects a body that is not of bytes, and one that says nothing", async () => {
    for (const value of ["text", undefined, 1]) {
      const body = {
        getReader: () => ({ read: () => Promise.resolve({ done: false, value }), cancel: () => undefined }),
      };
      const answer = { status: 200, redirected: false, headers: new Headers(), body };
      const fetch = (() => Promise.resolve(answer)) as unknown as Fetch;
      const asked = within(5, (signal) => requestJson(server.url, {}, { ...LIMITS, fetch }, signal));
      await expect(asked).rejects.toThrow("answered with a body that is not of bytes");
    }
  });

  test("rejects an answer that takes too long, although its `fetch` does not know of the signal", async () => {
    const deaf: Fetch = () => new Promise(() => undefined);
    const asked = within(0.05, (signal) => requestJson(server.url, {}, { ...LIMITS, fetch: deaf }, signal));
    await expect(asked).rejects.toThrow("no complete answer within 0.05 s");
  });
});

describe("JSON that would block the event loop", () => {
  const LARGE = { ...LIMITS, maxResponseSize: 1_048_576 };
  const ask = () => within(5, (signal) => requestJson(server.url, {}, LARGE, signal));

  test.each([
    ["lists within lists", "[".repeat(101) + "]".repeat(101)],
    ["objects within objects", '{"a":'.repeat(101) + "1" + "}".repeat(101)],
    ["a million brackets", "[".repeat(1_000_000)],
    ["empty objects", `[${"{},".repeat(30_000)}1]`],
    ["members", `{${'"a":1,'.repeat(60_000)}"b":1}`],
    ["numbers", `[${"1,".repeat(60_000)}1]`],
  ])("is not parsed: %s", async (_, body) => {
    server.answer(text(body));
    await expect(ask()).rejects.toThrow("answered with JSON that is too deep or holds too many values");
  });

  test.each([
    ["what is deep enough", "[".repeat(100) + "]".repeat(100)],
    ["brackets and commas in text", JSON.stringify(["[{,\\".repeat(50_000), '"[{,'.repeat(20_000)])],
    ["lists side by side", `[${"[],".repeat(20_000)}1]`],
  ])("is not %s", async (_, body) => {
    server.answer(text(body));
    expect(await ask()).toEqual(JSON.parse(body));
  });
});

describe("request", () => {
  test("gives status, headers and text, whatever the status", async () => {
    server.answer(text('{"error":"invalid_grant"}', 400, { "X-Id": "2" }));
    const answer = await within(5, (signal) => request(server.url, FORM, LIMITS, signal));
    expect(answer).toMatchObject({ status: 400, text: '{"error":"invalid_grant"}' });
    expect([answer.header("x-id"), answer.header("x-none")]).toEqual(["2", null]);
  });

  test("reads no more than fits of an error either", async () => {
    server.answer(text(" ".repeat(1_001), 400));
    const asked = within(5, (signal) => request(server.url, {}, LIMITS, signal));
    await expect(asked).rejects.toThrow("answered with more than 1000 bytes");
  });
});
