// Reads a .cpuprofile and names the functions that the time went into.
import { readFileSync } from "node:fs";

/** @param {string} url */
function place(url) {
  const path = decodeURI(url.replace(/^file:\/\//, ""));
  const dependency = path.lastIndexOf("/node_modules/");
  const from = dependency >= 0 ? dependency : Math.max(path.lastIndexOf("/dist/"), path.lastIndexOf("/bench/"));
  return path.slice(from + 1);
}

/**
 * @param {string} file
 * @param {number} [count]
 * @returns {{ name: string, share: number }[]} by time in the function itself, idle time left out
 */
export function hottest(file, count = 25) {
  /** @type {{ nodes: any[], samples: number[], timeDeltas: number[] }} */
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, "utf8"));
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || "(anonymous)"}${url ? ` ${place(url)}:${lineNumber + 1}` : ""}`,
    ]),
  );

  /** @type {Map<string, number>} */
  const times = new Map();
  samples.forEach((id, index) => {
    const name = names.get(id) ?? "(unknown)";
    if (name !== "(idle)") times.set(name, (times.get(name) ?? 0) + timeDeltas[index]);
  });
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times]
    .map(([name, time]) => ({ name, share: time / total }))
    .toSorted((a, b) => b.share - a.share)
    .slice(0, count);
}
