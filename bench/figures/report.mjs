// The tables that a run prints.
import { table, withQuartiles } from "./statistics.mjs";

/** @typedef {import("./summary.mjs").Summary} Summary */

/** @param {Summary} summary @returns {string} */
export const report = (summary) =>
  [
    modesTable(summary),
    pairsTable(summary),
    floorTable(summary),
    ...summary.byExpress.flatMap(({ express, beside, goals }) => [besideTable(beside), goalsTable(goals, express)]),
  ]
    .filter((text) => text !== "")
    .join("\n\n");

/** @param {Summary} summary */
function modesTable({ modes, ratios }) {
  const toBaseline = new Map(
    modes.map(({ id, baseline }) => [id, ratios.find((ratio) => ratio.mode === id && ratio.against === baseline)]),
  );
  return section(
    "Modes: ratios to the constant app that gets a body of the same length. Above 1: better.",
    ["mode", "CPU ratio", "requests/s ratio", "CPU µs/request", "requests/s"],
    modes.map((mode) => {
      const ratio = toBaseline.get(mode.id);
      return [
        mode.title,
        ratio ? withQuartiles(ratio.cpu) : "",
        ratio ? withQuartiles(ratio.requestsPerSecond) : "",
        mode.cpuMicros.median.toFixed(1),
        mode.requestsPerSecond.median.toFixed(0),
      ];
    }),
  );
}

/** @param {Summary} summary */
function pairsTable({ modes, ratios }) {
  const byId = new Map(modes.map((mode) => [mode.id, mode]));
  return section(
    "Ours against the others. Above 1: ours is better.",
    ["pair", "CPU ratio", "requests/s ratio"],
    ratios
      .filter(({ mode, against }) => byId.get(mode)?.baseline !== against)
      .map((ratio) => [
        `${byId.get(ratio.mode)?.title} / ${byId.get(ratio.against)?.title}`,
        withQuartiles(ratio.cpu),
        withQuartiles(ratio.requestsPerSecond),
      ]),
  );
}

/** @param {Summary} summary */
const floorTable = ({ floor }) =>
  section(
    "The floor: a check by itself.",
    ["operation", "CPU µs"],
    floor.map(({ title, cpuMicros }) => [title, withQuartiles(cpuMicros)]),
  );

/** @param {import("./beside.mjs").BesideTheSignature} beside */
const besideTable = (beside) =>
  section(
    "What is beside the signature. 1: nothing.",
    ["difference", "of logins, CPU µs", "of bare checks, CPU µs", "times"],
    beside.map(({ title, loginMicros, checkMicros, times }) => [
      title,
      withQuartiles(loginMicros, 1),
      withQuartiles(checkMicros, 1),
      withQuartiles(times),
    ]),
  );

/** @param {import("./goals.mjs").JudgedGoal[]} goals @param {number} [express] */
export const goalsTable = (goals, express) =>
  section(
    express === undefined ? "Goals." : `Goals, on Express ${express}.`,
    ["goal", "wanted", "measured", "verdict"],
    goals.map(({ title, atLeast, atMost, measured, verdict }) => [
      title,
      atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`,
      withQuartiles(measured, 3),
      verdict,
    ]),
  );

/** @param {string} title @param {string[]} header @param {string[][]} rows */
const section = (title, header, rows) => (rows.length > 0 ? `${title}\n\n${table(header, rows)}` : "");
