import { setTimeout as sleep } from "node:timers/promises";

/** Waits for what must come true soon, and fails where it doesn't. */
export async function until(condition: () => boolean | Promise<boolean>, seconds = 5): Promise<void> {
  const startedAt = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedAt > seconds * 1_000) throw new Error(`not true after ${String(seconds)} s`);
    await sleep(5);
  }
}
