import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { createApp } from "./app.js";
import type { Config } from "./config.js";
import { openDatabase } from "./database.js";
import { gracefulClose } from "./graceful-close.js";
import { createIdentityProvider, type IdentityProvider } from "./identity-provider.js";
import { loadSecrets, type Secrets } from "./secrets.js";
import { seedUsers } from "./seed.js";
import { Sessions } from "./sessions.js";
import { Users } from "./users.js";

export interface RunningServer {
  readonly url: string;
  readonly secrets: Secrets;
  readonly identityProvider: IdentityProvider;
  readonly stop: () => Promise<void>;
}

export async function startServer(config: Config): Promise<RunningServer> {
  const secrets = loadSecrets(config);
  const database = openDatabase(config.databaseFile);
  const server = createServer();
  const close = gracefulClose(server, config.shutdownTimeoutMs);
  const stop = async (): Promise<void> => {
    await close();
    database.close();
  };

  try {
    const users = new Users(database);
    const sessions = new Sessions(database, config.accessTokenLifetimeMs);
    await seedUsers(users, config.serverName, secrets.devPassword);

    // Listens before there is an app: with PORT=0 the port is known only now, and the JWKS's URL holds it.
    server.listen(config.port, config.host);
    await once(server, "listening");
    const url = urlOf(server);
    const identityProvider = createIdentityProvider(secrets.idpKey, url);
    const { app, ready } = createApp({
      serverName: config.serverName,
      users,
      sessions,
      jwtSecret: secrets.jwtSecret,
      identityProvider,
      wellKnown: { "m.homeserver": { base_url: config.publicBaseUrl ?? url } },
    });
    server.on("request", app);
    await ready();
    return { url, secrets, identityProvider, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Where this machine reaches the server: an address that means "all of them" is none to connect to. */
function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  if (family === "IPv6") return `http://[${address === "::" ? "::1" : address}]:${String(port)}`;
  return `http://${address === "0.0.0.0" ? "127.0.0.1" : address}:${String(port)}`;
}
