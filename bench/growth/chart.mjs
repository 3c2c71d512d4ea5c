import { lineChart } from "./line-chart.mjs";

const COUNTED = ["keys", "keys-without-kid", "issuers", "login-types"];

/**
 * What a login costs by numbers of things, and by its token's size.
 * @param {import("./measure.mjs").Measured[]} measured
 */
export function drawGrowth(measured) {
  const counted = measured.filter(({ id }) => COUNTED.includes(id));
  const size = measured.find(({ id }) => id === "token-size");
  const panels = [
    ...(counted.length === 0
      ? []
      : [{ title: "by how many there are", ticks: [1, 10, 100, 1_000, 10_000], lines: counted.map(firstLine) }]),
    ...(size === undefined
      ? []
      : [{ title: `by ${size.title}`, ticks: [300, 500, 1_000, 2_000, 4_000, 8_000], lines: linesOf(size) }]),
  ];
  return lineChart({
    title: "What a login costs, by what there is",
    subtitle: `CPU, over that of a login in the first row of its table; medians and quartiles. Node ${process.version}`,
    description: panels
      .flatMap(({ lines }) => lines)
      .map(({ label, points }) => `${label}: ${points.map(({ x, y }) => `${y.toFixed(2)} at ${x}`).join(", ")}`)
      .join(". "),
    panels,
  });
}

/** @param {import("./measure.mjs").Measured} measured */
function firstLine(measured) {
  return { ...linesOf(measured)[0], label: measured.title };
}

/** @param {import("./measure.mjs").Measured} measured */
function linesOf({ cases }) {
  return [...new Set(cases.map(({ what }) => what))].map((label) => ({
    label,
    points: cases
      .filter(({ what }) => what === label)
      .map(({ size, ratio: { median, lowerQuartile, upperQuartile } }) => ({
        x: size,
        y: median,
        low: lowerQuartile,
        high: upperQuartile,
      })),
  }));
}
