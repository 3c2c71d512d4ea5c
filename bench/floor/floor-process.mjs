// The parent's side of floor-child.mjs.
import { startChild } from "../process/child.mjs";
import { publicJwks, settings, tokens } from "../http/fixtures.mjs";

export async function startFloor() {
  const { ask, stop } = startChild(new URL("floor-child.mjs", import.meta.url), "The floor");
  try {
    await ask({ command: "start", fixtures: { publicJwks, settings, tokens } });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    /** @param {string} id @param {number} times @returns {Promise<number>} CPU microseconds an operation */
    run: (id, times) => ask({ command: "run", id, times }),
    stop,
  };
}

/** @typedef {Awaited<ReturnType<typeof startFloor>>} FloorProcess */
