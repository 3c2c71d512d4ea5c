// Panels of lines over two logarithmic axes, as an SVG for light and dark pages alike.
import { escape, round } from "../figures/svg.mjs";

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {{ x: number, y: number, low: number, high: number }[]} points with quartiles
 *
 * @typedef {object} Panel
 * @property {string} title
 * @property {number[]} ticks of the x axis, its ends among them
 * @property {Line[]} lines
 */

const WIDTH = 960;
const HEIGHT = 460;
const TOP = 92;
const LEFT = 56;
const GAP = 48;
const PLOT_HEIGHT = 230;
const LEGEND = TOP + PLOT_HEIGHT + 62;
const LEGEND_STEP = 20;

/** A shape tells lines apart where the colour does not. */
const MARKERS = [
  '<circle r="4.5"/>',
  '<rect x="-4" y="-4" width="8" height="8"/>',
  '<path d="M0-5.5 5 4-5 4Z"/>',
  '<path d="M0-6 6 0 0 6-6 0Z"/>',
];

const STYLE = `
  .page { fill: #fcfcfb } text { fill: #52514e; font: 12px system-ui, sans-serif }
  .title { fill: #0b0b0b; font-size: 16px; font-weight: 600 } .panel { fill: #0b0b0b; font-weight: 600 }
  .grid { stroke: #e1e0d9; stroke-width: 1 } .line { fill: none; stroke-width: 2 } .range { stroke-width: 1; opacity: 0.6 }
  .c0 { stroke: #2a78d6; fill: #2a78d6 } .c1 { stroke: #008300; fill: #008300 }
  .c2 { stroke: #e34948; fill: #e34948 } .c3 { stroke: #4a3aa7; fill: #4a3aa7 }
  .c0.line, .c1.line, .c2.line, .c3.line { fill: none }
  @media (prefers-color-scheme: dark) {
    .page { fill: #1a1a19 } text { fill: #c3c2b7 } .title, .panel { fill: #ffffff } .grid { stroke: #2c2c2a }
    .c0 { stroke: #3987e5; fill: #3987e5 } .c1 { stroke: #0ca30c; fill: #0ca30c }
    .c2 { stroke: #e66767; fill: #e66767 } .c3 { stroke: #9085e9; fill: #9085e9 }
  }`;

/** @param {{ title: string, subtitle: string, description: string, panels: Panel[] }} chart */
export function lineChart({ title, subtitle, description, panels }) {
  const y = yAxis(panels.flatMap(({ lines }) => lines.flatMap(({ points }) => points)));
  const width = (WIDTH - LEFT - 24 - GAP * (panels.length - 1)) / panels.length;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title description">
<title id="title">${escape(title)}</title>
<desc id="description">${escape(description)}</desc>
<style>${STYLE}</style>
<rect class="page" width="${WIDTH}" height="${HEIGHT}" rx="6"/>
<text class="title" x="24" y="32">${escape(title)}</text>
<text x="24" y="52">${escape(subtitle)}</text>
${panels.map((panel, index) => drawPanel(panel, LEFT + index * (width + GAP), width, y)).join("\n")}
</svg>`;
}

/** @typedef {ReturnType<typeof yAxis>} YAxis */

/** From a power of two to another. @param {Line["points"]} points */
function yAxis(points) {
  const lowest = Math.floor(Math.log2(Math.min(...points.map(({ low }) => low), 0.5)));
  const highest = Math.ceil(Math.log2(Math.max(...points.map(({ high }) => high), 2)));
  return {
    ticks: Array.from({ length: highest - lowest + 1 }, (_, index) => 2 ** (lowest + index)),
    at: (/** @type {number} */ value) =>
      round(TOP + PLOT_HEIGHT * (1 - (Math.log2(value) - lowest) / (highest - lowest))),
  };
}

/** @param {Panel} panel @param {number} left @param {number} width @param {YAxis} y */
function drawPanel({ title, ticks, lines }, left, width, y) {
  const [first, last] = [Math.log(ticks[0]), Math.log(ticks[ticks.length - 1])];
  const x = (/** @type {number} */ value) => round(left + (width * (Math.log(value) - first)) / (last - first));
  const bottom = TOP + PLOT_HEIGHT;
  return [
    `<text class="panel" x="${round(left)}" y="${TOP - 14}">${escape(title)}</text>`,
    ...y.ticks.map(
      (tick) =>
        `<path class="grid" d="M${round(left)} ${y.at(tick)}H${round(left + width)}"/>` +
        `<text x="${round(left - 8)}" y="${y.at(tick) + 4}" text-anchor="end">${tick < 0.1 ? tick.toFixed(2) : tick}</text>`,
    ),
    ...ticks.map(
      (tick) => `<text x="${x(tick)}" y="${bottom + 20}" text-anchor="middle">${tick.toLocaleString("en")}</text>`,
    ),
    ...lines.map(({ points }, index) => drawLine(points, index, x, y)),
    ...lines.map(
      ({ label }, index) =>
        `${marker(index, left + 6, LEGEND + index * LEGEND_STEP)}` +
        `<text x="${round(left + 20)}" y="${LEGEND + index * LEGEND_STEP + 4}">${escape(label)}</text>`,
    ),
  ].join("\n");
}

/** @param {Line["points"]} points @param {number} index @param {(value: number) => number} x @param {YAxis} y */
function drawLine(points, index, x, y) {
  const path = points.map((point) => `${x(point.x)} ${y.at(point.y)}`).join("L");
  return [
    `<path class="line c${index}" d="M${path}"/>`,
    ...points.map(
      (point) => `<path class="range c${index}" d="M${x(point.x)} ${y.at(point.low)}V${y.at(point.high)}"/>`,
    ),
    ...points.map((point) => marker(index, x(point.x), y.at(point.y))),
  ].join("");
}

/** @param {number} index @param {number} x @param {number} y */
const marker = (index, x, y) =>
  `<g class="c${index}" transform="translate(${round(x)} ${round(y)})">${MARKERS[index]}</g>`;
