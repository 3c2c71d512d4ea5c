// Runs the modes in turn and reports what each costs. `node main.mjs --help` lists the options.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { chart } from "./figures/chart.mjs";
import { runCommand } from "./command/command.mjs";
import { HELP, readOptions } from "./command/options.mjs";
import { hottest } from "./figures/profile.mjs";
import { report } from "./figures/report.mjs";
import { run } from "./http/run.mjs";
import { setup, setupLine } from "./figures/setup.mjs";
import { summarise } from "./figures/summary.mjs";

async function main() {
  const options = readOptions();
  if (options.help) {
    console.log(HELP);
    return;
  }
  mkdirSync(options.out, { recursive: true });
  const summary = summarise(await run(options));

  const { processes, rounds, seconds, connections, profile } = options;
  const about = {
    ...setup([...new Set(options.modes.map(({ express }) => express))]),
    processes,
    rounds,
    seconds,
    connections,
  };
  const file = path.join(options.out, "results.json");
  write(file, `${JSON.stringify({ ...about, profiled: profile, ...summary }, null, 2)}\n`);
  if (options.chart) write(options.chart, chart(summary, setupLine(about)));

  console.log(
    `${setupLine(about)}, ${processes} processes of each mode, ${rounds} rounds of each process, ${connections} connections`,
  );
  console.log("Medians; ratios and differences are of one round each (quartiles in brackets).\n");
  console.log(report(summary));
  for (const warning of warnings(summary)) console.log(`\n${warning}`);
  if (profile) printProfiles(summary, options.out);
  console.log(`\nAll rounds are in ${path.relative(process.cwd(), file)}`);
}

/** @param {string} file @param {string} text */
function write(file, text) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** @param {import("./figures/summary.mjs").Summary} summary */
function warnings({ modes }) {
  const idle = modes.filter(({ busy }) => busy.median < 0.85);
  const cold = modes.filter(({ jwksFetches }) => jwksFetches > 0);
  const list = (/** @type {string[]} */ texts, /** @type {string} */ what) =>
    texts.length > 0 ? [`${what}: ${texts.join(", ")}`] : [];
  return [
    ...list(
      idle.map(({ title, busy }) => `${title} (${busy.median.toFixed(2)})`),
      "Servers not kept busy, so that requests/s says little and CPU is the figure to trust",
    ),
    ...list(
      cold.map(({ title }) => title),
      "JWKS fetched during measured rounds",
    ),
  ];
}

/** @param {import("./figures/summary.mjs").Summary} summary @param {string} out */
function printProfiles({ modes }, out) {
  for (const { id, title } of modes) {
    console.log(`\n${title}: share of CPU time in the function itself`);
    for (const { name, share } of hottest(path.join(out, `${id}.cpuprofile`))) {
      console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${name}`);
    }
  }
}

await runCommand(main, HELP);
