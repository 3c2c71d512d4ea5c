// The requests, and what they cost.
import { performance, createHistogram } from "node:perf_hooks";
import autocannon from "autocannon";
import { bodies, LOGIN_PATH } from "./fixtures.mjs";

const METHOD = "POST";
const HEADERS = { "content-type": "application/json" };

/**
 * Sends one request and checks its answer.
 * @param {string} origin
 * @param {import("./modes.mjs").Mode} mode
 * @returns {Promise<string>} the answer's body, which every later one has to equal
 */
export async function checkOnce(origin, mode) {
  const response = await fetch(origin + LOGIN_PATH, { method: METHOD, headers: HEADERS, body: bodies[mode.body] });
  const text = await response.text();
  try {
    if (response.status !== mode.status) throw new Error(`status ${response.status} instead of ${mode.status}`);
    if (!response.headers.get("content-type")?.startsWith("application/json"))
      throw new Error("the answer is not JSON");
    mode.check(JSON.parse(text));
  } catch (error) {
    throw new Error(`${mode.title} answers amiss: ${text}`, { cause: error });
  }
  return text;
}

/**
 * @typedef {object} Round
 * @property {number} requests
 * @property {number} seconds from the first request to the last answer
 * @property {number} requestsPerSecond
 * @property {number} cpuMicros the server's CPU time a request
 * @property {number} busy share of the wall time that the server's CPU time makes up
 * @property {number} p50Micros
 * @property {number} p90Micros
 * @property {number} p99Micros
 */

/**
 * Sends a fixed number of requests over keep-alive connections and checks the answer of each.
 * @param {import("./server-process.mjs").ServerProcess} server
 * @param {object} load
 * @param {import("./modes.mjs").Mode} load.mode
 * @param {string} load.expectBody
 * @param {number} load.connections
 * @param {number} load.requests
 * @returns {Promise<Round>}
 */
export async function measure(server, { mode, expectBody, connections, requests }) {
  const latency = createHistogram();
  const connected = new WeakSet();
  let unexpected = 0;
  let answered = 0;
  let end = 0;

  const cpuBefore = await server.cpu();
  const start = performance.now();
  const run = autocannon({
    url: server.origin + LOGIN_PATH,
    method: METHOD,
    headers: HEADERS,
    body: bodies[mode.body],
    expectBody,
    connections,
    amount: requests,
    // A run ends at the next sample after the last answer: by default up to a second later.
    sampleInt: 20,
    bailout: 1,
  });
  run.on("response", (client, status, _bytes, milliseconds) => {
    // A connection's first answer took the connecting too.
    if (connected.has(client)) latency.record(Math.max(1, Math.round(milliseconds * 1000)));
    connected.add(client);
    if (status !== mode.status) unexpected++;
    answered++;
    end = performance.now();
  });
  const { errors, mismatches } = await run;
  const cpu = (await server.cpu()) - cpuBefore;

  if (errors > 0 || mismatches > 0 || unexpected > 0 || answered !== requests) {
    throw new Error(
      `${mode.title}: of ${requests} requests ${answered} answered, ${unexpected} with another status than ` +
        `${mode.status}, ${mismatches} with another body, ${errors} failed`,
    );
  }
  const seconds = (end - start) / 1000;
  return {
    requests,
    seconds,
    requestsPerSecond: requests / seconds,
    cpuMicros: cpu / requests,
    busy: cpu / 1e6 / seconds,
    p50Micros: latency.percentile(50),
    p90Micros: latency.percentile(90),
    p99Micros: latency.percentile(99),
  };
}
