import assert from "node:assert/strict";
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { serve } from "@hono/node-server";
import { getTestServer } from "@google-cloud/functions-framework/testing";

import { blocksOf, compiled } from "./docs-pages.mjs";
import { serveLambda } from "./hosts/gateway.mjs";
import { listen, LOGIN } from "./hosts/own-login.mjs";
import { SECRET, token, TYPE } from "./jwt-login.mjs";
import { buildNext, startNext } from "./next-server.mjs";
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
    assert.deepEqual(pages.sort(), [...Object.keys(PAGES), "README", "nextjs", "proxy", "router"].sort());
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

describe("docs/hosts/nestjs.md, MatrixErrors", () => {
  test("answers an error of the host's own login", async () => {
    const { folder } = compiled("nestjs-errors", { host, page: blocksOf("nestjs")[0] });
    const { url, close } = await PAGES.nestjs(await import(join(folder, "page.js")));
    const headers = { "content-type": "application/json" };
    const { status, json } = await requestTo(url, {})("POST", LOGIN, { headers, body: '{"type":"foo"}' });
    assert.deepEqual([status, json], [400, { errcode: "M_UNKNOWN", error: "Unknown login type" }]);
    await close();
  });
});

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

describe("docs/hosts/nestjs.md, access tokens", () => {
  const serving = `
    import "reflect-metadata";
    import { NestFactory } from "@nestjs/core";
    export const app = (async () => {
      const nest = await NestFactory.create(AccountModule, { logger: false });
      await nest.listen(0);
      return nest;
    })();`;
  const { folder, problems } = compiled("nestjs-access", { host, page: `${blocksOf("nestjs")[1]}${serving}` });

  test("compiles, lets a good access token in, and no other", async () => {
    assert.deepEqual(problems, []);
    const { url, close } = await PAGES.nestjs(await import(join(folder, "page.js")));
    const whoami = async (accessToken) => {
      const headers = { authorization: `Bearer ${accessToken}` };
      const { status, json } = await requestTo(url, {})("GET", "/_matrix/client/v3/account/whoami", { headers });
      return [status, json.user_id ?? json.errcode, json.device_id];
    };
    const claims = { aud: "matrix", scope: "urn:matrix:client:api:* urn:matrix:client:device:PHONE" };
    assert.deepEqual(await whoami(token(claims)), [200, "@alice:example.org", "PHONE"]);
    assert.deepEqual(await whoami(token({ ...claims, sub: "bob" })), [401, "M_UNKNOWN_TOKEN", undefined]);
    assert.deepEqual(await whoami(token({ aud: "matrix" })), [403, "M_FORBIDDEN", undefined]);
    await close();
  });
});

describe("docs/hosts/router.md", () => {
  const [code] = blocksOf("router");
  const { folder, problems } = compiled("router", { ...homeserver(), page: code });
  let server;
  let request;
  before(async () => {
    process.env["SIGNING_KEY_FILE"] = join(folder, "key.pem");
    const { privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(process.env["SIGNING_KEY_FILE"], privateKey.export({ format: "pem", type: "pkcs8" }));
    server = await listen((await import(join(folder, "page.js"))).app);
    request = requestTo(server.url, {});
  });
  after(() => server?.close());

  const post = (path, body, accessToken) =>
    request("POST", `/_matrix/client/v3/${path}`, {
      headers: accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` },
      body: JSON.stringify(body),
    });
  const whoami = async (accessToken) => {
    const headers = accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
    const { status, json } = await request("GET", "/_matrix/client/v3/account/whoami", { headers });
    return [status, json.user_id ?? json.errcode, json.device_id ?? json.soft_logout];
  };
  const logIn = async (deviceId, body = { type: TYPE, token: token() }) =>
    (await post("login", { ...body, device_id: deviceId })).json.access_token;

  test("compiles, in 40 lines", () => {
    assert.deepEqual(problems, []);
    assert.ok(code.split("\n").filter((line) => line !== "").length <= 40);
  });

  test("merges the flows", async () => {
    const { json } = await request("GET", LOGIN);
    assert.deepEqual(
      json.flows.map(({ type }) => type),
      ["m.login.password", TYPE],
    );
  });

  test("knows who logged in by JWT and by password, until they log out", async () => {
    const password = { type: "m.login.password", password: "correct horse" };
    const tokens = [await logIn("PHONE"), await logIn(undefined, password)];
    assert.deepEqual(await Promise.all(tokens.map(whoami)), [
      [200, "@alice:example.org", "PHONE"],
      [200, "@own:example.org", "OWN"],
    ]);
    for (const one of tokens) assert.equal((await post("logout", {}, one)).status, 200);
    assert.deepEqual(await Promise.all(tokens.map(whoami)), [
      [401, "M_UNKNOWN_TOKEN", false],
      [401, "M_UNKNOWN_TOKEN", false],
    ]);
  });

  test("refuses a forged login, a forged access token, and a request without one", async () => {
    const forged = await post("login", { type: TYPE, token: `${token()}x` });
    assert.deepEqual([forged.status, forged.json.errcode], [403, "M_FORBIDDEN"]);
    assert.deepEqual(await whoami(`${await logIn("PHONE")}x`), [401, "M_UNKNOWN_TOKEN", false]);
    assert.deepEqual(await whoami(), [401, "M_MISSING_TOKEN", undefined]);
  });

  test("deletes a device once its user has authenticated again by JWT, and nobody else", async () => {
    const accessToken = await logIn("PHONE");
    const other = await logIn("LAPTOP");
    const asked = await post("delete_devices", { devices: ["LAPTOP"] }, accessToken);
    assert.deepEqual([asked.status, asked.json.flows], [401, [{ stages: [TYPE] }]]);
    const passing = (sub) => ({ type: TYPE, token: token({ sub }), session: asked.json.session });
    const bob = await post("delete_devices", { devices: ["LAPTOP"], auth: passing("bob") }, accessToken);
    assert.deepEqual([bob.status, bob.json.errcode, (await whoami(other))[0]], [401, "M_FORBIDDEN", 200]);
    const alice = await post("delete_devices", { devices: ["LAPTOP"], auth: passing("alice") }, accessToken);
    assert.deepEqual([alice.status, (await whoami(other))[0]], [200, 401]);
  });

  /** The homeserver that the page is for. */
  function homeserver() {
    const files = ["main", "router", "routes", "storage"];
    const read = (file) => readFileSync(join(import.meta.dirname, "homeserver", `${file}.ts`), "utf8");
    return Object.fromEntries(files.map((file) => [file, read(file)]));
  }
});

describe("docs/hosts/nextjs.md", () => {
  const [appRouter, pagesApi] = blocksOf("nextjs");

  const start = (name, file, code) => async () => {
    const up = "../".repeat(file.split("/").length - 1);
    const files = { [file]: code.replace('"./host.js"', `"${up}host"`), "host.ts": host };
    return startNext(await buildNext(name, files));
  };

  describe("App Router", () => {
    answersAs(start("app", "app/%5Fmatrix/client/v3/login/route.ts", appRouter));
  });
  describe("Pages API", () => {
    answersAs(start("pages", "pages/api/login.ts", pagesApi));
  });
});
