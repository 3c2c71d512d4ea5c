import { dirname, isAbsolute } from "node:path";

import type { Config } from "./config.js";

type Settings = Partial<
  Pick<
    Config,
    | "metricsPort"
    | "databaseFile"
    | "databaseUrl"
    | "jwtSecretFile"
    | "idpKeyFile"
    | "devPasswordFile"
    | "accessTokenKeyFile"
    | "ssoSecretFile"
  >
>;

/** Why the server did not start, with the variable to set. */
export function whyNotStarted(error: Error, settings: Settings = {}): string {
  const { message } = error;
  const { code, port, path } = error as { code?: string; port?: number; path?: string };
  if (code === "EADDRINUSE") {
    const name = port === settings.metricsPort ? "METRICS_PORT" : "PORT";
    return `port ${String(port)} is in use; set ${name} to another one, e.g. ${name}=${String(Number(port) + 1)}`;
  }
  if (code === "EADDRNOTAVAIL") return `${message}; set HOST to an address of this machine`;
  // The first is the server's own address.
  const client = /^sso\.trustedClients\[(\d+)\](.*)/s.exec(message);
  if (client !== null) return `TRUSTED_CLIENTS: number ${String(client[1])}${String(client[2])}`;
  // Of the files that the package reads or judges, it knows only the options.
  const [, option, problem = ""] = /^(sso\.secret|signingKeyFile) (.*)/s.exec(message) ?? [];
  if (option === "sso.secret") return `the secret in ${String(settings.ssoSecretFile)} ${problem}; see SSO_SECRET_FILE`;
  if (option !== undefined) return `${String(settings.accessTokenKeyFile)} ${problem}; see ACCESS_TOKEN_KEY_FILE`;
  if (message.includes("not a database")) {
    return `${String(settings.databaseFile)} is no SQLite database; set DATABASE_FILE to another place`;
  }
  if (code?.startsWith("ERR_OSSL")) return `${String(settings.idpKeyFile)} holds no private key: see IDP_KEY_FILE`;
  if (error.name === "KeysUnavailableError") {
    const { detail = message } = error as { detail?: string };
    // Nothing runs that could log anybody in.
    return `${detail.replace(/; logins get 503.*/, "")}; set IDENTITY_PROVIDER to an issuer that answers, or leave it out`;
  }
  if (message.startsWith("invalid IP address")) return `${message}; set TRUST_PROXY to addresses of proxies`;
  if (message.startsWith("Redis ")) return `${message}; set REDIS_URL to one that answers, or leave it out`;
  if (message.startsWith("The database ")) {
    const name = settings.databaseUrl === undefined ? "DATABASE_FILE" : "DATABASE_URL";
    return `${message}; set ${name} to another one, or leave it out`;
  }
  // What else is asked by name has said so above.
  if (code === "ENOTFOUND") return `${message}; set HOST to an address of this machine`;
  // The path of an option is no file's.
  const name = path === undefined || !isAbsolute(path) ? undefined : variableOf(path, settings);
  return name === undefined ? message : `${message}; set ${name} to another place`;
}

/** A file's own variable, or that of the folder that all of them are in. */
function variableOf(path: string, settings: Settings): string {
  const { jwtSecretFile, idpKeyFile, devPasswordFile, accessTokenKeyFile, databaseFile, ssoSecretFile } = settings;
  const files: readonly (readonly [string, string | undefined])[] = [
    ["JWT_SECRET_FILE", jwtSecretFile],
    ["IDP_KEY_FILE", idpKeyFile],
    ["DEV_PASSWORD_FILE", devPasswordFile],
    ["ACCESS_TOKEN_KEY_FILE", accessTokenKeyFile],
    ["SSO_SECRET_FILE", ssoSecretFile],
    ["DATABASE_FILE", databaseFile],
  ];
  const own = files.find(([, file]) => file === path)?.[0];
  const within = files.filter(([, file]) => file !== undefined && dirname(file) === path);
  const [only] = within.length === 1 ? within : [];
  return own ?? only?.[0] ?? "DATA_DIR";
}
