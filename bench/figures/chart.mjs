// The CPU ratios as a bar chart: SVG by hand, with colours of its own for a light and a dark page.
import { escape, round } from "./svg.mjs";

const WIDTH = 820;
const LEFT = 268;
const RIGHT = 130;
const ROW = 24;
const TOP = 64;
const BOTTOM = 40;
const BAR = 14;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .page { fill: #ffffff }
  .title { font-size: 15px; font-weight: 600 }
  .quiet { fill: #59636e }
  .grid { stroke: #d1d9e0 }
  .one { stroke: #1f2328; stroke-dasharray: 4 3 }
  .ours { fill: #2b7a5b }
  .other { fill: #8c96a3 }
  .whisker { stroke: #1f2328; stroke-width: 1.5; fill: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .page { fill: #0d1117 }
    .quiet { fill: #9da7b3 }
    .grid { stroke: #30363d }
    .one, .whisker { stroke: #e6edf3 }
    .ours { fill: #3fa27b }
    .other { fill: #6e7781 }
  }`;

/** @param {import("./summary.mjs").Summary} summary @param {string} setup one line */
export function chart({ modes, ratios }, setup) {
  const bars = modes.flatMap(({ id, title, baseline }) => {
    const ratio = ratios.find(({ mode, against }) => mode === id && against === baseline);
    return ratio && id !== baseline ? [{ title, ours: /^ours-/.test(id), ...ratio.cpu }] : [];
  });
  const most = Math.ceil(Math.max(1, ...bars.map(({ upperQuartile }) => upperQuartile)) * 5) / 5;
  const x = (/** @type {number} */ ratio) => round(LEFT + (ratio / most) * (WIDTH - LEFT - RIGHT));
  const height = TOP + bars.length * ROW + BOTTOM;
  const bottom = height - BOTTOM;
  const ticks = Array.from({ length: Math.round(most * 5) + 1 }, (_, i) => i / 5);

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description">
<title id="title">CPU time a login, against an Express app that answers a constant</title>
<desc id="description">${escape(described(bars, setup))}</desc>
<style>${STYLE}
</style>
<rect class="page" width="${WIDTH}" height="${height}" rx="6"/>
<text class="title" x="16" y="26">CPU a request: the constant app's, divided by the mode's</text>
<text class="quiet" x="16" y="45">Longer is better; whiskers are quartiles. ${escape(setup)}</text>
${ticks.map((tick) => tickAt(x(tick), tick, bottom)).join("\n")}
${bars.map((bar, row) => barAt(bar, TOP + row * ROW + ROW / 2, x)).join("\n")}
<line class="one" x1="${x(1)}" y1="${TOP - 6}" x2="${x(1)}" y2="${bottom}"/>
</svg>
`;
}

/** @typedef {import("./statistics.mjs").Spread & { title: string, ours: boolean }} Bar */

/** @param {number} x @param {number} tick @param {number} bottom */
const tickAt = (x, tick, bottom) =>
  `<line class="grid" x1="${x}" y1="${TOP - 6}" x2="${x}" y2="${bottom}"/>` +
  `<text class="quiet" x="${x}" y="${bottom + 18}" text-anchor="middle">${tick.toFixed(1)}</text>`;

/** @param {Bar} bar @param {number} y @param {(ratio: number) => number} x */
function barAt({ title, ours, median, lowerQuartile, upperQuartile }, y, x) {
  const [low, high] = [x(lowerQuartile), x(upperQuartile)];
  return [
    `<text x="${LEFT - 10}" y="${y + 4}" text-anchor="end">${escape(title)}</text>`,
    `<rect class="${ours ? "ours" : "other"}" x="${LEFT}" y="${y - BAR / 2}" width="${round(x(median) - LEFT)}" height="${BAR}"/>`,
    `<path class="whisker" d="M${low} ${y}H${high}M${low} ${y - 4}v8M${high} ${y - 4}v8"/>`,
    `<text x="${Math.max(high, x(1)) + 8}" y="${y + 4}">${median.toFixed(2)}</text>`,
  ].join("");
}

/** @param {Bar[]} bars @param {string} setup */
const described = (bars, setup) =>
  `${setup}. ${bars.map(({ title, median }) => `${title}: ${median.toFixed(2)}`).join("; ")}.`;
