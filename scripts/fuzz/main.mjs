// Sends hostile logins over HTTP for a while and checks that each gets an answer of the contract and nothing else.
import { fork } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";

import { judge } from "./judge.mjs";
import { requests } from "./requests.mjs";
import { send, startSignIn } from "./send.mjs";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "30" },
    seed: { type: "string", default: String(Date.now() % 2 ** 32) },
    connections: { type: "string", default: "8" },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  console.log(
    "npm run fuzz -- [--seconds 30] [--seed N] [--connections 8]\n\nA seed repeats the requests in their order.",
  );
  process.exit();
}

/** Of all problems; then the run ends. */
const MAX_KEPT = 100;
/** Of each kind of problem. */
const MAX_EXAMPLES = 3;
const server = fork(new URL("server.mjs", import.meta.url), { execArgv: ["--expose-gc"] });
process.on("exit", () => server.kill("SIGKILL"));
const [{ port, ...shared }] = await once(server, "message");
const { cookie } = await startSignIn(port);

console.log(`Fuzzing for ${values.seconds} s, --seed ${values.seed}`);
const checkOptions = optionsInChild();
const source = requests(Number(values.seed), { ...shared, cookie });
const until = performance.now() + Number(values.seconds) * 1000;
const problems = [];
const statuses = new Map();
let sent = 0;
let slowest = 0;
await Promise.all(Array.from({ length: Number(values.connections) }, client));
await askServer();

const counts = [...statuses].map(([status, count]) => `${count} x ${status}`).join(", ");
console.log(`${sent} inputs; slowest answer ${slowest.toFixed(0)} ms; ${counts}`);
const options = await checkOptions;
console.log(`${options.calls} sets of options; slowest ${options.slowest.toFixed(0)} ms`);
problems.push(...options.problems);
for (const kind of new Set(problems.map(({ problem }) => problem))) {
  const alike = problems.filter(({ problem }) => problem === kind);
  console.error(`${alike.length} x ${kind}`);
  for (const problem of alike.slice(0, MAX_EXAMPLES)) console.error(JSON.stringify(problem, readable, 2));
}
console.log(problems.length === 0 ? "No problem found" : `${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);

async function optionsInChild() {
  const child = fork(new URL("options.mjs", import.meta.url), [values.seconds, values.seed]);
  process.on("exit", () => child.kill("SIGKILL"));
  const [report] = await once(child, "message");
  return report;
}

async function client() {
  while (performance.now() < until && problems.length < MAX_KEPT && server.connected) {
    const request = source.next().value;
    const startedAt = performance.now();
    const answer = await send(port, request);
    slowest = Math.max(slowest, performance.now() - startedAt);
    sent += 1;
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    const problem = judge(request, answer);
    if (problem !== undefined) problems.push({ problem, request, answer });
  }
}

async function askServer() {
  if (!server.connected) {
    problems.push({ problem: `the server ended with ${server.exitCode ?? server.signalCode}` });
    return;
  }
  server.send("report");
  const [{ unhandled, longestDelay, heapGrowth }] = await once(server, "message");
  if (unhandled.length > 0) problems.push({ problem: "unhandled in the server", unhandled });
  console.log(
    `Event loop: busy for ${longestDelay.toFixed(0)} ms at most, other processes and the collector included. Heap after a forced collection: ${(heapGrowth / 2 ** 20).toFixed(1)} MiB more than after the first requests`,
  );
}

function readable(_, value) {
  return value?.type === "Buffer" ? Buffer.from(value.data).toString("latin1").slice(0, 2000) : value;
}
