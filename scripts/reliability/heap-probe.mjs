// Loaded into a replica before its own code: on SIGUSR2 it collects garbage and says what is left of memory, handles,
// timers and listeners.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

process.on("SIGUSR2", () => {
  collect();
  collect();
  const resources = process.getActiveResourcesInfo();
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  const left = {
    heap: process.memoryUsage().heapUsed,
    timers: resources.filter((name) => name === "Timeout").length,
    handles: resources.filter((name) => name !== "Timeout").length,
    listeners,
  };
  console.error(`left ${JSON.stringify(left)}`);
});
