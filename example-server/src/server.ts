import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { createKeyCache } from "matrix-jwt-login";

import { createOwnTokens, jwtTokens, opaqueTokens } from "./access-tokens.js";
import { createApp } from "./app.js";
import type { Config } from "./config.js";
import { openDatabase } from "./database.js";
import { ExternalIds } from "./external-ids.js";
import { gracefulClose } from "./graceful-close.js";
import { createIdentityProvider, type IdentityProvider } from "./identity-provider.js";
import { InteractiveAuthSessions } from "./interactive-auth-sessions.js";
import { openLimits } from "./limits.js";
import { createLog } from "./log.js";
import { Metrics } from "./metrics.js";
import { serveMetrics } from "./metrics-server.js";
import { loadSecrets, type Secrets } from "./secrets.js";
import { linkSeededUsers, seedUsers } from "./seed.js";
import { Sessions } from "./sessions.js";
import { idpPath, identityProviders, isForDevelopment, ssoOptions } from "./sso.js";
import { Users } from "./users.js";

export interface RunningServer {
  readonly url: string;
  /** Where the metrics are, if they are anywhere. */
  readonly metricsUrl: string | undefined;
  readonly secrets: Secrets;
  readonly identityProvider: IdentityProvider;
  readonly stop: () => Promise<void>;
}

export async function startServer(config: Config, log = createLog(config.logLevel)): Promise<RunningServer> {
  const secrets = loadSecrets(config);
  const server = createServer();
  const metrics = new Metrics();
  const opened: (() => Promise<void>)[] = [];
  // Last what was opened first: the requests under way need all of it.
  const stop = async (): Promise<void> => {
    await closeServer();
    while (opened.length > 0) await opened.pop()?.();
  };
  const closeServer = gracefulClose(server, config.shutdownTimeoutMs);

  try {
    const database = await openDatabase(config, log);
    opened.push(() => database.destroy());
    const limits = await openLimits(config, log);
    opened.push(limits.close);
    const users = new Users(database);
    await seedUsers(users, config.serverName, secrets.devPassword);

    // Listens before there is an app: with PORT=0 the port is known only now, and the JWKS's URL holds it.
    server.listen(config.port, config.host);
    await once(server, "listening");
    const url = urlOf(server);
    const metricsServer =
      config.metricsPort === undefined
        ? undefined
        : await serveMetrics(metrics.registry, config.metricsHost, config.metricsPort);
    if (metricsServer !== undefined) opened.push(metricsServer.close);
    const baseUrl = config.publicBaseUrl ?? url;
    const issuer = config.identityProvider ?? `${url}${idpPath}`;
    const identityProvider = createIdentityProvider(secrets.idpKey, issuer);
    const { providers, routers } = identityProviders(config, secrets, url, baseUrl);
    const externalIds = new ExternalIds(database);
    const accessTokens =
      config.accessTokens === "jwt" ? createOwnTokens(baseUrl, config.accessTokenKeyFile) : undefined;
    const sessions = new Sessions(
      database,
      accessTokens === undefined
        ? opaqueTokens(config.accessTokenLifetimeMs)
        : jwtTokens(accessTokens, config.accessTokenLifetimeMs),
    );
    const authSessions = new InteractiveAuthSessions(database);
    const sso = ssoOptions({
      baseUrl,
      providers,
      clientId: config.ssoClientId,
      clientSecret: secrets.ssoClientSecret,
      secret: secrets.ssoSecret,
      trustedClients: config.trustedClients,
      sessions,
      authSessions,
      metrics,
    });
    if (sso === undefined) log.warn("No single sign-on: PUBLIC_BASE_URL is neither https: nor on a loopback address");
    const { app, ready } = createApp({
      serverName: config.serverName,
      users,
      sessions,
      accessTokens,
      externalIds,
      authSessions,
      jwtSecret: secrets.jwtSecret,
      identityProvider,
      developmentProviders: routers,
      isDevelopment: isForDevelopment(issuer),
      registerUsers: config.registerUsers,
      sso,
      keyCache: createKeyCache(),
      wellKnown: { "m.homeserver": { base_url: baseUrl } },
      singleUse: config.singleUse,
      trustProxy: config.trustProxy,
      limits,
      log,
      metrics,
    });
    server.on("request", app);
    if (issuer === `${url}${idpPath}`) await linkSeededUsers(users, externalIds, config.serverName, issuer);
    await ready();
    return { url, metricsUrl: metricsServer?.url, secrets, identityProvider, stop };
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
