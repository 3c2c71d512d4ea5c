// The measured run: every mode and every operation of the floor in turn, round by round.
import { progress } from "./command.mjs";
import { startFloor } from "./floor-process.mjs";
import { openLanes } from "./lanes.mjs";
import { measure } from "./load.mjs";

/** An operation without HTTP is steadier than a mode, and needs no more than this share of a mode's time. */
const FLOOR_SHARE = 0.25;
const FLOOR_STEP = 50;

/** @typedef {{ mode: import("./plan.mjs").PlannedMode, rounds: import("./load.mjs").Round[], jwksFetches: number }} Measured */
/** @typedef {{ operation: import("./floor.mjs").Operation, rounds: { cpuMicros: number }[] }} MeasuredFloor */

/**
 * @param {import("./options.mjs").Options} options
 * @returns {Promise<{ measured: Measured[], floor: MeasuredFloor[] }>}
 */
export async function run({ modes, operations, rounds, profile, out, ...load }) {
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
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round} of ${rounds}`);
      // There and back, so that none always follows the same one.
      for (const turn of round % 2 ? turns : turns.toReversed()) await turn.take();
    }
    progress("");

    return {
      measured: turns.flatMap(({ lane, rounds }, i) =>
        lane ? [{ mode: lane.mode, rounds, jwksFetches: lanes.jwksFetches(lane) - fetchesBefore[i] }] : [],
      ),
      floor: turns.flatMap(({ operation, rounds }) => (operation ? [{ operation, rounds }] : [])),
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
  /** @type {any[]} */
  const rounds = [];
  return {
    lane,
    operation: undefined,
    rounds,
    take: async () => rounds.push(await measure(lane.server, { ...lane, connections, requests: amount })),
  };
}

/**
 * @param {import("./floor-process.mjs").FloorProcess} floor
 * @param {import("./floor.mjs").Operation} operation
 * @param {{ seconds: number, warmup: number }} load
 */
async function floorTurn(floor, operation, { seconds, warmup }) {
  const end = performance.now() + warmup * FLOOR_SHARE * 1000;
  let micros;
  do {
    micros = await floor.run(operation.id, FLOOR_STEP);
  } while (performance.now() < end);

  const times = Math.max(FLOOR_STEP, Math.round((seconds * FLOOR_SHARE * 1e6) / micros));
  /** @type {any[]} */
  const rounds = [];
  return {
    lane: undefined,
    operation,
    rounds,
    take: async () => rounds.push({ cpuMicros: await floor.run(operation.id, times) }),
  };
}
