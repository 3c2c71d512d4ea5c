import { createServer } from "node:http";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";

import { getConnInfo } from "@hono/node-server/conninfo";
import { serve } from "@hono/node-server";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { Hono } from "hono";
import { createFetchHandler, type FetchContext, type FetchHandler, type VerifiedLogin } from "matrix-jwt-login";
import { RateLimiterMemory } from "rate-limiter-flexible";

import { recordingLogger } from "../helpers/core.js";
import { goodLogin, send, valuesOf, type Sending } from "../helpers/http-client.js";
import { serveForTest, type Options } from "../helpers/test-hosts.js";
import { LOGIN_PATH, LOGIN_TYPE, optionsWith, type User } from "../helpers/login.js";
import { servesEveryLogin } from "../hosts/helpers/whole-host.js";
import { POSTS } from "../hosts/helpers/not-ours.js";
import { answerTo, LOGGED_IN, PASSWORD_FLOW } from "../hosts/helpers/whole-host.js";

const ORIGIN = "http://example.org";
const URL_OF_LOGIN = ORIGIN + LOGIN_PATH;
const FLOWS = { flows: [{ type: LOGIN_TYPE }] };
const THEIRS = { flows: [PASSWORD_FLOW, PASSWORD_FLOW], note: "é" };
const MERGED = { ...THEIRS, flows: [...THEIRS.flows, { type: LOGIN_TYPE }] };

const handlerOf = (options: Options = {}): FetchHandler => createFetchHandler<User>(optionsWith({}, options));
type Body = ConstructorParameters<typeof Response>[0];
const post = (body: NonNullable<Body> | null, init: RequestInit = {}): Request =>
  new Request(URL_OF_LOGIN, { method: "POST", body, ...init });

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** As the page docs/hosts/hono.md has it. */
async function honoHost(login: FetchHandler): Promise<string> {
  const app = new Hono();
  app.use(async (c, next) => {
    const answer = await login(c.req.raw, {
      ip: getConnInfo(c).remote.address,
      next: async (request) => {
        c.req.raw = request;
        await next();
        return c.res;
      },
    });
    if (answer !== undefined) c.res = answer;
  });
  app.get(LOGIN_PATH, (c) => c.json({ flows: [PASSWORD_FLOW] }));
  app.post(LOGIN_PATH, async (c) => {
    const { status, body } = answerTo(await c.req.json());
    return c.json(body, status as 200);
  });
  return new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => {
      resolve(`http://127.0.0.1:${String(port)}`);
    });
    closing.push(() => server.close());
  });
}

/** A bridge from node:http, of a host without a framework. */
async function bridgedHost(login: FetchHandler): Promise<string> {
  const own = async (request: Request): Promise<Response> => {
    if (request.method === "GET") return Response.json({ flows: [PASSWORD_FLOW] });
    const { status, body } = answerTo(await request.json());
    return Response.json(body, { status });
  };
  const server = createServer((req, res) => {
    const { method = "GET", url = "/" } = req;
    const hasBody = method !== "GET" && method !== "HEAD";
    const request = new Request(ORIGIN + url, {
      method,
      headers: req.headers as Record<string, string>,
      body: hasBody ? Readable.toWeb(req) : null,
      duplex: "half",
    });
    login(request, { ip: req.socket.remoteAddress, next: own }).then(
      async (response) => {
        res.writeHead(response?.status ?? 404, Object.fromEntries(response?.headers ?? []));
        res.end(await response?.text());
      },
      () => res.destroy(),
    );
  });
  return (await serveForTest((req, res) => server.emit("request", req, res))).url;
}

describe.each([
  ["Hono on @hono/node-server", honoHost],
  ["a bridge from node:http", bridgedHost],
])("createFetchHandler under %s", (_, host) => {
  servesEveryLogin(() => host(handlerOf()));

  test("limits logins by the address that comes with the request", async () => {
    const limiter = new RateLimiterMemory({ points: 2, duration: 60 });
    const consume = jest.spyOn(limiter, "consume");
    const url = await host(handlerOf({ rateLimits: { address: limiter } }));
    const statuses: number[] = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await send(url, { body: goodLogin() })).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect(consume).toHaveBeenCalledWith("address:127.0.0.1");
  });

  test.each<readonly [string, Sending, number, string]>([
    ["no token", { body: JSON.stringify({ type: LOGIN_TYPE }) }, 403, "M_FORBIDDEN"],
    [
      "a device that is no string",
      { body: JSON.stringify({ type: LOGIN_TYPE, device_id: 1 }) },
      400,
      "M_INVALID_PARAM",
    ],
    ["no JSON", { body: ["x"] }, 400, "M_NOT_JSON"],
    ["no body", {}, 400, "M_NOT_JSON"],
    ["a list", { body: "[]" }, 400, "M_BAD_JSON"],
    ["another type", { body: '{"type":"x"}' }, 400, "M_UNKNOWN"],
    ["a long body", { body: "x".repeat(65_537) }, 413, "M_TOO_LARGE"],
    ["a long body, chunked", { body: ["x".repeat(65_000), "x".repeat(65_000)] }, 413, "M_TOO_LARGE"],
    ["an encoded body", { body: gzipSync(goodLogin()), headers: { "Content-Encoding": "gzip" } }, 400, "M_NOT_JSON"],
  ])("refuses %s alone", async (_, sending, status, errcode) => {
    const url = await host(handlerOf({ unknownLoginType: "reject" }));
    const answer = await send(url, sending);
    expect(answer).toMatchObject({ status, json: { errcode, error: expect.any(String) } });
    expect(valuesOf(answer, "Cache-Control")).toEqual(["no-store"]);
    expect(valuesOf(answer, "Access-Control-Allow-Origin")).toEqual(["*"]);
  });

  test("leaves a long login to the host", async () => {
    const url = await host(handlerOf());
    const body = JSON.stringify({ type: PASSWORD_FLOW.type, password: "open sesame", note: "x".repeat(200_000) });
    for (const sent of [body, [body]]) {
      expect(await send(url, { body: sent })).toMatchObject({ status: 200, json: LOGGED_IN });
    }
  });
});

describe("createFetchHandler", () => {
  const next = jest.fn<NonNullable<FetchContext["next"]>>();
  afterEach(() => {
    next.mockReset();
  });

  test.each(POSTS.filter(({ body }) => Number(body?.length) < 100_000))(
    "hands on what is not ours with its body unread: $name",
    async ({ headers, body }) => {
      next.mockImplementation(async (request) => {
        expect(request.bodyUsed).toBe(false);
        return new Response(await request.arrayBuffer(), { status: 299, headers: request.headers });
      });
      const request = post(body as never, { headers });
      const answer = await handlerOf()(request, { next });
      expect(next.mock.calls).toEqual([[request]]);
      expect(answer?.status).toBe(299);
      expect(Buffer.from((await answer?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(body);
    },
  );

  test.each<readonly [string, Request]>([
    ["another path", new Request(ORIGIN)],
    ["a path below", new Request(`${URL_OF_LOGIN}/get_token`)],
    ["another method", new Request(URL_OF_LOGIN, { method: "PUT" })],
    ["another login type", post('{"type":"x"}')],
    ["no body", post(null)],
  ])("gives nothing for %s without what comes next", async (_, request) => {
    await expect(handlerOf()(request)).resolves.toBeUndefined();
  });

  test("answers flows and preflights alone without what comes next", async () => {
    const login = handlerOf();
    for (const path of ["api/v1", "r0", "v3", "unstable"]) {
      const answer = await login(new Request(`${ORIGIN}/_matrix/client/${path}/login?a=b`));
      expect(await answer?.json()).toEqual(FLOWS);
    }
    const head = await login(new Request(URL_OF_LOGIN, { method: "HEAD" }));
    expect([head?.status, head?.headers.get("content-length"), await head?.text()]).toEqual([
      200,
      String(JSON.stringify(FLOWS).length),
      "",
    ]);
    expect((await login(new Request(URL_OF_LOGIN, { method: "OPTIONS" })))?.status).toBe(204);
    const without = handlerOf({ cors: false });
    await expect(without(new Request(URL_OF_LOGIN, { method: "OPTIONS" }))).resolves.toBeUndefined();
    expect((await without(post(goodLogin())))?.headers.has("access-control-allow-origin")).toBe(false);
  });

  test("answers flows alone if it is to replace the host's", async () => {
    const answer = await handlerOf({ flows: "replace" })(new Request(URL_OF_LOGIN), { next });
    expect(await answer?.json()).toEqual(FLOWS);
    expect(next).not.toHaveBeenCalled();
  });

  describe.each(["GET", "HEAD"])("%s", (method) => {
    const ask = async (own: Response | undefined, options: Options = {}): Promise<Response> => {
      next.mockResolvedValue(own);
      const headers = { "If-None-Match": "*", "Accept-Encoding": "gzip", "X-Other": "1" };
      const answer = await handlerOf(options)(new Request(URL_OF_LOGIN, { method, headers }), { next });
      const [[asked] = []] = next.mock.calls;
      expect(asked?.method).toBe("GET");
      expect(Object.fromEntries(asked?.headers ?? [])).toEqual({ "x-other": "1" });
      return answer ?? Response.error();
    };
    const bodyOf = (json: object): string => (method === "HEAD" ? "" : JSON.stringify(json));

    test("adds our flows to the host's, and drops what was said of the body", async () => {
      const stale = { ETag: '"x"', "Content-Digest": "sha-256=:x:", "Last-Modified": "x", "Content-Length": "1" };
      const headers = new Headers({ ...stale, "X-Of-The-Host": "1", "Access-Control-Allow-Origin": "https://a" });
      headers.append("Set-Cookie", "a=1");
      headers.append("Set-Cookie", "b=2");
      const answer = await ask(new Response(JSON.stringify(THEIRS), { statusText: "Fine", headers }));
      expect([answer.status, answer.statusText]).toEqual([200, "Fine"]);
      expect(await answer.text()).toBe(bodyOf(MERGED));
      expect(answer.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "x-of-the-host": "1",
        "access-control-allow-origin": "https://a",
        "cache-control": "no-store",
        "content-length": String(Buffer.byteLength(JSON.stringify(MERGED))),
      });
      for (const name of ["etag", "content-digest", "last-modified"]) expect(answer.headers.has(name)).toBe(false);
    });

    test.each<readonly [string, Response | undefined]>([
      ["nothing", undefined],
      ["404", new Response("no", { status: 404, headers: { Allow: "POST", Vary: "Origin", "Set-Cookie": "a=1" } })],
      ["405", new Response("no", { status: 405, headers: { Vary: "Origin", "Set-Cookie": "a=1" } })],
    ])("gives ours if the host has none: %s", async (_, own) => {
      const answer = await ask(own);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe(bodyOf(FLOWS));
      expect(answer.headers.has("allow")).toBe(false);
      expect(answer.headers.get("vary")).toBe(own === undefined ? null : "Origin");
      expect(answer.headers.getSetCookie()).toEqual(own === undefined ? [] : ["a=1"]);
      expect(answer.headers.get("access-control-allow-origin")).toBe("*");
      expect((await ask(own, { cors: false })).headers.has("access-control-allow-origin")).toBe(false);
    });

    test.each<readonly [string, () => Response]>([
      ["another status", () => Response.json(THEIRS, { status: 403 })],
      ["no flows", () => Response.json({})],
      ["no JSON", () => new Response("x")],
      ["nothing", () => new Response(null, { headers: { "Content-Type": "text/html" } })],
      ["encoded", () => Response.json(THEIRS, { headers: { "Content-Encoding": "gzip" } })],
      ["over a mebibyte", () => new Response(`${JSON.stringify(THEIRS)}${" ".repeat(1_048_576)}`)],
    ])("leaves what lists no flows as it is: %s", async (_, own) => {
      const answer = own();
      expect(await ask(answer)).toBe(answer);
      expect(answer.bodyUsed).toBe(false);
      expect(await answer.text()).toBe(await own().text());
    });

    test("leaves what somebody has read as it is", async () => {
      const answer = Response.json(THEIRS);
      await answer.text();
      expect(await ask(answer)).toBe(answer);
    });
  });

  test("a host that writes no body for HEAD has its headers made right, but for the length", async () => {
    next.mockResolvedValue(
      new Response(null, { headers: { "Content-Type": "application/json", "Content-Length": "39" } }),
    );
    const answer = await handlerOf()(new Request(URL_OF_LOGIN, { method: "HEAD" }), { next });
    expect(Object.fromEntries(answer?.headers ?? [])).toMatchObject({ "cache-control": "no-store" });
    expect(answer?.headers.has("content-length")).toBe(false);
  });

  test("tells the callbacks of the request, the address and the User-Agent", async () => {
    let seen: VerifiedLogin<Request> | undefined;
    const login = createFetchHandler<User>({
      ...optionsWith(),
      findUser: (_userId, verified) => {
        seen = verified;
        return { id: "alice" };
      },
      clientAddress: (request) => request.headers.get("x-real-ip") ?? undefined,
    });
    const request = post(goodLogin(), { headers: { "User-Agent": "a client", "X-Real-IP": "192.0.2.2" } });
    await login(request.clone(), { ip: "192.0.2.1" });
    expect(seen).toMatchObject({ ip: "192.0.2.1", userAgent: "a client" });
    await login(request);
    expect(seen).toMatchObject({ ip: "192.0.2.2", req: request });
    await login(post(goodLogin()));
    expect(seen).not.toHaveProperty("ip");
    expect(seen).not.toHaveProperty("userAgent");
  });

  test("leaves a long body to a host that does not want it either", async () => {
    const cancel = jest.fn(() => Promise.reject(new Error("can't be cancelled")));
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      controller.enqueue(new Uint8Array(40_000));
    };
    next.mockImplementation(async (request) => {
      await request.body?.cancel().catch(() => undefined);
      return new Response(null, { status: 299 });
    });
    const request = post(new ReadableStream({ pull, cancel }), { duplex: "half" });
    expect((await handlerOf()(request, { next }))?.status).toBe(299);
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  test("leaves a body that somebody has read to the host", async () => {
    const request = post(goodLogin());
    await request.text();
    next.mockResolvedValue(new Response(null, { status: 299 }));
    expect((await handlerOf({ unknownLoginType: "reject" })(request, { next }))?.status).toBe(299);
  });

  test("leaves a body that somebody is reading to the host", async () => {
    const request = post(goodLogin());
    request.body?.getReader();
    next.mockResolvedValue(new Response(null, { status: 299 }));
    expect((await handlerOf({ unknownLoginType: "reject" })(request, { next }))?.status).toBe(299);
  });

  describe("a client that has hung up", () => {
    const findUser = jest.fn(() => ({ id: "alice" }));
    test.each<readonly [string, () => Request]>([
      ["before", () => post(goodLogin(), { signal: AbortSignal.abort() })],
      [
        "within its body",
        () =>
          post(
            new ReadableStream({
              pull(controller) {
                controller.error(new Error("aborted"));
              },
            }),
            { duplex: "half" },
          ),
      ],
    ])("%s has no token verified, and is not handed on", async (_, request) => {
      findUser.mockClear();
      const answer = await handlerOf({ findUser })(request(), { next });
      expect(answer?.status).toBe(499);
      expect(findUser).not.toHaveBeenCalled();
      expect(next).not.toHaveBeenCalled();
    });
  });

  test("what a callback throws is 500, and what comes next throws is the host's", async () => {
    const logger = recordingLogger();
    const cause = new Error("broken");
    const clientAddress = (): never => {
      throw cause;
    };
    expect((await handlerOf({ logger, clientAddress })(post(goodLogin())))?.status).toBe(500);
    expect(logger.lines).toEqual([{ level: "error", message: cause }]);
    next.mockRejectedValue(cause);
    await expect(handlerOf()(post("x"), { next })).rejects.toBe(cause);
  });

  test("its core is the login that it answers with", async () => {
    const login = handlerOf();
    expect(login.jwtLogin.flows).toEqual(FLOWS.flows);
    const submission = { ...(JSON.parse(goodLogin()) as object), device_id: "D" };
    expect(await (await login(post(JSON.stringify(submission))))?.json()).toEqual(
      await login.jwtLogin.login(submission),
    );
  });
});
