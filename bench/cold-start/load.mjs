// Prints what `import` of some packages took: `node load.mjs <package>...`.
const start = performance.now();
for (const name of process.argv.slice(2)) await import(name);
const loadMs = performance.now() - start;
const { user, system } = process.cpuUsage();
process.stdout.write(JSON.stringify({ loadMs, cpuMs: (user + system) / 1_000, files: [] }));
