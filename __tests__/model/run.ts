import fc from "fast-check";

import { schedules, type About } from "./commands.js";
import type { Invariant } from "./invariants.js";
import { beginTime } from "./time.js";
import { World, type Lib } from "./world.js";

/** Longer than anything in a schedule takes. */
const AFTERWARDS = 400_000;

/**
 * Invariants hold after each schedule: a property that fails with the name of one that does not.
 *
 * @param about - what the schedules are about, at random
 */
export function modelOf(
  lib: Lib,
  about: readonly About[],
  invariants: readonly Invariant[],
  onWorld: (world: World) => void = () => undefined,
) {
  return fc.asyncProperty(schedules(...about), async (commands) => {
    const time = beginTime();
    try {
      const world = new World(lib);
      await fc.asyncModelRun(() => ({ model: {}, real: { world, time } }), commands);
      await time.pass(AFTERWARDS);
      for (const holds of invariants) {
        try {
          holds(world);
        } catch (error) {
          throw new Error(`${holds.name}: ${(error as Error).message}`, { cause: error });
        }
      }
      onWorld(world);
    } finally {
      time.restore();
    }
  });
}
