import { join } from "node:path";

import { readConfig } from "./config.js";
import { nameOf } from "./database.js";
import { curlLines, formatCurlLines } from "./curl-lines.js";
import { startServer } from "./server.js";
import { stopOnSignals } from "./stop-signals.js";

try {
  const config = readConfig(process.env, join(import.meta.dirname, "../data"));
  const server = await startServer(config);
  stopOnSignals(() => server.stop(), process, "npm_lifecycle_event" in process.env);

  console.log(`Open ${server.url}/ and click "Sign in as Alice".\n`);
  console.log(`Matrix login server for ${config.serverName}, up at ${server.url}`);
  console.log(`Database: ${nameOf(config)}`);
  console.log(`User: @alice:${config.serverName}, password: ${server.secrets.devPassword}`);
  console.log("Ready to paste in another terminal. The tokens are good for an hour; start again for new ones.\n");
  console.log(formatCurlLines(curlLines(server)));
} catch (error) {
  console.error(error instanceof Error ? `Could not start: ${error.message}` : error);
  process.exitCode = 1;
}
