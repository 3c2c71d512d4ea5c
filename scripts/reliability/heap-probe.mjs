// Loaded into a replica before its own code: on SIGUSR2 it collects garbage and says what is left.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

process.on("SIGUSR2", () => {
  collect();
  collect();
  console.error(`heap ${process.memoryUsage().heapUsed}`);
});
