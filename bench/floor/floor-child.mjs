// The process of the floor's operations: "start", then any number of "run".
import assert from "node:assert/strict";
import { operations } from "./floor.mjs";
import { answerParent, cpu } from "../process/parent.mjs";

/** @type {Map<string, () => unknown>} */
const ready = new Map();

answerParent({
  start({ fixtures }) {
    for (const { id, make } of operations) {
      const operation = make(fixtures);
      assert.ok(operation(), `${id} refuses an honest token`);
      ready.set(id, operation);
    }
  },
  run({ id, times }) {
    const operation = /** @type {() => unknown} */ (ready.get(id));
    const before = cpu();
    for (let i = 0; i < times; i++) operation();
    return (cpu() - before) / times;
  },
});
