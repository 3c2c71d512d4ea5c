// A lane is a mode with its running, warmed-up server.
import { answer, jwks, settings } from "./fixtures.mjs";
import { startJwksServer } from "./jwks-server.mjs";
import { checkOnce, measure } from "./load.mjs";
import { startServer } from "./server-process.mjs";

/**
 * @typedef {object} Lane
 * @property {import("./plan.mjs").PlannedMode} mode
 * @property {import("./server-process.mjs").ServerProcess} server
 * @property {string} expectBody what every answer has to equal
 * @property {number} rate requests a second at the end of the warm-up
 */

const WARM_UP_STEP = 500;

/** Starts servers and stops them all. */
export async function openLanes() {
  const jwksServer = await startJwksServer(jwks);
  /** @type {import("./server-process.mjs").ServerProcess[]} */
  const servers = [];

  return {
    /**
     * @param {import("./plan.mjs").PlannedMode} mode
     * @param {object} how
     * @param {number} how.warmup seconds
     * @param {number} how.connections
     * @param {string[]} [how.execArgv] options of Node for the server's process
     * @returns {Promise<Lane>}
     */
    async open(mode, { warmup, connections, execArgv }) {
      const own = { express: mode.express, answer, jwksUri: jwksServer.uri(mode.id) };
      const server = await startServer(mode.server, { ...settings, ...mode.options, ...own }, execArgv);
      servers.push(server);
      const expectBody = await checkOnce(server.origin, mode);
      const lane = { mode, server, expectBody, rate: 0 };
      await warmUp(lane, warmup, connections);
      return lane;
    },
    /** @param {Lane} lane how often its keys were fetched so far */
    jwksFetches: ({ mode }) => jwksServer.fetches(mode.id),
    async close() {
      jwksServer.stop();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/**
 * Loads a server until its code is compiled and its caches are filled.
 * @param {Lane} lane @param {number} seconds @param {number} connections
 */
async function warmUp(lane, seconds, connections) {
  const end = performance.now() + seconds * 1000;
  do {
    const { requestsPerSecond } = await measure(lane.server, {
      ...lane,
      connections,
      requests: WARM_UP_STEP + connections,
    });
    lane.rate = requestsPerSecond;
  } while (performance.now() < end);
}
