// The measured run: every mode and every operation of the floor in turn, round by round.
import { alternate } from "../command/alternate.mjs";
import { progress } from "../command/command.mjs";
import { startFloor } from "../floor/floor-process.mjs";
import { openLanes } from "./lanes.mjs";
import { measure } from "./load.mjs";

/** An operation without HTTP is steadier than a mode, and needs no more than this share of a mode's time. */
const FLOOR_SHARE = 0.25;
const FLOOR_STEP = 50;

/** @typedef {{ mode: import("./plan.mjs").PlannedMode, rounds: import("./load.mjs").Round[], jwksFetches: number }} Measured */
/** @typedef {{ operation: import("../floor/floor.mjs").Operation, rounds: { cpuMicros: number }[] }} MeasuredFloor */

/** @typedef {{ measured: Measured[], floor: MeasuredFloor[] }} Run */

/**
 * A process has a speed of its own and keeps it, so that every mode gets several, one after the other.
 *
 * @param {import("../command/options.mjs").Options} options
 * @returns {Promise<Run>}
 */
export async function run({ processes, ...options }) {
  const runs = [];
  for (let i = 1; i <= processes; i++) {
    progress(`process ${i} of ${processes}`);
    runs.push(await runOnce(options));
  }
  return runs.reduce(joined);
}

/**
 * @param {Run} one
 * @param {Run} other
 * @returns {Run}
 */
const joined = (one, other) => ({
  measured: one.measured.map(({ mode, rounds, jwksFetches }, i) => ({
    mode,
    rounds: [...rounds, ...other.measured[i].rounds],
    jwksFetches: jwksFetches + other.measured[i].jwksFetches,
  })),
  floor: one.floor.map(({ operation, rounds }, i) => ({ operation, rounds: [...rounds, ...other.floor[i].rounds] })),
});

/**
 * @param {Omit<import("../command/options.mjs").Options, "processes">} options
 * @returns {Promise<Run>}
 */
async function runOnce({ modes, operations, rounds, profile, out, ...load }) {
  const lanes = await openLanes();
  const floor = await startFloor();
  try {
    const turns = [];
    for (const mode of modes) {
      progress(`warm-up: ${mode.title}`);
      const execArgv = profile
        ? ["--cpu-prof", `--cpu-prof-dir=${out}`, `--cpu-prof-name=${mode.id}.cpuprofile`]
        : undefined;
      turns.push(modeTurn(await lanes.open(mode, { ...load, execArgv }), load));
    }
    for (const operation of operations) {
      progress(`warm-up: ${operation.title}`);
      turns.push(await floorTurn(floor, operation, load));
    }

    const fetchesBefore = turns.map(({ lane }) => (lane ? lanes.jwksFetches(lane) : 0));
    /** @type {any[][]} */
    const taken = await alternate(turns, rounds, ({ take }) => take());

    return {
      measured: turns.flatMap(({ lane }, i) =>
        lane ? [{ mode: lane.mode, rounds: taken[i], jwksFetches: lanes.jwksFetches(lane) - fetchesBefore[i] }] : [],
      ),
      floor: turns.flatMap(({ operation }, i) => (operation ? [{ operation, rounds: taken[i] }] : [])),
    };
  } finally {
    await Promise.all([lanes.close(), floor.stop()]);
  }
}

/**
 * @param {import("./lanes.mjs").Lane} lane
 * @param {{ requests: number, seconds: number, connections: number }} load
 */
function modeTurn(lane, { requests, seconds, connections }) {
  const amount = Math.max(connections, requests || Math.round(lane.rate * seconds));
  return {
    lane,
    operation: undefined,
    take: async () => {
      // While the other modes had their turns, V8 threw some of the code away.
      await measure(lane.server, { ...lane, connections, requests: amount });
      return measure(lane.server, { ...lane, connections, requests: amount });
    },
  };
}

/**
 * @param {import("../floor/floor-process.mjs").FloorProcess} floor
 * @param {import("../floor/floor.mjs").Operation} operation
 * @param {{ seconds: number, warmup: number }} load
 */
async function floorTurn(floor, operation, { seconds, warmup }) {
  const end = performance.now() + warmup * FLOOR_SHARE * 1000;
  let micros;
  do {
    micros = await floor.run(operation.id, FLOOR_STEP);
  } while (performance.now() < end);

  const times = Math.max(FLOOR_STEP, Math.round((seconds * FLOOR_SHARE * 1e6) / micros));
  return {
    lane: undefined,
    operation,
    take: async () => ({ cpuMicros: await floor.run(operation.id, times) }),
  };
}
