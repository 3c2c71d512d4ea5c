// The requests, and what they cost.
import { createHistogram, performance } from "node:perf_hooks";
import autocannon from "autocannon";
import { answer, PATH } from "./modes.mjs";

/**
 * @typedef {object} Round
 * @property {number} requestsPerSecond
 * @property {number} cpuMicros the server's CPU time a request
 * @property {number} p99Micros
 */

/**
 * Sends a fixed number of requests over keep-alive connections and checks the answer of each.
 * @param {import("../http/server-process.mjs").ServerProcess} server
 * @param {import("./modes.mjs").Mode} mode
 * @param {{ connections: number, requests: number }} how
 * @returns {Promise<Round>}
 */
export async function measure(server, { title, token }, { connections, requests }) {
  const latency = createHistogram();
  let answered = 0;
  let end = 0;
  const cpuBefore = await server.cpu();
  const start = performance.now();
  const run = autocannon({
    url: server.origin + PATH,
    headers: { authorization: `Bearer ${token}` },
    expectBody: JSON.stringify(answer),
    connections,
    amount: requests,
    // A run ends at the next sample after the last answer: by default up to a second later.
    sampleInt: 20,
    bailout: 1,
  });
  run.on("response", (_client, _status, _bytes, milliseconds) => {
    latency.record(Math.max(1, Math.round(milliseconds * 1_000)));
    answered += 1;
    end = performance.now();
  });
  const { errors, mismatches, non2xx } = await run;
  const cpu = (await server.cpu()) - cpuBefore;
  if (errors > 0 || mismatches > 0 || non2xx > 0 || answered !== requests) {
    throw new Error(
      `${title}: of ${requests} requests ${answered} answered, ${mismatches + non2xx} amiss, ${errors} failed`,
    );
  }
  return {
    requestsPerSecond: requests / ((end - start) / 1_000),
    cpuMicros: cpu / requests,
    p99Micros: latency.percentile(99),
  };
}
