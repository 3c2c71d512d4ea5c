// Prints what one run of a case counts: `node --expose-gc child.mjs <case>`, with the flags of guard.mjs.
import { createHook } from "node:async_hooks";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

const TIMES = 200;
const ROUNDS = 7;
const WARM_UP = 500;

/** @type {Record<string, number>} */
const calls = { "JSON.parse": 0, "keys made": 0, hashes: 0 };
/** @param {any} owner @param {string} name @param {string} counted */
function count(owner, name, counted) {
  const original = owner[name];
  owner[name] = (/** @type {unknown[]} */ ...args) => {
    calls[counted] += 1;
    return original(...args);
  };
}
count(JSON, "parse", "JSON.parse");
for (const name of ["createSecretKey", "createPublicKey"]) count(crypto, name, "keys made");
for (const name of ["createHash", "createHmac", "verify"]) count(crypto, name, "hashes");
syncBuiltinESMExports();

const { CASES } = await import("./cases.mjs");
const work = CASES[process.argv[2]]();

/** @param {number} times */
async function repeat(times) {
  for (let done = 0; done < times; done += 1) await work().catch(() => undefined);
}
await repeat(WARM_UP);

for (const name of Object.keys(calls)) calls[name] = 0;
await repeat(TIMES);
const perOne = Object.fromEntries(Object.entries(calls).map(([name, number]) => [name, number / TIMES]));

let bytes = Infinity;
for (let round = 0; round < ROUNDS; round += 1) {
  /** @type {() => void} */ (globalThis.gc)();
  const before = process.memoryUsage().heapUsed;
  await repeat(TIMES);
  bytes = Math.min(bytes, (process.memoryUsage().heapUsed - before) / TIMES);
}

let promises = 0;
const hook = createHook({
  init(_id, type) {
    if (type === "PROMISE") promises += 1;
  },
}).enable();
await repeat(TIMES);
hook.disable();

console.log(JSON.stringify({ bytes: Math.round(bytes), promises: Math.round(promises / TIMES), ...perOne }));
