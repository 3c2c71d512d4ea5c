// Runs the cluster until Ctrl-C. README.md says what is in it.
import { once } from "node:events";
import { join } from "node:path";

import { Cluster, PORTS, URLS } from "./cluster.mjs";

// Not below the data of `npm start`, where only its owner may go.
const data = join(import.meta.dirname, "data");
let cluster;
const stopped = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);

try {
  cluster = new Cluster(data);
  await cluster.start();
  console.log(`Up at ${URLS.server}, by replicas on ${PORTS.replicas.join(", ")}. Logs and data: ${data}`);
  console.log(`Metrics: ${PORTS.replicas.map((port) => `http://127.0.0.1:${port + 100}/metrics`).join(" ")}`);
  console.log(`Lines to paste, for single replicas: ${join(data, `replica-${PORTS.replicas[0]}.log`)}`);
  await stopped;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await cluster?.stop();
}
