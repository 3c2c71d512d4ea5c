// How many bytes one more key, login type or token takes, each measured in processes of its own.
import { execFile } from "node:child_process";
import path from "node:path";
import { parseArgs, promisify } from "node:util";

import { alternate } from "./command/alternate.mjs";
import { SUBJECTS } from "./memory/subjects.mjs";
import { keep } from "./figures/results.mjs";
import { spread, table, withQuartiles } from "./figures/statistics.mjs";

const CHILD = path.join(import.meta.dirname, "memory", "child.mjs");
const run = promisify(execFile);

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    only: { type: "string", default: SUBJECTS.map(({ id }) => id).join(",") },
  },
});
const rounds = Number(values.rounds);
const chosen = SUBJECTS.filter(({ id }) => values.only.split(",").includes(id));

/** Bytes that one more takes, by the difference of two counts, so that what is held in any case does not count. */
async function bytesOfOne({ id, counts: [few, many] }) {
  const [less, more] = [await held(id, few), await held(id, many)];
  const perOne = (/** @type {"counted" | "resident"} */ what) => (more[what] - less[what]) / (many - few);
  return { counted: perOne("counted"), resident: perOne("resident") };
}

/** @param {string} id @param {number} count @returns {Promise<{ counted: number, resident: number }>} */
async function held(id, count) {
  const { stdout } = await run(process.execPath, ["--expose-gc", CHILD, id, String(count)]);
  return JSON.parse(stdout);
}

const results = await alternate(chosen, rounds, bytesOfOne);
const measured = chosen.map(({ id, title, counts }, index) => ({
  id,
  title,
  counts,
  bytes: spread(results[index].map(({ counted }) => counted)),
  residentBytes: spread(results[index].map(({ resident }) => resident)),
}));

console.log(
  `Node ${process.version}, ${rounds} rounds; medians with quartiles. Bytes: heap and external, after garbage ` +
    "collection. Resident: what the process grew by, what OpenSSL holds and what the heap keeps free included.\n",
);
console.log(
  table(
    ["one more", "between", "bytes", "resident bytes"],
    measured.map(({ title, counts, bytes, residentBytes }) => [
      title,
      counts.map((count) => count.toLocaleString("en")).join(" and "),
      withQuartiles(bytes, 0),
      withQuartiles(residentBytes, 0),
    ]),
  ),
);
console.log(`\nFigures: ${keep("memory.json", { rounds, subjects: measured })}`);
