// A stock client signs in: Hydrogen as it is published on npm, on an origin of its own, in Chromium, by its button
// "Log in with SSO", at the example server. README.md says how to run it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { build } from "esbuild";
import express from "express";
import { chromium } from "playwright-core";

const FOLDER = import.meta.dirname;
const PACKAGES = join(FOLDER, "node_modules");
const HYDROGEN = join(PACKAGES, "hydrogen-view-sdk/asset-build/assets");

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hydrogen</title>
<link rel="stylesheet" href="/assets/theme-element-light.css">
<body class="hydrogen"><script type="module" src="/page.js"></script></body>
</html>`;

const data = mkdtempSync(join(tmpdir(), "stock-client-"));
const open = [() => rmSync(data, { recursive: true })];

try {
  const server = await exampleServer();
  const client = await hydrogen(server);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
  });
  open.push(() => browser.close());
  for (const signIn of [bySecondProvider, byFirstProvider]) await signIn(await newPage(browser), client, server);
  console.log("Hydrogen has signed in by both providers");
} finally {
  while (open.length > 0) await open.pop()();
}

async function byFirstProvider(page, client, server) {
  await start(page, client);
  await page.getByRole("link", { name: "Example" }).click();
  await page.getByRole("button", { name: "Sign in as Alice" }).click();
  await allow(page, client, server, "@alice:localhost");
}

async function bySecondProvider(page, client, server) {
  await start(page, client);
  await page.getByRole("link", { name: "Partner" }).click();
  await page.getByRole("button", { name: "Sign in as Frank" }).click();
  await allow(page, client, server, "@frank:localhost");
}

async function start(page, client) {
  await page.goto(client);
  await page.getByRole("button", { name: "Log in with SSO" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
}

/** The server does not know the client, so it asks. */
async function allow(page, client, server, userId) {
  await page.getByText(`${client} asks for full access to your account ${userId}`).waitFor();
  const login = page.waitForResponse(
    (response) => new URL(response.url()).pathname.endsWith("/login") && response.request().method() === "POST",
  );
  await page.getByRole("button", { name: "Continue" }).click();
  const response = await login;
  assert.equal(response.status(), 200);
  assert.equal(response.request().postDataJSON().type, "m.login.token");
  await page.waitForFunction(() => globalThis.localStorage.getItem("hydrogen_sessions_v1") !== null);
  const [session] = JSON.parse(await page.evaluate(() => globalThis.localStorage.getItem("hydrogen_sessions_v1")));
  assert.deepEqual([session.userId, session.homeserver], [userId, server]);
  const whoami = await fetch(`${server}/_matrix/client/v3/account/whoami`, {
    headers: { Authorization: `Bearer ${session.accessToken}` },
  });
  assert.deepEqual(await whoami.json(), { user_id: userId, device_id: session.deviceId, is_guest: false });
  assert.ok(!page.url().includes("loginToken"));
}

async function newPage(browser) {
  const context = await browser.newContext({ colorScheme: "light" });
  context.setDefaultTimeout(20_000);
  return context.newPage();
}

async function exampleServer() {
  const { port, close } = await listen();
  close();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [join(FOLDER, "../../example-server/dist/main.js")], {
    env: {
      ...process.env,
      HOST: "127.0.0.1",
      PORT: String(port),
      DATA_DIR: data,
      DATABASE_URL: "",
      REDIS_URL: "",
      LOG_LEVEL: "silent",
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const exited = once(child, "exit");
  open.push(async () => {
    child.kill();
    await exited;
  });
  for (const giveUpAt = Date.now() + 30_000; ; await sleep(100)) {
    if ((await fetch(`${url}/ready`).catch(() => undefined))?.ok) return url;
    if (child.exitCode !== null || Date.now() > giveUpAt) throw new Error("The example server did not start");
  }
}

async function hydrogen(server) {
  const { outputFiles } = await build({
    entryPoints: [join(FOLDER, "page.js")],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "error",
    external: ["fs", "path", "crypto"],
  });
  const app = express();
  app.get("/config.json", (_, res) => res.json({ defaultHomeServer: server }));
  app.get("/page.js", (_, res) => res.type("js").send(outputFiles[0].text));
  app.get("/", (_, res) => res.type("html").send(PAGE));
  app.use("/assets", express.static(HYDROGEN));
  app.use("/olm", express.static(join(PACKAGES, "@matrix-org/olm")));
  const { port, close } = await listen(app);
  open.push(close);
  return `http://127.0.0.1:${port}`;
}

async function listen(app) {
  const host = createServer(app).listen(0, "127.0.0.1");
  await once(host, "listening");
  const close = () => {
    host.closeAllConnections();
    host.close();
  };
  return { port: host.address().port, close };
}
