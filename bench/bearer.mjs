// What a check of the access token costs a request, ours and others'. `node bearer.mjs --help` lists the options.
import { once } from "node:events";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { measure } from "./bearer/load.mjs";
import { introspection, modes } from "./bearer/modes.mjs";
import { alternate } from "./command/alternate.mjs";
import { names, number, progress, runCommand } from "./command/command.mjs";
import { ratios } from "./figures/ratios.mjs";
import { keep } from "./figures/results.mjs";
import { spread, table, withQuartiles } from "./figures/statistics.mjs";
import { expressVersion } from "./http/express.mjs";
import { jwks } from "./http/fixtures.mjs";
import { startServer } from "./http/server-process.mjs";

const HELP = `npm run bench:bearer -- [options]

  --rounds N        measured rounds of every mode (15)
  --seconds S       about how long a round of one mode takes (0.5)
  --connections N   keep-alive connections (10)
  --warmup S        seconds of load on every mode before anything is measured (8)
  --only A,B        only these modes
  --help

Modes: ${modes.map(({ id }) => id).join(", ")}
`;

const WARM_UP_STEP = 500;

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "15" },
      seconds: { type: "string", default: "0.5" },
      connections: { type: "string", default: "10" },
      warmup: { type: "string", default: "8" },
      only: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const only = names(
    "only",
    values.only,
    modes.map(({ id }) => id),
  );
  return {
    help: values.help,
    rounds: number("rounds", values.rounds),
    seconds: number("seconds", values.seconds, { minimum: 0.05, whole: false }),
    connections: number("connections", values.connections),
    warmup: number("warmup", values.warmup, { minimum: 0.1, whole: false }),
    modes: modes.filter(({ id }) => !only || only.includes(id)),
  };
}

/** An authorization server: keys and introspection. */
async function startIssuer() {
  const answers = { "/jwks": JSON.stringify(jwks), "/introspect": JSON.stringify(introspection) };
  const server = createServer((req, res) => {
    res.setHeader("Content-Type", "application/json");
    res.end(answers[/** @type {keyof typeof answers} */ (req.url)]);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const origin = `http://127.0.0.1:${port}`;
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { urls: { jwks: `${origin}/jwks`, introspection: `${origin}/introspect` }, stop };
}

await runCommand(async () => {
  const { help, rounds, seconds, connections, warmup, modes: chosen } = readOptions();
  if (help) {
    console.log(HELP);
    return;
  }
  const issuer = await startIssuer();
  /** @type {import("./http/server-process.mjs").ServerProcess[]} */
  const servers = [];
  try {
    const lanes = [];
    for (const mode of chosen) {
      progress(`warm-up: ${mode.title}`);
      const server = await startServer(`../../bearer/servers/${mode.server}`, {
        express: 5,
        ...mode.settings(issuer.urls),
      });
      servers.push(server);
      const lane = { mode, server, rate: 0 };
      const end = performance.now() + warmup * 1_000;
      do {
        lane.rate = (await measure(server, mode, { connections, requests: WARM_UP_STEP })).requestsPerSecond;
      } while (performance.now() < end);
      lanes.push(lane);
    }
    const taken = await alternate(lanes, rounds, ({ mode, server, rate }) =>
      measure(server, mode, { connections, requests: Math.max(WARM_UP_STEP, Math.round(rate * seconds)) }),
    );
    report(chosen, taken, { rounds, connections });
  } finally {
    issuer.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
}, HELP);

/**
 * @param {import("./bearer/modes.mjs").Mode[]} chosen
 * @param {import("./bearer/load.mjs").Round[][]} taken
 * @param {{ rounds: number, connections: number }} how
 */
function report(chosen, taken, how) {
  const cpu = new Map(chosen.map(({ id }, index) => [id, taken[index].map(({ cpuMicros }) => cpuMicros)]));
  const open = cpu.get("open");
  const rows = chosen.map(({ id, title }, index) => {
    const own = /** @type {number[]} */ (cpu.get(id));
    return {
      id,
      title,
      cpuMicros: spread(own),
      ratio: open && spread(ratios(open, own)),
      extraMicros: open && spread(own.map((micros, round) => micros - open[round])),
      p99Micros: spread(taken[index].map(({ p99Micros }) => p99Micros)),
    };
  });
  const text = (/** @type {import("./figures/statistics.mjs").Spread | undefined} */ figures, digits = 2) =>
    figures ? withQuartiles(figures, digits) : "";
  console.log(
    `Node ${process.version.slice(1)}, Express ${expressVersion(5)}, ${how.connections} connections, ${how.rounds} rounds; medians with quartiles\n`,
  );
  console.log(
    table(
      ["mode", "CPU ratio to no authentication", "extra CPU µs", "CPU µs/request", "p99 µs"],
      rows.map(({ title, ratio, extraMicros, cpuMicros, p99Micros }) => [
        title,
        text(ratio),
        text(extraMicros, 1),
        text(cpuMicros, 1),
        text(p99Micros, 0),
      ]),
    ),
  );
  const pairs = chosen.flatMap(({ id, title, against }) =>
    against
      .filter((other) => cpu.has(other))
      .map((other) => {
        const [own, theirs] = [cpu.get(id) ?? [], cpu.get(other) ?? []];
        return {
          pair: `${title} / ${modes.find((mode) => mode.id === other)?.title}`,
          ratio: spread(ratios(theirs, own)),
          extra: open && spread(own.map((micros, round) => (micros - open[round]) / (theirs[round] - open[round]))),
        };
      }),
  );
  console.log(
    `\n${table(
      ["pair", "CPU ratio", "extra CPU, as a part of theirs"],
      pairs.map(({ pair, ratio, extra }) => [pair, text(ratio), pair.endsWith("no authentication") ? "" : text(extra)]),
    )}`,
  );
  console.log(`\nFigures: ${keep("bearer.json", { ...how, rows, pairs })}`);
}
