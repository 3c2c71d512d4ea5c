// From many figures to few, and to a table of them.

/** @param {number[]} values @param {number} share */
function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)];
  return below + (sorted[Math.ceil(position)] - below) * (position % 1);
}

/** @param {number[]} values */
export const spread = (values) => ({
  median: quantile(values, 0.5),
  lowerQuartile: quantile(values, 0.25),
  upperQuartile: quantile(values, 0.75),
});

/** @typedef {ReturnType<typeof spread>} Spread */

/** @typedef {(id: string) => number[] | undefined} CpuOf CPU microseconds of a mode or an operation, round by round */

/**
 * By least squares.
 * @param {{ x: number, y: number }[]} points
 */
export function fitLine(points) {
  const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map((point) => point.x)), mean(points.map((point) => point.y))];
  const slope =
    mean(points.map((point) => (point.x - x) * (point.y - y))) / mean(points.map((point) => (point.x - x) ** 2));
  return { slope, atZero: y - slope * x };
}

/** @param {Spread} spread @param {number} [digits] */
export const withQuartiles = ({ median, lowerQuartile, upperQuartile }, digits = 2) =>
  `${median.toFixed(digits)} (${lowerQuartile.toFixed(digits)}-${upperQuartile.toFixed(digits)})`;

/**
 * A Markdown table; all columns but the first are right aligned.
 * @param {string[]} header @param {string[][]} rows @param {"left" | "right"} [first] how the first one is aligned
 */
export function table(header, rows, first = "left") {
  const widths = header.map((_, column) => Math.max(4, ...[header, ...rows].map((row) => row[column].length)));
  const isLeft = (/** @type {number} */ column) => column === 0 && first === "left";
  const cell = (/** @type {string} */ text, /** @type {number} */ column) =>
    isLeft(column) ? text.padEnd(widths[column]) : text.padStart(widths[column]);
  const rule = widths.map((width, column) => (isLeft(column) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  const line = (/** @type {string[]} */ row) => `| ${row.map(cell).join(" | ")} |`;
  return [line(header), line(rule), ...rows.map(line)].join("\n");
}
