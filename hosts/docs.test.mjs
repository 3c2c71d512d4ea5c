import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { serve } from "@hono/node-server";
import { getTestServer } from "@google-cloud/functions-framework/testing";

import { blocksOf, compiled } from "./docs-pages.mjs";
import { serveLambda } from "./hosts/gateway.mjs";
import { listen, LOGIN } from "./hosts/own-login.mjs";
import { SECRET, token, TYPE } from "./jwt-login.mjs";
import { startNext } from "./next-server.mjs";
import { requestTo } from "./request.mjs";

process.env["JWT_SECRET"] = SECRET;
process.env["PORT"] = "0";
const [host] = blocksOf("README");

/** How what a page exports is served. */
const PAGES = {
  express: ({ app }) => listen(createServer(app)),
  nestjs: async ({ app }) => {
    const nest = await app;
    const { port } = nest.getHttpServer().address();
    return { url: `http://127.0.0.1:${port}`, close: () => nest.close() };
  },
  fastify: async ({ app }) => {
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    return { url, close: () => app.close() };
  },
  hono: ({ app }) =>
    new Promise((resolve) => {
      const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => {
        resolve({ url: `http://127.0.0.1:${port}`, close: () => server.close() });
      });
    }),
  "node-http": ({ app }) => listen(app),
  serverless: ({ handler }) => serveLambda(handler),
};

describe("the pages of docs/hosts", () => {
  test("are all run here", () => {
    const pages = readdirSync(join(import.meta.dirname, "..", "docs", "hosts")).map((file) => file.replace(".md", ""));
    assert.deepEqual(pages.sort(), [...Object.keys(PAGES), "README", "nextjs", "proxy"].sort());
  });

  test("are checked by a compiler that sees what is wrong", () => {
    const wrong = blocksOf("express")[0].replace("matrixJwtLogin(options)", "matrixJwtLogin({})");
    assert.match(compiled("wrong", { host, wrong }).problems.join("\n"), /serverName/);
  });
});

function answersAs(start) {
  let server;
  let request;
  before(async () => {
    server = await start();
    request = requestTo(server.url, {});
  });
  after(() => server?.close());

  test("merges the flows", async () => {
    const { json } = await request("GET", LOGIN);
    assert.deepEqual(
      json.flows.map(({ type }) => type),
      ["m.login.password", TYPE],
    );
  });

  test("logs in by JWT", async () => {
    const { status, json } = await request("POST", LOGIN, { body: JSON.stringify({ type: TYPE, token: token() }) });
    assert.deepEqual([status, json.user_id], [200, "@alice:example.org"]);
  });

  test("refuses a forged token", async () => {
    const body = JSON.stringify({ type: TYPE, token: `${token()}x` });
    const { status, json } = await request("POST", LOGIN, { body });
    assert.deepEqual([status, json.errcode], [403, "M_FORBIDDEN"]);
  });

  test("leaves a password login to the host", async () => {
    const headers = { "content-type": "application/json" };
    const { status, json } = await request("POST", LOGIN, { headers, body: '{"type":"m.login.password"}' });
    assert.deepEqual([Math.floor(status / 100), json.user_id], [2, "@alice:example.org"]);
    assert.equal(json.home_server, undefined);
  });
}

for (const [page, start] of Object.entries(PAGES)) {
  describe(`docs/hosts/${page}.md`, () => {
    const [code] = blocksOf(page);
    const { folder, problems } = compiled(page, { host, page: code });

    test("compiles", () => {
      assert.deepEqual(problems, []);
    });

    answersAs(async () => start(await import(join(folder, "page.js"))));
  });
}

describe("docs/hosts/proxy.md", () => {
  const { folder, problems } = compiled("proxy", { host, page: blocksOf("proxy")[0] });

  test("compiles", () => {
    assert.deepEqual(problems, []);
  });

  answersAs(async () => {
    const homeserver = await PAGES.express(
      await import(join(compiled("homeserver", { host, page: own() }).folder, "page.js")),
    );
    process.env["HOMESERVER"] = homeserver.url;
    const proxy = await listen((await import(join(folder, "page.js"))).app);
    return { url: proxy.url, close: () => Promise.all([proxy.close(), homeserver.close()]) };
  });

  /** The Express page's host, without the middleware. */
  function own() {
    return blocksOf("express")[0].replace("app.use(matrixJwtLogin(options));", "");
  }
});

describe("docs/hosts/serverless.md, Google Cloud Functions", () => {
  const { folder, problems } = compiled("functions", { host, page: blocksOf("serverless")[1] });

  test("compiles and logs in", async () => {
    assert.deepEqual(problems, []);
    await import(join(folder, "page.js"));
    const { url, close } = await listen(getTestServer("login"));
    const body = JSON.stringify({ type: TYPE, token: token() });
    const { status } = await requestTo(url, {})("POST", LOGIN, {
      headers: { "content-type": "application/json" },
      body,
    });
    assert.equal(status, 200);
    await close();
  });
});

describe("docs/hosts/nextjs.md", () => {
  const [appRouter, pagesApi] = blocksOf("nextjs");

  describe("App Router", () => {
    answersAs(() => startNext("app", { "app/%5Fmatrix/client/v3/login/route": appRouter }, host));
  });
  describe("Pages API", () => {
    answersAs(() => startNext("pages", { "pages/api/login": pagesApi }, host));
  });
});
