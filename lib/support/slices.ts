import { setImmediate } from "node:timers/promises";

/** Milliseconds after which a slice of work begins no further step. */
const SLICE = 10;

let last: Promise<unknown> = Promise.resolve();

/**
 * Does long work without blocking the event loop: a slice of it in each turn, and one work at a time in the whole process.
 *
 * @param step - a small part of the work; returns true when all is done
 */
export function inSlices(step: () => boolean): Promise<void> {
  const work = last.then(() => run(step));
  last = Promise.allSettled([work]);
  return work;
}

async function run(step: () => boolean): Promise<void> {
  for (let done = false; !done;) {
    await setImmediate();
    const end = performance.now() + SLICE;
    do done = step();
    while (!done && performance.now() < end);
  }
}
