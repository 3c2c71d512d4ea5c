// Latency and CPU by the number of connections, ours against the constant app. `node connections.mjs --help` lists the options.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { alternate } from "./command/alternate.mjs";
import { names, number, progress, runCommand } from "./command/command.mjs";
import { judgeP99 } from "./figures/goals.mjs";
import { openLanes } from "./http/lanes.mjs";
import { measure } from "./http/load.mjs";
import { plan } from "./http/plan.mjs";
import { ratios } from "./figures/ratios.mjs";
import { OUT } from "./figures/results.mjs";
import { goalsTable } from "./figures/report.mjs";
import { setup, setupLine } from "./figures/setup.mjs";
import { spread, table, withQuartiles } from "./figures/statistics.mjs";

const BASELINE = "constant";
const OURS = "ours-hs256";

/** What a process has open beside its connections. */
const OTHER_FILES = 100;

/** Requests a connection, so that more is seen than how it begins. */
const AT_LEAST_EACH = 5;

const HELP = `npm run bench:connections -- [options]

  --at A,B          numbers of keep-alive connections (1,10,100,1000)
  --rounds N        measured rounds of each (15)
  --seconds S       about how long a round takes (1)
  --warmup S        seconds of load before anything is measured (3)
  --express N       4 or 5 (5)
  --out DIR         where connections.json goes (out, beside this file)
  --help
`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      at: { type: "string", default: "1,10,100,1000" },
      rounds: { type: "string", default: "15" },
      seconds: { type: "string", default: "1" },
      warmup: { type: "string", default: "3" },
      express: { type: "string", default: "5" },
      out: { type: "string", default: OUT },
      help: { type: "boolean", default: false },
    },
  });
  const [express] = names("express", values.express, /** @type {const} */ (["4", "5"])) ?? [];
  return {
    help: values.help,
    counts: values.at.split(",").map((count) => number("at", count)),
    rounds: number("rounds", values.rounds),
    seconds: number("seconds", values.seconds, { minimum: 0.05, whole: false }),
    warmup: number("warmup", values.warmup, { minimum: 0.1, whole: false }),
    express: /** @type {import("./http/express.mjs").ExpressMajor} */ (Number(express)),
    out: path.resolve(values.out),
  };
}

/** @typedef {{ connections: number, constant: Round[], ours: Round[] }} AtCount */
/** @typedef {import("./http/load.mjs").Round} Round */

/** @param {ReturnType<typeof readOptions>} options @returns {Promise<AtCount[]>} */
async function run({ counts, rounds, seconds, warmup, express }) {
  const { open, close } = await openLanes();
  try {
    const modes = plan({ only: [BASELINE, OURS], all: false, express: [express] });
    const lanes = [];
    for (const mode of modes) {
      progress(`warm-up: ${mode.title}`);
      lanes.push(await open(mode, { warmup, connections: Math.max(...counts) }));
    }
    const cases = counts.flatMap((connections) => lanes.map((lane) => ({ connections, lane })));
    const taken = await alternate(cases, rounds, ({ connections, lane }) =>
      measure(lane.server, {
        ...lane,
        connections,
        requests: Math.max(AT_LEAST_EACH * connections, Math.round(lane.rate * seconds)),
      }),
    );
    return counts.map((connections, i) => ({ connections, constant: taken[2 * i], ours: taken[2 * i + 1] }));
  } finally {
    await close();
  }
}

/** @param {AtCount} at @param {AtCount} first */
function summarise({ connections, constant, ours }, first) {
  const percentiles = (/** @type {Round[]} */ rounds) => ({
    p50Micros: spread(rounds.map(({ p50Micros }) => p50Micros)),
    p90Micros: spread(rounds.map(({ p90Micros }) => p90Micros)),
    p99Micros: spread(rounds.map(({ p99Micros }) => p99Micros)),
  });
  const p99s = (/** @type {Round[]} */ rounds) => rounds.map(({ p99Micros }) => p99Micros);
  const cpus = (/** @type {Round[]} */ rounds) => rounds.map(({ cpuMicros }) => cpuMicros);
  const growth = (/** @type {Round[]} */ now, /** @type {Round[]} */ then) => spread(ratios(cpus(now), cpus(then)));
  return {
    connections,
    constant: { ...percentiles(constant), cpuGrowth: growth(constant, first.constant), rounds: constant },
    ours: { ...percentiles(ours), cpuGrowth: growth(ours, first.ours), rounds: ours },
    p99Ratio: spread(ratios(p99s(ours), p99s(constant))),
  };
}

/** @param {ReturnType<typeof summarise>[]} summary */
const latencyTable = (summary) =>
  table(
    ["connections", "mode", "CPU, over the first row's", "p50 ms", "p90 ms", "p99 ms", "p99, ours / constant"],
    summary.flatMap(({ connections, constant, ours, p99Ratio }) => [
      [String(connections), "constant", withQuartiles(constant.cpuGrowth), ...milliseconds(constant), ""],
      ["", "ours HS256", withQuartiles(ours.cpuGrowth), ...milliseconds(ours), withQuartiles(p99Ratio)],
    ]),
  );

/** @param {Record<"p50Micros" | "p90Micros" | "p99Micros", import("./figures/statistics.mjs").Spread>} percentiles */
const milliseconds = ({ p50Micros, p90Micros, p99Micros }) =>
  [p50Micros, p90Micros, p99Micros].map(({ median }) => (median / 1_000).toFixed(1));

/** Node has raised the soft limit to the hard one already. */
function openFilesLimit() {
  const report = /** @type {any} */ (process.report.getReport());
  const limit = Number(report.userLimits?.open_files.soft);
  return Number.isNaN(limit) ? Infinity : limit;
}

async function main() {
  const options = readOptions();
  if (options.help) {
    console.log(HELP);
    return;
  }
  const most = openFilesLimit() - OTHER_FILES;
  const counts = options.counts.filter((count) => count <= most);
  if (counts.length < options.counts.length) console.log(`Left out what is over ${most}: see \`ulimit -n\`.\n`);

  const measured = await run({ ...options, counts });
  const summary = measured.map((at) => summarise(at, measured[0]));
  const goals = summary.map(({ connections, p99Ratio }) => judgeP99(`p99 at ${connections} connections`, p99Ratio));

  const { rounds, seconds, express, out } = options;
  const about = { ...setup([express]), rounds, seconds };
  mkdirSync(out, { recursive: true });
  const file = path.join(out, "connections.json");
  writeFileSync(file, `${JSON.stringify({ ...about, connections: summary, goals }, null, 2)}\n`);

  console.log(`${setupLine(about)}, ${rounds} rounds`);
  console.log("Medians; the ratio is of one round each (quartiles in brackets).\n");
  console.log(`${latencyTable(summary)}\n\n${goalsTable(goals)}`);
  console.log(`\nAll rounds are in ${path.relative(process.cwd(), file)}`);
}

await runCommand(main, HELP);
