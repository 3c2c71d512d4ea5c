// Single sign-on over three replicas behind nginx: no step where the one before was, and Redis killed in between.
// Needs nginx, Redis, Postgres and the built example server (example-server/cluster/README.md); says so if one is missing.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Cluster, URLS } from "../example-server/cluster/cluster.mjs";
import { Browser } from "./sso-browser.mjs";

const SIGN_INS = 30;
const CLIENT = "https://app.example.org/";

for (const program of ["nginx", "redis-server"]) {
  if (!isInstalled(program)) skip(`no ${program} is installed`);
}
if (!existsSync("/usr/lib/postgresql")) skip("no Postgres is installed");
if (await fetch(URLS.server).catch(() => undefined)) throw new Error(`${URLS.server} is in use: is a cluster running?`);

async function eachStepElsewhere() {
  const routes = new Set();
  for (let i = 0; i < SIGN_INS; i += 1) {
    const browser = new Browser();
    const token = await signIn(browser);
    const login = await redeem(token);
    assert.equal(login.status, 200, login.text);
    assert.equal(JSON.parse(login.text).user_id, "@alice:localhost");
    const replicas = [...browser.replicas, login.replica];
    for (const [step, replica] of replicas.entries()) assert.notEqual(replica, replicas[step - 1]);
    routes.add(replicas.join(" "));
    assert.equal((await redeem(token)).status, 403);
  }
  console.log(`${SIGN_INS} sign-ins, no step where the one before was (${routes.size} routes); no token good twice`);
}

async function tokensAtOnce() {
  const token = await signIn(new Browser());
  const statuses = (await Promise.all(Array.from({ length: 30 }, () => redeem(token)))).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, 1);
  assert.equal(statuses.filter((status) => status === 403).length, 29);
  console.log("30 logins at once with one token: one is good");
}

/** Killed after the browser has come home, and before the login token is redeemed. */
async function withoutRedis() {
  const used = await signIn(new Browser());
  assert.equal((await redeem(used)).status, 200);
  const unused = await signIn(new Browser());
  await cluster.redis.kill();

  const refused = await Promise.all(Array.from({ length: 30 }, (_, i) => redeem(i % 2 === 0 ? used : unused)));
  for (const { status } of refused) assert.equal(status, 503);
  const page = await signInPage(new Browser());
  assert.equal(page.status, 503, page.text);
  assert.ok(!page.text.includes("mjl_"));

  await cluster.redis.start();
  const login = await untilReached(() => redeem(unused));
  assert.equal(login.status, 200, login.text);
  // The other replicas may not have it back yet.
  for (const token of [used, unused]) assert.equal((await untilReached(() => redeem(token))).status, 403);
  console.log("Redis killed: 503 and no token; back again: the unused token is good once, the used one never");
}

async function untilReached(ask) {
  for (const giveUpAt = Date.now() + 15_000; ;) {
    const answer = await ask();
    if (answer.status !== 503 || Date.now() > giveUpAt) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function signIn(browser) {
  const { location, text } = await signInPage(browser);
  assert.ok(location?.startsWith(CLIENT), text);
  return new URL(location).searchParams.get("loginToken");
}

const signInPage = (browser) => browser.signIn(URLS.server, CLIENT);

async function redeem(token) {
  const response = await fetch(`${URLS.server}/_matrix/client/v3/login`, {
    method: "POST",
    body: JSON.stringify({ type: "m.login.token", token }),
  });
  return { status: response.status, text: await response.text(), replica: response.headers.get("x-replica") };
}

function isInstalled(program) {
  try {
    execFileSync("sh", ["-c", `PATH="$PATH:/usr/sbin" command -v ${program}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function skip(reason) {
  console.log(`Skipped: ${reason}`);
  process.exit(0);
}

const data = mkdtempSync(join(tmpdir(), "sso-replicas-"));
const cluster = new Cluster(data, { TRUSTED_CLIENTS: CLIENT, LOG_LEVEL: "warn" });
try {
  await cluster.start();
  await eachStepElsewhere();
  await tokensAtOnce();
  await withoutRedis();
} finally {
  await cluster.stop();
  rmSync(data, { recursive: true, force: true });
}
