// From rounds to medians, ratios and tables.
import { BASELINE } from "./modes.mjs";

/** @typedef {{ mode: import("./modes.mjs").Mode, rounds: import("./load.mjs").Round[], jwksFetches: number }} Measured */

/** @param {number[]} values @param {number} share */
function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)];
  return below + (sorted[Math.ceil(position)] - below) * (position % 1);
}

/** @param {number[]} values */
const spread = (values) => ({
  median: quantile(values, 0.5),
  lowerQuartile: quantile(values, 0.25),
  upperQuartile: quantile(values, 0.75),
});

/**
 * Ratios are made within a round and the median is taken last, so that what slows the whole machine for a while
 * cancels out. Above 1, the first mode is the better one in both.
 * @param {Measured} one
 * @param {Measured} other
 */
function compare(one, other) {
  return {
    mode: one.mode.id,
    against: other.mode.id,
    cpu: spread(one.rounds.map((round, index) => other.rounds[index].cpuMicros / round.cpuMicros)),
    requestsPerSecond: spread(
      one.rounds.map((round, index) => round.requestsPerSecond / other.rounds[index].requestsPerSecond),
    ),
  };
}

/** @param {Measured[]} measured */
export function summarise(measured) {
  const byId = new Map(measured.map((each) => [each.mode.id, each]));
  return {
    modes: measured.map(({ mode, rounds, jwksFetches }) => ({
      id: mode.id,
      title: mode.title,
      requestsPerSecond: spread(rounds.map((round) => round.requestsPerSecond)),
      cpuMicros: spread(rounds.map((round) => round.cpuMicros)),
      p50Micros: spread(rounds.map((round) => round.p50Micros)),
      p99Micros: spread(rounds.map((round) => round.p99Micros)),
      busy: spread(rounds.map((round) => round.busy)),
      jwksFetches,
      rounds,
    })),
    ratios: measured.flatMap((one) =>
      [BASELINE, ...one.mode.against].flatMap((id) => {
        const other = byId.get(id);
        return other ? [compare(one, other)] : [];
      }),
    ),
  };
}

/** @typedef {ReturnType<typeof summarise>} Summary */

/** @param {string[]} header @param {string[][]} rows a Markdown table, its first column left and the rest right aligned */
function table(header, rows) {
  const widths = header.map((_, column) => Math.max(4, ...[header, ...rows].map((row) => row[column].length)));
  const line = (/** @type {string[]} */ row) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join(" | ")} |`;
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(header), line(rule), ...rows.map(line)].join("\n");
}

/** @param {ReturnType<typeof spread>} ratio */
const withQuartiles = ({ median, lowerQuartile, upperQuartile }) =>
  `${median.toFixed(2)} (${lowerQuartile.toFixed(2)}-${upperQuartile.toFixed(2)})`;

/** @param {Summary} summary */
export function printTables({ modes, ratios }) {
  const title = new Map(modes.map((mode) => [mode.id, mode.title]));
  const toBaseline = new Map(ratios.filter((ratio) => ratio.against === BASELINE).map((ratio) => [ratio.mode, ratio]));

  console.log(
    table(
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
    ),
  );

  const peers = ratios.filter((ratio) => ratio.against !== BASELINE);
  if (peers.length > 0) {
    console.log(
      `\n${table(
        ["pair", "CPU ratio", "requests/s ratio"],
        peers.map((ratio) => [
          `${title.get(ratio.mode)} / ${title.get(ratio.against)}`,
          withQuartiles(ratio.cpu),
          withQuartiles(ratio.requestsPerSecond),
        ]),
      )}`,
    );
  }
}
