// Half an hour of everything at once at the cluster, with JSON Web Tokens as access tokens: logins good and bad, by password
// and by single sign-on, sessions that are used, refreshed and ended, floods of forged tokens, while Redis and a replica are
// killed and come back. It ends with 1 if memory, handles, timers or listeners of a replica grew, or an answer was an error
// of the server's that no outage explains. node scripts/reliability/soak.mjs [MINUTES]
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Cluster, PORTS, URLS } from "../../example-server/cluster/cluster.mjs";
import { agent, logIn, mintToken } from "./logins.mjs";
import { SSO_CLIENT, WHOAMI, WORK } from "./work.mjs";

const MINUTES = Number(process.argv[2] ?? 30);
/** As many access tokens as a replica's cache keeps. */
const CACHED = 10_000;
/** Before the first measurement, so that all code is compiled. */
const WARM_UP = Math.min(3, MINUTES / 3);
const CLIENTS = 4;
/** Between two requests of a client, in milliseconds. */
const PAUSE = 100;
/** Every so many seconds something goes down, for so many seconds; and what it leaves behind is over so many later. */
const OUTAGE = { every: 120, lasts: 10, settles: 15 };

const data = mkdtempSync(join(tmpdir(), "matrix-jwt-login-soak-"));
const limit = "1000000";
const cluster = new Cluster(data, {
  NODE_OPTIONS: `--import=${join(import.meta.dirname, "heap-probe.mjs")}`,
  LOG_LEVEL: "error",
  ACCESS_TOKENS: "jwt",
  TRUSTED_CLIENTS: SSO_CLIENT,
  ACCESS_TOKEN_LIFETIME: "10",
  RATE_LIMIT_ADDRESS: limit,
  RATE_LIMIT_ACCOUNT: limit,
  RATE_LIMIT_FAILURES: limit,
});
const counts = {};
const unannounced = [];
let over = false;
let resting = false;
let outageEnds = 0;

try {
  await cluster.start();
  const secrets = {
    jwt: readFileSync(join(data, "secrets/jwt-secret"), "utf8").trim(),
    password: readFileSync(join(data, "secrets/dev-password"), "utf8").trim(),
  };
  await fillCaches(secrets);
  const clients = Object.entries(WORK).flatMap(([kind, work]) =>
    Array.from({ length: CLIENTS }, (_, index) => run(kind, work, index, secrets)),
  );

  await sleep(WARM_UP * 60_000);
  const early = await measured();
  const outages = breakThings();
  await sleep((MINUTES - WARM_UP) * 60_000);
  over = true;
  await Promise.all([...clients, outages]);
  const late = await measured();
  report(early, late);
} finally {
  agent.destroy();
  await cluster.stop();
  rmSync(data, { recursive: true });
}

/** What is yet to fill would look like growth. */
async function fillCaches(secrets) {
  const measured = PORTS.replicas.slice(0, 2).map((port) => `http://127.0.0.1:${port}`);
  let made = 0;
  const fill = async () => {
    while (made < CACHED) {
      made += 1;
      const { accessToken } = await logIn(measured[0], mintToken(secrets.jwt, { sub: `user${made % 500}` }));
      const headers = { authorization: `Bearer ${accessToken}` };
      for (const url of measured) await (await fetch(`${url}${WHOAMI}`, { headers })).text();
    }
  };
  await Promise.all(Array.from({ length: 20 }, fill));
}

async function run(kind, work, index, secrets) {
  for (let round = index; !over; round += CLIENTS) {
    while (resting) await sleep(PAUSE);
    await work({ url: URLS.server, secrets, round, note: (status, what) => note(kind, status, what) });
    await sleep(PAUSE);
  }
}

function note(kind, status, what) {
  counts[kind] ??= {};
  counts[kind][status] = (counts[kind][status] ?? 0) + 1;
  const isError = status === 0 || status >= 500;
  if (isError && Date.now() > outageEnds)
    unannounced.push(
      `${kind}: ${status} ${what.slice(0, 200)} (${String(Math.round((Date.now() - outageEnds) / 1_000))} s after the last outage)`,
    );
}

/** Redis, and the replica that is not measured, by turns. */
async function breakThings() {
  const victims = [cluster.redis, cluster.replicas[2]];
  for (let i = 0; !over; i += 1) {
    const victim = victims[i % victims.length];
    outageEnds = Infinity;
    await victim.kill();
    await sleep(OUTAGE.lasts * 1_000);
    await victim.start();
    outageEnds = Date.now() + OUTAGE.settles * 1_000;
    for (let waited = 0; waited < OUTAGE.every && !over; waited += 1) await sleep(1_000);
  }
}

/** Of two replicas at rest: what work under way holds is not what it leaves behind. */
async function measured() {
  const [first, second] = cluster.replicas;
  resting = true;
  await sleep(20_000);
  for (const replica of [first, second]) replica.signal("SIGUSR2");
  await sleep(3_000);
  resting = false;
  return [first, second].map(({ log }) =>
    JSON.parse(
      readFileSync(log, "utf8")
        .match(/(?<=^left ).*$/gm)
        .at(-1),
    ),
  );
}

function report(early, late) {
  console.log(`${MINUTES} minutes`);
  for (const [kind, statuses] of Object.entries(counts)) console.log(`${kind}: ${JSON.stringify(statuses)}`);
  for (const [i, now] of late.entries()) {
    const then = early[i];
    const growth = (now.heap / then.heap - 1) * 100;
    console.log(
      `replica ${i + 1}: heap ${mib(then.heap)} MiB, then ${mib(now.heap)} (${growth.toFixed(1)} %); handles ${then.handles}, ` +
        `${now.handles}; timers ${then.timers}, ${now.timers}; listeners ${then.listeners}, ${now.listeners}`,
    );
    // Of connections some are open at one time and not at another.
    if (growth > 10 || now.timers > then.timers + 5 || now.handles > then.handles + 5) process.exitCode = 1;
    if (now.listeners > then.listeners) process.exitCode = 1;
  }
  console.log(`${unannounced.length} errors that no outage explains`);
  for (const line of unannounced.slice(0, 20)) console.log(`  ${line}`);
  if (unannounced.length > 0) process.exitCode = 1;
}

function mib(bytes) {
  return (bytes / 2 ** 20).toFixed(1);
}
