import { existsSync } from "node:fs";
import { join } from "node:path";

import { readConfig, type Config } from "./config.js";
import { curlLines, formatCurlLines } from "./curl-lines.js";
import { createIdentityProvider } from "./identity-provider.js";
import { loadSecrets } from "./secrets.js";
import { idpPath } from "./sso.js";

// Prints every curl line for the server that runs with the same environment.
let config: Config;
try {
  config = readConfig(process.env, join(import.meta.dirname, "../data"));
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
if (!existsSync(config.jwtSecretFile)) {
  console.error(
    "No server has been started with these settings. Start it first, and give the variables that it was started with (PORT, DATA_DIR, ...) here too.",
  );
  process.exit(1);
}
const secrets = loadSecrets(config);
const url = `http://${config.host === "0.0.0.0" ? "127.0.0.1" : config.host}:${String(config.port)}`;
const identityProvider = createIdentityProvider(secrets.idpKey, config.identityProvider ?? `${url}${idpPath}`);
console.log("# The tokens are good for an hour; run this again for new ones.\n");
console.log(formatCurlLines(curlLines({ url, secrets, identityProvider })));
