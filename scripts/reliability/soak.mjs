// Ten minutes of good, bad and forged logins at the cluster: the replicas' heaps at the end, after a forced collection,
// against those after the first minute. node scripts/reliability/soak.mjs [MINUTES]
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Cluster, URLS } from "../../example-server/cluster/cluster.mjs";
import { agent, logIn, mintToken } from "./logins.mjs";

const MINUTES = Number(process.argv[2] ?? 10);
const CLIENTS = 20;
/** Between two requests of a client, in milliseconds. */
const PAUSE = 100;

const data = mkdtempSync(join(tmpdir(), "matrix-jwt-login-soak-"));
const limit = "1000000";
const cluster = new Cluster(data, {
  NODE_OPTIONS: `--import=${join(import.meta.dirname, "heap-probe.mjs")}`,
  LOG_LEVEL: "warn",
  RATE_LIMIT_ADDRESS: limit,
  RATE_LIMIT_ACCOUNT: limit,
  RATE_LIMIT_FAILURES: limit,
});

try {
  await cluster.start();
  const secret = readFileSync(join(data, "secrets/jwt-secret"), "utf8").trim();
  const counts = {};
  let over = false;
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    for (let i = client; !over; i += 1) {
      const { status } = await logIn(URLS.server, tokenOf(i, secret));
      counts[status] = (counts[status] ?? 0) + 1;
      await sleep(PAUSE);
    }
  });

  await sleep(60_000);
  const early = await heaps();
  await sleep((MINUTES - 1) * 60_000);
  over = true;
  await Promise.all(clients);
  const late = await heaps();

  console.log(`${MINUTES} minutes, answers ${JSON.stringify(counts)}`);
  for (const [i, heap] of late.entries()) {
    const growth = (heap / early[i] - 1) * 100;
    console.log(
      `replica ${i + 1}: ${mib(early[i])} MiB after a minute, ${mib(heap)} at the end: ${growth.toFixed(1)} %`,
    );
    if (growth > 10) process.exitCode = 1;
  }
} finally {
  agent.destroy();
  await cluster.stop();
  rmSync(data, { recursive: true });
}

/** Half of them good, most of these of users who come back; the others wrong in one way each. */
function tokenOf(i, secret) {
  const good = mintToken(secret, { sub: `user${i % 500}` });
  const kinds = [
    () => good,
    () => mintToken(secret, { sub: "user1", exp: 1 }),
    () => good,
    () => mintToken("another secret, of the right length", { sub: "user1" }),
    () => good,
    () => mintToken(secret, { sub: "user1", jti: "once", exp: 4_000_000_000 }),
    () => good,
    () => good.slice(0, -10),
    () => good,
    () => "no token at all",
    () => good,
    () => mintToken(secret, { sub: "dora" }),
  ];
  return kinds[i % kinds.length]();
}

async function heaps() {
  for (const replica of cluster.replicas) replica.signal("SIGUSR2");
  await sleep(2_000);
  return cluster.replicas.map(({ log }) =>
    Number(
      readFileSync(log, "utf8")
        .match(/^heap \d+$/gm)
        .at(-1)
        .slice(5),
    ),
  );
}

function mib(bytes) {
  return (bytes / 2 ** 20).toFixed(1);
}
