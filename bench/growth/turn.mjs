/** @typedef {(index: number) => unknown} Run does once what is measured; the index tells which of many */

/**
 * @typedef {object} Series
 * @property {string} id
 * @property {string} title what is counted
 * @property {number[]} sizes
 * @property {boolean} [isLinear] a line is fitted: so much a login, and so much more a thousand
 * @property {(size: number) => Promise<Record<string, Run>>} runs by the name of what they do, which
 *   is the same for every size; ratios are to the first one at the first size
 */

/**
 * What a run costs in CPU, in microseconds. Garbage collection and the compiler's threads count.
 * @param {Run} run
 * @param {number} times
 */
export async function cpuMicros(run, times) {
  const before = process.cpuUsage();
  for (let index = 0; index < times; index += 1) await run(index);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

/**
 * How many runs take about as long as a turn should.
 * @param {Run} run
 * @param {number} milliseconds
 */
export async function timesIn(run, milliseconds) {
  let times = 50;
  for (;;) {
    const taken = (await cpuMicros(run, times)) * times;
    if (taken >= milliseconds * 500) return Math.ceil((times * milliseconds * 1_000) / taken);
    times *= 2;
  }
}
