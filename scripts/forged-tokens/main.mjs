// A million different forged access tokens, while honest clients go on: how much the heap grows, and what the honest ones
// wait. Needs a build: npm run build && node scripts/forged-tokens/main.mjs [--count N] [--connections N]
import { fork } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { count: { type: "string", default: "1000000" }, connections: { type: "string", default: "2" } },
});
const count = Number(values.count);
const connections = Number(values.connections);

const HONEST_TOKENS = 100;
/** Milliseconds between two honest requests. */
const PACE = 5;
const MAX_GROWTH = 20 * 2 ** 20;

const secret = randomBytes(32).toString("hex");
const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
const header = encode({ alg: "HS256", typ: "at+jwt" });
const exp = Math.floor(Date.now() / 1_000) + 86_400;

function inputOf(jti) {
  return `${header}.${encode({ iss: "https://id.example.org", aud: "matrix", sub: "alice", exp, jti })}`;
}

function honestToken(jti) {
  const input = inputOf(jti);
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

const forgedToken = (jti) => `${inputOf(jti)}.${randomBytes(32).toString("base64url")}`;

const child = fork(new URL("server.mjs", import.meta.url), [JSON.stringify({ secret })]);
const [{ port }] = await once(child, "message");

async function heap() {
  child.send({});
  const [message] = await once(child, "message");
  return message.heap;
}

function ask(token, agent) {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, agent, headers: { authorization: `Bearer ${token}` } };
    get(options, (res) => res.resume().on("end", () => resolve(res.statusCode))).on("error", reject);
  });
}

/** Honest requests at a fixed pace until told to stop: their latencies in milliseconds. */
function honest(tokens) {
  const agent = new Agent({ keepAlive: true });
  const latencies = [];
  const underWay = [];
  let running = true;
  const done = (async () => {
    for (let i = 0; running; i += 1) {
      const startedAt = performance.now();
      underWay.push(
        ask(tokens[i % tokens.length], agent).then((status) => {
          if (status !== 200) throw new Error(`an honest request was answered ${status}`);
          latencies.push(performance.now() - startedAt);
        }),
      );
      await sleep(PACE);
    }
    await Promise.all(underWay);
    agent.destroy();
    return latencies;
  })();
  return {
    stop: () => {
      running = false;
      return done;
    },
  };
}

async function flood() {
  let sent = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (sent < count) {
        sent += 1;
        const status = await ask(forgedToken(sent), agent);
        if (status !== 401) throw new Error(`a forged token was answered ${status}`);
      }
      agent.destroy();
    }),
  );
}

const percentile = (figures, share) => figures.toSorted((a, b) => a - b)[Math.floor(figures.length * share)];
const show = (latencies) =>
  `p50 ${percentile(latencies, 0.5).toFixed(2)} ms, p99 ${percentile(latencies, 0.99).toFixed(2)} ms (${latencies.length} requests)`;

const tokens = Array.from({ length: HONEST_TOKENS }, (_, i) => honestToken(`honest ${i}`));

// Compiled and warm, both for the good and the forged.
const warming = honest(tokens);
for (let i = 0; i < 5_000; i += 1) await ask(forgedToken(-i));
await sleep(5_000);
await warming.stop();

const before = await heap();
const quietly = honest(tokens);
await sleep(20_000);
const quiet = await quietly.stop();
console.log(`quiet: ${show(quiet)}`);

const startedAt = performance.now();
const meanwhile = honest(tokens);
await flood();
const flooded = await meanwhile.stop();
const seconds = (performance.now() - startedAt) / 1_000;
console.log(`${count.toLocaleString("en")} forged tokens in ${seconds.toFixed(0)} s meanwhile: ${show(flooded)}`);
console.log(`p99 over the quiet one: ${(percentile(flooded, 0.99) / percentile(quiet, 0.99)).toFixed(2)}`);

const growth = (await heap()) - before;
console.log(`heap: ${(before / 2 ** 20).toFixed(1)} MiB, grown by ${(growth / 2 ** 20).toFixed(2)} MiB`);
child.kill();
if (growth > MAX_GROWTH) {
  console.error(`The heap grew by more than ${MAX_GROWTH / 2 ** 20} MiB`);
  process.exitCode = 1;
}
