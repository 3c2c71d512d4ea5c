import { join } from "node:path";

import { readConfig, type Config } from "./config.js";
import { nameOf } from "./database.js";
import { firstCurlLines, formatCurlLines } from "./curl-lines.js";
import { startServer } from "./server.js";
import { whyNotStarted } from "./start-error.js";
import { stopOnSignals } from "./stop-signals.js";

let config: Config | undefined;
try {
  config = readConfig(process.env, join(import.meta.dirname, "../data"));
  const server = await startServer(config);
  const stop = (): Promise<void> => {
    console.error("Stopping: requests under way get their answers. Ctrl-C once more ends it at once.");
    return server.stop();
  };
  stopOnSignals(stop, process, "npm_lifecycle_event" in process.env);

  console.log(`Matrix login server for ${config.serverName}. Database: ${nameOf(config)}\n`);
  console.log(formatCurlLines(firstCurlLines(server)));
  console.log(
    "`npm run curls`, with the same environment, prints more of these with fresh tokens. Ctrl-C stops the server.\n",
  );
  console.log(`Open ${server.url}/${config.identityProvider === undefined ? ' and click "Sign in as Alice"' : ""}.`);
} catch (error) {
  console.error(error instanceof Error ? `Could not start: ${whyNotStarted(error, config)}` : error);
  process.exitCode = 1;
}
