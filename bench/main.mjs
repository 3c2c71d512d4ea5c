// Runs the modes in turn and reports what each costs. `node main.mjs --help` lists the options.
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";
import { answer, jwks, loginBody, settings } from "./fixtures.mjs";
import { startJwksServer } from "./jwks-server.mjs";
import { checkOnce, measure } from "./load.mjs";
import { modes } from "./modes.mjs";
import { hottest } from "./profile.mjs";
import { printTables, summarise } from "./report.mjs";
import { startServer } from "./server-process.mjs";

const HELP = `npm run bench -- [options]

  --rounds N        measured rounds of every mode (35)
  --seconds S       about how long a round of one mode takes (0.4)
  --requests N      requests in a round, instead of as many as fit --seconds
  --connections N   keep-alive connections (10)
  --warmup S        seconds of load on every mode before anything is measured (3)
  --only A,B        only these modes
  --all             also the extra modes
  --profile         profile the servers' CPU and name the hottest functions; the figures are then not comparable
  --out DIR         where results.json and profiles go (out, beside this file)
  --help

Modes: ${modes.map(({ id, extra }) => (extra ? `${id} (extra)` : id)).join(", ")}
`;

class UsageError extends Error {}

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "35" },
      seconds: { type: "string", default: "0.4" },
      requests: { type: "string", default: "0" },
      connections: { type: "string", default: "10" },
      warmup: { type: "string", default: "3" },
      only: { type: "string" },
      all: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      out: { type: "string", default: path.join(import.meta.dirname, "out") },
      help: { type: "boolean", default: false },
    },
  });
  const number = (/** @type {"rounds"|"seconds"|"requests"|"connections"|"warmup"} */ name, minimum = 1) => {
    const value = Number(values[name]);
    const whole = name === "seconds" || name === "warmup" || Number.isInteger(value);
    if (!(value >= minimum && value < Infinity && whole)) {
      throw new UsageError(`--${name}: a number of ${minimum} or more, not ${values[name]}`);
    }
    return value;
  };

  const named = values.only?.split(",");
  for (const id of named ?? []) {
    if (!modes.some((mode) => mode.id === id)) throw new UsageError(`--only: there is no mode ${id}`);
  }
  const connections = number("connections");
  return {
    help: values.help,
    rounds: number("rounds"),
    seconds: number("seconds", 0.05),
    requests: number("requests", 0),
    connections,
    warmup: number("warmup", 0.1),
    chosen: modes.filter((mode) => (named ? named.includes(mode.id) : values.all || !mode.extra)),
    profile: values.profile,
    out: path.resolve(values.out),
  };
}

/** @param {string} text */
const progress = (text) => process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);

/**
 * @typedef {object} Lane a mode with its running server
 * @property {import("./modes.mjs").Mode} mode
 * @property {import("./server-process.mjs").ServerProcess} server
 * @property {Parameters<typeof measure>[1]} load
 * @property {import("./load.mjs").Round[]} rounds
 */

const WARM_UP_STEP = 500;

/**
 * Loads a server until its code is compiled and its caches are filled.
 * @param {Lane} lane
 * @param {number} seconds
 * @returns {Promise<number>} the requests a second at the end
 */
async function warmUp({ server, load }, seconds) {
  const end = performance.now() + seconds * 1000;
  let round;
  do {
    round = await measure(server, load);
  } while (performance.now() < end);
  return round.requestsPerSecond;
}

/** @param {ReturnType<typeof readOptions>} options */
async function run({ rounds, seconds, requests, connections, warmup, chosen, profile, out }) {
  const jwksServer = await startJwksServer(jwks);
  /** @type {Lane[]} */
  const lanes = [];

  try {
    for (const mode of chosen) {
      progress(`warm-up: ${mode.title}`);
      const server = await startServer(
        mode.server,
        { ...settings, ...mode.options, answer, jwksUri: jwksServer.uri(mode.id) },
        profile ? ["--cpu-prof", `--cpu-prof-dir=${out}`, `--cpu-prof-name=${mode.id}.cpuprofile`] : [],
      );
      /** @type {Lane} */
      const lane = {
        mode,
        server,
        load: { mode, body: loginBody(mode.token), expectBody: "", connections, requests: WARM_UP_STEP + connections },
        rounds: [],
      };
      lanes.push(lane);
      lane.load.expectBody = await checkOnce(server.origin, mode, lane.load.body);
      const rate = await warmUp(lane, warmup);
      lane.load.requests = Math.max(connections, requests || Math.round(rate * seconds));
    }

    const fetchesBefore = lanes.map(({ mode }) => jwksServer.fetches(mode.id));
    for (let round = 1; round <= rounds; round++) {
      // There and back, so that no mode always follows the same one.
      progress(`round ${round} of ${rounds}`);
      for (const lane of round % 2 ? lanes : lanes.toReversed()) {
        lane.rounds.push(await measure(lane.server, lane.load));
      }
    }
    progress("");
    return lanes.map(({ mode, rounds }, index) => ({
      mode,
      rounds,
      jwksFetches: jwksServer.fetches(mode.id) - fetchesBefore[index],
    }));
  } finally {
    jwksServer.stop();
    await Promise.all(lanes.map(({ server }) => server.stop()));
  }
}

async function main() {
  const options = readOptions();
  if (options.help) {
    console.log(HELP);
    return;
  }
  mkdirSync(options.out, { recursive: true });
  const measured = await run(options);
  const summary = summarise(measured);

  const require = createRequire(import.meta.url);
  const setup = {
    node: process.version,
    openssl: process.versions.openssl,
    platform: `${process.platform} ${process.arch}`,
    express: require("express/package.json").version,
    rounds: options.rounds,
    connections: options.connections,
    bodyBytes: loginBody("HS256").length,
    profiled: options.profile,
  };
  const file = path.join(options.out, "results.json");
  writeFileSync(file, `${JSON.stringify({ date: new Date().toISOString(), ...setup, ...summary }, null, 2)}\n`);

  console.log(
    `Node ${setup.node}, Express ${setup.express}, ${setup.rounds} rounds, ${setup.connections} connections, ` +
      `bodies of ${setup.bodyBytes} bytes\n` +
      "Medians; ratios are of one round each (quartiles in brackets), to `constant` in the first table. Above 1: better.\n",
  );
  printTables(summary);

  const idle = summary.modes.filter(({ busy }) => busy.median < 0.85);
  if (idle.length > 0) {
    const titles = idle.map(({ title, busy }) => `${title} (${busy.median.toFixed(2)})`).join(", ");
    console.log(`\nServers not kept busy, so that requests/s says little and CPU is the figure to trust: ${titles}`);
  }
  const cold = summary.modes.filter(({ jwksFetches }) => jwksFetches > 0);
  if (cold.length > 0)
    console.log(`\nJWKS fetched during measured rounds: ${cold.map(({ title }) => title).join(", ")}`);
  if (options.profile) {
    for (const { mode } of measured) {
      console.log(`\n${mode.title}: share of CPU time in the function itself`);
      for (const { name, share } of hottest(path.join(options.out, `${mode.id}.cpuprofile`))) {
        console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${name}`);
      }
    }
  }
  console.log(`\nAll rounds are in ${path.relative(process.cwd(), file)}`);
}

try {
  await main();
} catch (error) {
  progress("");
  const usage =
    error instanceof UsageError ||
    (error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"));
  console.error(usage ? `${error.message}\n\n${HELP}` : error);
  process.exitCode = 1;
}
