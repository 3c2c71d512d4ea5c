// Prints what one subject holds, in bytes: `node --expose-gc child.mjs <subject> <count>`.
import { setImmediate as nextTurn } from "node:timers/promises";

import { SUBJECTS } from "./subjects.mjs";

const WARM_UP = 50;

const [id, count] = process.argv.slice(2);
const { prepare } = SUBJECTS.find((subject) => subject.id === id);

// Once before, so that code compiled on the way does not count.
const first = await (await prepare(WARM_UP))();
const fill = await prepare(Number(count));
const before = await held();
const second = await fill();
const after = await held();
console.log(JSON.stringify({ counted: after.counted - before.counted, resident: after.resident - before.resident }));
// Used, so that nothing of it is collected before.
process.exit(first === second ? 1 : 0);

async function held() {
  for (let again = 0; again < 4; again += 1) {
    globalThis.gc();
    await nextTurn();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { counted: heapUsed + external, resident: rss };
}
