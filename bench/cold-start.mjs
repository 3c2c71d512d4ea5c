// What it takes to load the package in a fresh process, beside Express and what else it loads.
import { execFileSync } from "node:child_process";
import path from "node:path";
import { parseArgs } from "node:util";

import { alternate } from "./command/alternate.mjs";
import { keep } from "./figures/results.mjs";
import { spread, table, withQuartiles } from "./figures/statistics.mjs";

const LOADERS = { require: "load.cjs", import: "load.mjs" };
const OURS = "matrix-jwt-login";
const LOADED = [[], ["express"], ["jsonwebtoken"], ["jwks-rsa"], [OURS], ["express", OURS]];

const { values } = parseArgs({ options: { rounds: { type: "string", default: "31" } } });
const rounds = Number(values.rounds);
const cases = Object.keys(LOADERS).flatMap((how) => LOADED.map((names) => ({ how, names })));

/** @returns {{ loadMs: number, cpuMs: number, files: string[] }} */
function load({ how, names }) {
  const loader = path.join(import.meta.dirname, "cold-start", LOADERS[how]);
  return JSON.parse(execFileSync(process.execPath, [loader, ...names], { encoding: "utf8" }));
}

/** Files by the package that they are of; only `require` tells them. @param {string[]} files */
function byPackage(files) {
  const counts = {};
  for (const file of files) {
    if (file.includes(`${path.sep}cold-start${path.sep}`)) continue;
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? OURS;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const results = await alternate(cases, rounds, load);
const measured = cases.map(({ how, names }, index) => ({
  how,
  loaded: names.join(", then ") || "nothing",
  loadMs: spread(results[index].map(({ loadMs }) => loadMs)),
  cpuMs: spread(results[index].map(({ cpuMs }) => cpuMs)),
  files: byPackage(results[index][0].files),
}));

console.log(`Node ${process.version}, ${rounds} fresh processes each; milliseconds, medians with quartiles.\n`);
console.log(
  table(
    ["loaded", "load", "CPU of the process"],
    measured.map(({ how, loaded, loadMs, cpuMs }) => [
      `${how} ${loaded}`,
      withQuartiles(loadMs, 1),
      withQuartiles(cpuMs, 1),
    ]),
  ),
);
const { files } = measured.find(({ how, loaded }) => how === "require" && loaded === OURS);
console.log(`\nFiles that \`require\` of ${OURS} loads, by package:\n`);
console.log(
  table(
    ["package", "files"],
    Object.entries(files)
      .toSorted(([, one], [, other]) => other - one)
      .map(([name, count]) => [name, String(count)]),
  ),
);
console.log(`\nFigures: ${keep("cold-start.json", { rounds, cases: measured })}`);
