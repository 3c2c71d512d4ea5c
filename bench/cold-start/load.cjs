// Prints what `require` of some packages took: `node load.cjs <package>...`.
const { performance } = require("node:perf_hooks");
const process = require("node:process");

const start = performance.now();
for (const name of process.argv.slice(2)) require(name);
const loadMs = performance.now() - start;
const { user, system } = process.cpuUsage();
process.stdout.write(JSON.stringify({ loadMs, cpuMs: (user + system) / 1_000, files: Object.keys(require.cache) }));
