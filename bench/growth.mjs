// What a warm login costs by how much of everything there is. In one process and without HTTP.
import { parseArgs } from "node:util";

import { drawGrowth } from "./growth/chart.mjs";
import { measure } from "./growth/measure.mjs";
import { SERIES } from "./growth/series.mjs";
import { keep } from "./figures/results.mjs";
import { table, withQuartiles } from "./figures/statistics.mjs";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "60" },
    only: { type: "string", default: SERIES.map(({ id }) => id).join(",") },
  },
});
const rounds = Number(values.rounds);
const chosen = SERIES.filter(({ id }) => values.only.split(",").includes(id));

console.log(
  `Node ${process.version}, ${rounds} rounds. CPU, over that of a login in the first row, in the same round; medians ` +
    "with quartiles.\n",
);
const measured = [];
for (const series of chosen) {
  const one = await measure(series, rounds);
  measured.push(one);
  console.log(`${tableOf(one)}\n`);
  if (one.fits) console.log(`${fitsOf(one.fits)}\n`);
}
console.log(`Figures: ${keep("growth.json", { rounds, series: measured })}`);
console.log(`Chart: ${keep("growth.svg", drawGrowth(measured))}`);
process.exit();

/** @param {import("./growth/measure.mjs").Measured} measured */
function tableOf({ title, cases }) {
  const names = [...new Set(cases.map(({ what }) => what))];
  const sizes = [...new Set(cases.map(({ size }) => size))];
  const cell = (/** @type {number} */ size, /** @type {string} */ name) =>
    withQuartiles(cases.find((one) => one.size === size && one.what === name).ratio);
  return table(
    [title, ...names],
    sizes.map((size) => [size.toLocaleString("en"), ...names.map((name) => cell(size, name))]),
    "right",
  );
}

/** @param {NonNullable<import("./growth/measure.mjs").Measured["fits"]>} fits */
function fitsOf(fits) {
  return table(
    ["fitted line", "µs at 0 bytes", "µs more a kB", "part of the growth"],
    fits.map(({ what, microsAtZero, microsPerThousand, shareOfGrowth }) => [
      what,
      ...[microsAtZero, microsPerThousand, shareOfGrowth].map((figure) => withQuartiles(figure)),
    ]),
  );
}
