// From rounds to medians and ratios.
import { besideTheSignature } from "./beside.mjs";
import { judgeAll } from "./goals.mjs";
import { idOn } from "../http/plan.mjs";
import { ratios } from "./ratios.mjs";
import { spread } from "./statistics.mjs";

/** @typedef {import("../http/run.mjs").Measured} Measured */

/** @typedef {import("./statistics.mjs").CpuOf} CpuOf */

/** @param {{ measured: Measured[], floor: import("../http/run.mjs").MeasuredFloor[] }} run */
export function summarise({ measured, floor }) {
  const byId = new Map(measured.map((each) => [each.mode.id, each]));
  return {
    modes: measured.map(({ mode, rounds, jwksFetches }) => ({
      id: mode.id,
      title: mode.title,
      baseline: mode.baseline,
      express: mode.express,
      requestsPerSecond: spread(rounds.map((round) => round.requestsPerSecond)),
      cpuMicros: spread(rounds.map((round) => round.cpuMicros)),
      p50Micros: spread(rounds.map((round) => round.p50Micros)),
      p99Micros: spread(rounds.map((round) => round.p99Micros)),
      busy: spread(rounds.map((round) => round.busy)),
      jwksFetches,
      rounds,
    })),
    ratios: measured.flatMap((one) =>
      [one.mode.baseline, ...one.mode.against].flatMap((id) => {
        const other = byId.get(id);
        return other ? [compare(one, other)] : [];
      }),
    ),
    floor: floor.map(({ operation: { id, title }, rounds }) => ({
      ...{ id, title, rounds },
      cpuMicros: spread(rounds.map(({ cpuMicros }) => cpuMicros)),
    })),
    byExpress: [...new Set(measured.map(({ mode }) => mode.express))].map((express) => {
      const cpuOf = cpuOn(express, measured, floor);
      const beside = besideTheSignature(cpuOf);
      return { express, beside, goals: judgeAll({ cpuOf, beside }) };
    }),
  };
}

/** @typedef {ReturnType<typeof summarise>} Summary */

/**
 * Above 1, the first mode is the better one in both.
 * @param {Measured} one
 * @param {Measured} other
 */
const compare = (one, other) => ({
  mode: one.mode.id,
  against: other.mode.id,
  cpu: spread(ratios(cpus(other.rounds), cpus(one.rounds))),
  requestsPerSecond: spread(ratios(rates(one.rounds), rates(other.rounds))),
});

/** @param {{ cpuMicros: number }[]} rounds */
const cpus = (rounds) => rounds.map(({ cpuMicros }) => cpuMicros);
/** @param {{ requestsPerSecond: number }[]} rounds */
const rates = (rounds) => rounds.map(({ requestsPerSecond }) => requestsPerSecond);

/**
 * @param {import("../http/express.mjs").ExpressMajor} express
 * @param {Measured[]} measured
 * @param {import("../http/run.mjs").MeasuredFloor[]} floor
 * @returns {CpuOf}
 */
function cpuOn(express, measured, floor) {
  const modes = new Map(measured.map(({ mode, rounds }) => [mode.id, cpus(rounds)]));
  const operations = new Map(floor.map(({ operation, rounds }) => [operation.id, cpus(rounds)]));
  return (id) => operations.get(id) ?? modes.get(idOn(id, express));
}
