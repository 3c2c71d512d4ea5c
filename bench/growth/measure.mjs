import { alternate } from "../command/alternate.mjs";
import { fitLine, spread } from "../figures/statistics.mjs";
import { cpuMicros, timesIn } from "./turn.mjs";

/** Milliseconds of CPU that the cheapest case gets in a round. */
const TURN = 20;

/**
 * @param {import("./turn.mjs").Series} series
 * @param {number} rounds
 */
export async function measure({ id, title, sizes, runs, isLinear }, rounds) {
  const cases = [];
  for (const size of sizes) {
    for (const [what, run] of Object.entries(await runs(size))) cases.push({ size, what, run });
  }
  const times = await timesIn(cases[0].run, TURN);
  // A first round, that no figure comes of, fills caches and has the code compiled.
  await alternate(cases, 2, ({ run }) => cpuMicros(run, times));
  const micros = await alternate(cases, rounds, ({ run }) => cpuMicros(run, times));
  const measured = cases.map(({ size, what }, index) => ({ size, what, micros: micros[index] }));
  return {
    id,
    title,
    loginsInRound: times,
    cases: measured.map(({ size, what, micros: own }) => ({
      size,
      what,
      cpuMicros: spread(own),
      ratio: spread(own.map((value, round) => value / micros[0][round])),
    })),
    ...(isLinear && { fits: fits(measured, rounds) }),
  };
}

/** @typedef {Awaited<ReturnType<typeof measure>>} Measured */

/**
 * A line for each thing that was measured, fitted within a round, as the ratios are made.
 * @param {{ size: number, what: string, micros: number[] }[]} measured
 * @param {number} rounds
 */
function fits(measured, rounds) {
  const names = [...new Set(measured.map(({ what }) => what))];
  const byRound = Array.from({ length: rounds }, (_, round) =>
    names.map((name) =>
      fitLine(
        measured.filter(({ what }) => what === name).map(({ size, micros }) => ({ x: size / 1_000, y: micros[round] })),
      ),
    ),
  );
  return names.map((what, index) => ({
    what,
    microsAtZero: spread(byRound.map((lines) => lines[index].atZero)),
    microsPerThousand: spread(byRound.map((lines) => lines[index].slope)),
    shareOfGrowth: spread(byRound.map((lines) => lines[index].slope / lines[0].slope)),
  }));
}
