// What one login, or one check of an access token, makes the engine do: counts that are the same on a busy machine, held
// against what was recorded. `--record` records what it is now; `.ci/run` runs it without.
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";

import { table } from "./figures/statistics.mjs";
import { CASES } from "./guard/cases.mjs";

const CHILD = join(import.meta.dirname, "guard/child.mjs");
const RECORD = join(import.meta.dirname, "guard/recorded.json");
/** In the interpreter, so that it does not depend on what is compiled when; and with no collection in between. */
const FLAGS = ["--no-opt", "--no-sparkplug", "--max-semi-space-size=256", "--min-semi-space-size=256", "--expose-gc"];
/** Bytes may differ by so much: tables of V8 grow at one time or another. */
const SLACK = 1.1;

const run = promisify(execFile);
const { values } = parseArgs({ options: { record: { type: "boolean", default: false } } });

/** @typedef {Record<string, number>} Counts by what is counted */

/** Processes that count, at most: now and then one has some hundred bytes more than the next. */
const TRIES = 3;

/** @param {string} name @returns {Promise<Counts>} */
async function count(name) {
  const { stdout } = await run(process.execPath, [...FLAGS, CHILD, name]);
  return JSON.parse(stdout);
}

/** @type {Record<string, Counts>} */
const measured = {};
for (const name of Object.keys(CASES)) measured[name] = await count(name);

const [major] = process.versions.node.split(".");
if (values.record) {
  writeFileSync(RECORD, `${JSON.stringify({ node: Number(major), cases: measured }, undefined, 2)}\n`);
}
/** @type {{ node: number, cases: Record<string, Counts> }} */
const recorded = JSON.parse(readFileSync(RECORD, "utf8"));
const sameNode = recorded.node === Number(major);

/** @param {string} what @param {number} now @param {number} then */
function isMore(what, now, then) {
  return what === "bytes" ? sameNode && now > then * SLACK : now > then;
}

/** @param {string} name */
const worseOf = (name) =>
  Object.entries(measured[name]).flatMap(([what, now]) => {
    const then = recorded.cases[name]?.[what] ?? 0;
    return isMore(what, now, then) ? [`${name}: ${now} ${what}, and ${then} were recorded`] : [];
  });

for (const name of Object.keys(CASES)) {
  for (let tries = 1; tries < TRIES && worseOf(name).length > 0; tries += 1) measured[name] = await count(name);
}

const worse = Object.keys(CASES).flatMap(worseOf);
const rows = Object.entries(measured).map(([name, counts]) => [
  name,
  ...Object.entries(counts).map(([what, now]) => {
    const then = recorded.cases[name]?.[what] ?? 0;
    return now === then ? String(now) : `${now} (${then})`;
  }),
]);
console.log(`Node ${process.version}; recorded with Node ${recorded.node}. What one of each does (and did):\n`);
console.log(table(["", ...Object.keys(Object.values(measured)[0])], rows));
if (!sameNode) console.log("\nBytes are compared under the recorded version of Node only.");
if (worse.length > 0) {
  console.log(
    `\nMore than recorded; if it is worth it, record it by npm run bench:guard -- --record\n${worse.join("\n")}`,
  );
  process.exitCode = 1;
}
