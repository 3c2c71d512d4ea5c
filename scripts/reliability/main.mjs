// Three replicas of the example server behind nginx, on one Redis and one Postgres: what holds when much happens at once,
// and when any of them is killed. docs/reliability.md has figures. Needs what `.ci/services install` installs, nginx, and
// a build: npm run build && npm run build --workspace example-server && node scripts/reliability/main.mjs
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import pg from "pg";

import { Cluster, URLS } from "../../example-server/cluster/cluster.mjs";
import { agent, Load, logIn, mintToken, statusesOf } from "./logins.mjs";

const NO_LIMITS = { RATE_LIMIT_ADDRESS: "0", RATE_LIMIT_ACCOUNT: "0", RATE_LIMIT_FAILURES: "0", LOG_LEVEL: "warn" };
const CLIENTS = 20;

const broken = [];
function check(what, holds) {
  if (!holds) broken.push(what);
  console.log(`  ${holds ? "holds" : "BROKEN"}: ${what}`);
}

console.log(
  `Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model}), ${Math.round(totalmem() / 2 ** 30)} GiB`,
);

await onCluster({}, async ({ secret, rows }) => {
  console.log("\n2,000 uses of 500 single-use tokens at once");
  const tokens = Array.from({ length: 500 }, (_, i) => mintToken(secret, { sub: `user${i % 20}` }));
  const { answers, seconds } = await timed(2_000, (i) => logIn(URLS.server, tokens[i % 500]));
  console.log(`  ${seconds} s, statuses ${JSON.stringify(statusesOf(answers))}`);
  const loggedIn = answers.filter(({ status }) => status === 200);
  check("exactly 500 logins", loggedIn.length === 500);
  check("each of another token", new Set(loggedIn.map(({ token }) => token)).size === 500);
  check("500 sessions in the database", (await rows("SELECT FROM sessions")).length === 500);

  console.log("\n200 first logins of 20 new users at once");
  const first = await timed(200, (i) => logIn(URLS.server, mintToken(secret, { sub: `new${i % 20}` })));
  console.log(`  ${first.seconds} s, statuses ${JSON.stringify(statusesOf(first.answers))}`);
  check("200 logins, no 5xx", statusesOf(first.answers)[200] === 200);
  check("20 users", (await rows("SELECT FROM users WHERE user_id LIKE '@new%'")).length === 20);
});

for (const [name, status, claims] of [
  ["ADDRESS", 200, (i) => ({ sub: `user${i % 20}` })],
  ["ACCOUNT", 200, () => ({ sub: "one" })],
  ["FAILURES", 403, () => ({ sub: "one", exp: 1 })],
]) {
  await onCluster({ [`RATE_LIMIT_${name}`]: "50" }, async ({ secret }) => {
    console.log(`\nA limit of 50 a minute, RATE_LIMIT_${name}, 500 attempts at once`);
    const { answers, seconds } = await timed(500, (i) => logIn(URLS.server, mintToken(secret, claims(i))));
    console.log(`  ${seconds} s, statuses ${JSON.stringify(statusesOf(answers))}`);
    check(
      `50 answered ${status}, the rest 429`,
      statusesOf(answers)[status] === 50 && statusesOf(answers)[429] === 450,
    );
  });
}

for (const [what, serviceOf] of [
  ["Redis", ({ redis }) => redis],
  ["Postgres", ({ postgres }) => postgres],
  ["A replica", ({ replicas }) => replicas[1]],
]) {
  await onCluster({}, async ({ secret, rows, cluster }) => {
    console.log(`\n${what} killed (SIGKILL) under load, started again 3 s later; ${CLIENTS} clients`);
    const victim = serviceOf(cluster);
    const load = new Load(URLS.server, secret, CLIENTS);
    await sleep(4_000);
    const killedAt = performance.now();
    await victim.kill();
    await sleep(3_000);
    const otherwise = cluster.services.filter((service) => service !== victim && !service.isRunning);
    check("no other process went down", otherwise.length === 0);
    const restartedAt = performance.now();
    await victim.start();
    const upAt = performance.now();
    await sleep(5_000);
    const answers = await load.stop();

    report(answers, killedAt, restartedAt, upAt);
    const loggedIn = answers.filter(({ status }) => status === 200);
    const held = new Set((await rows("SELECT access_token_hash AS hash FROM sessions")).map(({ hash }) => hash));
    check(
      `the database holds each of the ${loggedIn.length} logins`,
      loggedIn.every((login) => held.has(hashOf(login))),
    );
    const used = loggedIn.slice(0, 500);
    const again = await timed(used.length, (i) => logIn(URLS.server, used[i].token));
    check(
      `${used.length} used tokens, most of before the kill, are refused: 403`,
      statusesOf(again.answers)[403] === used.length,
    );
    check("no token logged in twice", new Set(loggedIn.map(({ token }) => token)).size === loggedIn.length);
    check(
      "every process is up at the end",
      cluster.services.every((service) => service.isRunning),
    );
  });
}

console.log(broken.length === 0 ? "\nAll of it holds." : `\nBroken:\n${broken.join("\n")}`);
process.exitCode = broken.length === 0 ? 0 : 1;

/** A cluster of its own for each part, so that none sees what another left. */
async function onCluster(environment, work) {
  const data = mkdtempSync(join(tmpdir(), "matrix-jwt-login-cluster-"));
  const cluster = new Cluster(data, { ...NO_LIMITS, ...environment });
  try {
    await cluster.start();
    const secret = readFileSync(join(data, "secrets/jwt-secret"), "utf8").trim();
    await work({ cluster, secret, rows });
  } finally {
    agent.destroy();
    await cluster.stop();
    rmSync(data, { recursive: true });
  }
}

async function rows(query) {
  const client = new pg.Client({ connectionString: URLS.postgres });
  await client.connect();
  try {
    return (await client.query(query)).rows;
  } finally {
    await client.end();
  }
}

async function timed(times, logInOnce) {
  const startedAt = performance.now();
  const answers = await Promise.all(Array.from({ length: times }, (_, i) => logInOnce(i)));
  return { answers, seconds: seconds(performance.now() - startedAt) };
}

function report(answers, killedAt, restartedAt, upAt) {
  const during = answers.filter(({ answeredAt }) => answeredAt >= killedAt && answeredAt < upAt);
  const after = answers.filter(({ answeredAt }) => answeredAt >= upAt);
  const before = answers.filter(({ answeredAt }) => answeredAt < killedAt);
  console.log(`  before: ${JSON.stringify(statusesOf(before))}`);
  console.log(`  while it was away: ${JSON.stringify(statusesOf(during))}`);
  console.log(`  after it was up again: ${JSON.stringify(statusesOf(after))}`);
  console.log(
    `  back ${seconds(upAt - killedAt)} s after the kill, of which it took ${seconds(upAt - restartedAt)} s to start`,
  );

  const logins = answers.filter(({ status, answeredAt }) => status === 200 && answeredAt >= killedAt);
  const times = [killedAt, ...logins.map(({ answeredAt }) => answeredAt)];
  const longestGap = Math.max(...times.map((time, i) => (i === 0 ? 0 : time - times[i - 1])));
  console.log(`  longest time without a login ${seconds(longestGap)} s`);
  const first = logins.find(({ sentAt }) => sentAt >= upAt);
  check("logins succeed when it is back", first !== undefined);
  if (first !== undefined) console.log(`  first login ${seconds(first.answeredAt - upAt)} s after it was back`);
  const lastFailure = answers.findLast(({ status }) => status === 0 || status >= 500);
  console.log(`  last failure ${seconds(lastFailure.answeredAt - killedAt)} s after the kill`);
  const slowest = Math.max(...answers.map(({ sentAt, answeredAt }) => answeredAt - sentAt));
  console.log(`  slowest answer ${seconds(slowest)} s`);
  check("every answer came within 10 s", slowest < 10_000);
}

function seconds(ms) {
  return (ms / 1_000).toFixed(2);
}

function hashOf({ accessToken }) {
  return createHash("sha256").update(accessToken).digest("hex");
}
