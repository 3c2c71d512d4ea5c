import { once } from "node:events";
import {
  Agent,
  createServer,
  request as ask,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from "node:http";
import {
  connect,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

import { afterEach, describe, expect, jest, test } from "@jest/globals";
import express5 from "express";
import express4 from "express4";
import { createFetchHandler, createJwtLogin, matrixJwtLogin, type SsoLogout } from "matrix-jwt-login";

import { recordingLogger } from "../helpers/core.js";
import { serve } from "../helpers/hosts.js";
import { optionsWith } from "../helpers/login.js";
import { until } from "../helpers/until.js";
import { loginTokenIn, TestBrowser } from "./helpers/browser.js";
import { APP, providerForTest, SECRET_FOR_SSO } from "./helpers/host.js";
import { CLIENT } from "./helpers/provider.js";

const REDIRECT = "/_matrix/client/v3/login/sso/redirect/example";
const TO_APP = `${REDIRECT}?redirectUrl=${encodeURIComponent(APP)}`;

jest.setTimeout(30_000);

const open = new Set<() => Promise<void>>();
afterEach(async () => {
  await Promise.all(Array.from(open, (close) => close()));
  open.clear();
});

/** What a server behind `publicBaseUrl` is made with, and what its provider ended. */
async function given(publicBaseUrl: string, more: object = {}) {
  const provider = await providerForTest();
  const logger = recordingLogger();
  const ended: SsoLogout[] = [];
  const example = { name: "Example", issuer: provider.issuer, clientId: CLIENT.id, clientSecret: CLIENT.secret };
  const options = optionsWith(
    {},
    {
      loginTypes: {},
      logger,
      sso: {
        publicBaseUrl,
        secret: SECRET_FOR_SSO,
        identityProviders: { example },
        trustedClients: [APP],
        backchannelLogout: { path: "/logout", endSessions: (logout: SsoLogout) => void ended.push(logout) },
      },
      ...more,
    },
  );
  return { options, logger, ended, provider };
}

/** Serves what is made once the URL is known. */
async function served(make: (url: string) => Promise<RequestListener>): Promise<string> {
  const server: { listener?: RequestListener } = {};
  const { url, close } = await serve((req, res) => server.listener?.(req, res));
  open.add(close);
  server.listener = await make(url);
  return url;
}

describe("single sign-on", () => {
  test("needs nothing but node:http", async () => {
    const url = await served(async (url) => matrixJwtLogin((await given(url)).options));
    expect(loginTokenIn(await new TestBrowser().visit(`${url}${TO_APP}`))).toMatch(/^mjl_/);
  });

  test("is served over HTTP/2, whose host is :authority", async () => {
    const server = createHttp2Server();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    open.add(async () => {
      server.close();
      await once(server, "close");
    });
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const middleware = matrixJwtLogin<string, Http2ServerRequest>((await given(url)).options as never);
    server.on("request", (req: Http2ServerRequest, res: Http2ServerResponse) => {
      middleware(req, res);
    });
    const session = connect(url);
    const stream = session.request({ ":path": TO_APP });
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    await text(stream);
    session.close();
    // Not first sent to publicBaseUrl: it is there.
    expect([headers[":status"], String(headers["location"])]).toEqual([302, expect.stringContaining("/authorize?")]);
  });

  test.each<[string, (url: string) => Promise<(path: string, init?: RequestInit) => Promise<Response | undefined>>]>([
    [
      "Node's own server",
      async () => {
        const url = await served(async (base) => {
          const { options } = await given(base, { clientAddress: faulty });
          return matrixJwtLogin(options);
        });
        return (path, init) => fetch(`${url}${path}`, { ...init, redirect: "manual" });
      },
    ],
    [
      "a Fetch handler",
      async (base) => {
        const handle = createFetchHandler((await given(base, { clientAddress: faulty })).options as never);
        return (path, init) => handle(new Request(`${base}${path}`, init));
      },
    ],
  ])("whose clientAddress throws is a 500 under %s", async (_, make) => {
    const send = await make("http://127.0.0.1:8008");
    const answer = await send(TO_APP);
    expect([answer?.status, await answer?.json()]).toEqual([
      500,
      { errcode: "M_UNKNOWN", error: "Internal server error" },
    ]);
  });

  function faulty(): never {
    throw new Error("no address today");
  }

  test("whose answer can't be sent is the host's error, and ends nobody's process", async () => {
    const errors: unknown[] = [];
    const url = await served(async (base) => {
      const middleware = matrixJwtLogin((await given(base)).options);
      return (req, res) => {
        res.setHeader = () => {
          throw new Error("no headers today");
        };
        middleware(req, res, (error) => {
          errors.push(error);
          res.end("the host's");
        });
      };
    });
    expect(await (await fetch(`${url}${TO_APP}`, { redirect: "manual" })).text()).toBe("the host's");
    expect(errors).toEqual([new Error("no headers today")]);
  });

  test("answers nothing more if the host has given up waiting", async () => {
    const url = await served(async (base) => {
      const middleware = matrixJwtLogin((await given(base)).options);
      return (req, res) => {
        middleware(req, res);
        res.writeHead(504).end("too late");
      };
    });
    const answer = await fetch(`${url}${TO_APP}`, { redirect: "manual" });
    expect([answer.status, await answer.text()]).toEqual([504, "too late"]);
  });

  test("answers HEAD as GET, without the page", async () => {
    const handle = createFetchHandler((await given("http://127.0.0.1:8008")).options as never);
    const answer = await handle(
      new Request(`http://127.0.0.1:8008${TO_APP.replace("/example", "/other")}`, { method: "HEAD" }),
    );
    expect(answer).toBeUndefined();
    const page = await handle(new Request(`http://127.0.0.1:8008${TO_APP}`, { method: "HEAD" }));
    expect([page?.status, await page?.text()]).toEqual([302, ""]);
  });
});

describe("a form", () => {
  const form = (token: string): URLSearchParams => new URLSearchParams({ logout_token: token });

  test.each<[string, () => express5.Express, (app: express5.Express) => void]>([
    ["unread", express5, () => undefined],
    ["parsed by express.urlencoded()", express5, (app) => app.use(express5.urlencoded({ extended: false }))],
    ["read as text", express5, (app) => app.use(express5.text({ type: "*/*" }))],
    ["read as bytes", express5, (app) => app.use(express5.raw({ type: "*/*" }))],
    // Express 4's parsers leave an empty object where they read nothing.
    ["unread behind express.json() of Express 4", express4 as never, (app) => app.use(express4.json() as never)],
  ])("%s is read", async (_, express, before) => {
    let ended: SsoLogout[] = [];
    let token = "";
    const app = express();
    before(app);
    const url = await served(async (base) => {
      const parts = await given(base);
      ended = parts.ended;
      token = parts.provider.logoutToken();
      return app.use(matrixJwtLogin(parts.options) as never) as RequestListener;
    });
    expect((await fetch(`${url}/logout`, { method: "POST", body: form(token) })).status).toBe(200);
    expect(ended).toHaveLength(1);
  });

  test.each([
    ["with an object in brackets", "application/x-www-form-urlencoded", "x[toString]=x"],
    ["that is JSON", "application/json", '{"form":{"toString":1}}'],
    ["that is JSON with a list", "application/json", '{"logout_token":[{"toString":null}]}'],
    ["that is deep JSON", "application/json", `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`],
  ])("%s that a parser made into more than text is 400", async (_, type, body) => {
    let lines: readonly unknown[] = [];
    const app = express5().use(express5.json(), express5.urlencoded({ extended: true }));
    const url = await served(async (base) => {
      const parts = await given(base);
      lines = parts.logger.lines;
      return app.use(matrixJwtLogin(parts.options) as never) as RequestListener;
    });
    const answer = await fetch(`${url}/logout`, { method: "POST", headers: { "Content-Type": type }, body });
    expect(answer.status).toBe(400);
    expect(lines).not.toContainEqual(expect.objectContaining({ level: "error" }));
  });

  test.each([
    ["in one piece", "1000000"],
    ["in pieces", undefined],
  ])("that is too long is refused, %s, and the connection serves the next request", async (_, length) => {
    const url = await served(async (base) => matrixJwtLogin((await given(base, { bodyLimit: 10_000 })).options));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const post = async (body: string): Promise<[number | undefined, boolean]> => {
      const outgoing = ask(`${url}/logout`, { method: "POST", agent });
      if (length !== undefined) outgoing.setHeader("Content-Length", body.length);
      outgoing.write(body.slice(0, 1));
      outgoing.end(body.slice(1));
      const [response] = (await once(outgoing, "response")) as [IncomingMessage];
      await text(response);
      return [response.statusCode, outgoing.reusedSocket];
    };
    expect(await post("a".repeat(1_000_000))).toEqual([413, false]);
    expect(await post("a=b")).toEqual([400, true]);
    agent.destroy();
  });

  test("may be as long as bodyLimit says, and is not waited for if it says that it is longer", async () => {
    const url = await served(async (base) => matrixJwtLogin((await given(base, { bodyLimit: 10_000 })).options));
    expect((await fetch(`${url}/logout`, { method: "POST", body: `a=${"a".repeat(9_998)}` })).status).toBe(400);
    const outgoing = ask(`${url}/logout`, { method: "POST", headers: { "Content-Length": 10_001 } });
    outgoing.flushHeaders();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    expect(response.statusCode).toBe(413);
    outgoing.destroy();
  });

  test("that breaks off is answered to nobody", async () => {
    const closed: boolean[] = [];
    const url = await served(async (base) => {
      const middleware = matrixJwtLogin((await given(base)).options);
      return (req, res) => {
        res.once("close", () => closed.push(res.headersSent));
        middleware(req, res);
      };
    });
    const outgoing = ask(`${url}/logout`, { method: "POST", headers: { "Content-Length": 100 } });
    outgoing.on("error", () => undefined);
    outgoing.write("logout_token=");
    await new Promise((resolve) => setTimeout(resolve, 50));
    outgoing.destroy();
    await until(() => closed.length > 0);
    expect(closed).toEqual([false]);
  });

  test("is still there for the host if the provider is unknown", async () => {
    const url = await served(async (base) => {
      const app = express5().use(matrixJwtLogin((await given(base)).options));
      return app.use(express5.text({ type: "*/*" }), (req, res) => {
        res.send(req.body);
      }) as RequestListener;
    });
    const path = "/_matrix/client/unstable/org.matrix-jwt-login/sso/callback/other";
    const answer = await fetch(`${url}${path}`, { method: "POST", body: "the=host's" });
    expect(await answer.text()).toBe("the=host's");
  });

  test("that somebody has read is none for a Fetch handler", async () => {
    const handle = createFetchHandler((await given("http://127.0.0.1:8008")).options as never);
    const request = new Request("http://127.0.0.1:8008/logout", { method: "POST", body: form("x") });
    await request.text();
    expect((await handle(request))?.status).toBe(400);
  });

  test("that says it is too long is not read by a Fetch handler", async () => {
    const handle = createFetchHandler((await given("http://127.0.0.1:8008")).options as never);
    const headers = { "Content-Length": "1000000" };
    const request = new Request("http://127.0.0.1:8008/logout", { method: "POST", body: form("x"), headers });
    expect((await handle(request))?.status).toBe(413);
  });

  test("that somebody is about to read is none for a Fetch handler", async () => {
    const handle = createFetchHandler((await given("http://127.0.0.1:8008")).options as never);
    const request = new Request("http://127.0.0.1:8008/logout", { method: "POST", body: form("x") });
    request.body?.getReader();
    expect((await handle(request))?.status).toBe(400);
  });

  test("reaches those too who listened before", async () => {
    const heard: string[] = [];
    const url = await served(async (base) => {
      const middleware = matrixJwtLogin((await given(base)).options);
      return (req, res) => {
        req.on("data", (chunk: Buffer) => heard.push(chunk.toString()));
        middleware(req, res);
      };
    });
    expect((await fetch(`${url}/logout`, { method: "POST", body: form("x") })).status).toBe(400);
    await until(() => heard.length > 0);
    expect(heard).toEqual(["logout_token=x"]);
  });

  test("that breaks off is answered to nobody by a Fetch handler", async () => {
    const handle = createFetchHandler((await given("http://127.0.0.1:8008")).options as never);
    const body = new ReadableStream({
      start: (controller) => {
        controller.error(new Error("gone"));
      },
    });
    const request = new Request("http://127.0.0.1:8008/logout", {
      method: "POST",
      body,
      duplex: "half",
    });
    expect((await handle(request))?.status).toBe(499);
  });

  test("that the host has not read is none for the core", async () => {
    const { sso } = createJwtLogin((await given("http://127.0.0.1:8008")).options);
    expect(await sso?.handle({ method: "POST", path: "/logout", query: "" })).toMatchObject({ status: 400 });
  });

  test("that is not there is none", async () => {
    const handle = createFetchHandler((await given("http://127.0.0.1:8008")).options as never);
    const answer = await handle(new Request("http://127.0.0.1:8008/logout", { method: "POST" }));
    expect(answer?.status).toBe(400);
  });

  test("whose client hangs up in the middle ends nothing", async () => {
    const parts = await given("http://127.0.0.1:8008");
    const server = createServer(matrixJwtLogin(parts.options) as RequestListener).listen(0, "127.0.0.1");
    await once(server, "listening");
    open.add(async () => {
      server.close();
      await once(server, "close");
    });
    const { port } = server.address() as AddressInfo;
    const outgoing = ask({ port, path: "/logout", method: "POST", headers: { "Content-Length": "5000" } });
    outgoing.on("error", () => undefined);
    outgoing.write("logout_token=");
    await once(server, "request");
    outgoing.destroy();
    await new Promise((resolve) => outgoing.once("close", resolve));
    await until(async () => (await connections(server)) === 0);
    expect(parts.ended).toEqual([]);
    expect(parts.logger.lines).toEqual([]);
  });
});

function connections(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.getConnections((_error, count) => {
      resolve(count);
    });
  });
}
