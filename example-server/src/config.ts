import { isIP } from "node:net";
import { join, resolve } from "node:path";

/** What the environment decides. README.md has the list. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
  /** Where clients reach the server, when that is not where it listens (a reverse proxy, a container). */
  readonly publicBaseUrl: string | undefined;
  readonly databaseFile: string;
  /** A Postgres, instead of the file. */
  readonly databaseUrl: string | undefined;
  /** Where replicas share rate limits and used tokens. Otherwise each process has its own. */
  readonly redisUrl: string | undefined;
  readonly rateLimits: RateLimitsPerMinute;
  /** A token logs in once. */
  readonly singleUse: boolean;
  /** The reverse proxies whose `X-Forwarded-For` is believed, as Express's `trust proxy` names them. */
  readonly trustProxy: string | undefined;
  /** Somebody else's identity provider, by its issuer. Undefined: those for development. */
  readonly identityProvider: string | undefined;
  readonly ssoClientId: string;
  /** Undefined: made from the secret below, as the provider for development does. */
  readonly ssoClientSecret: string | undefined;
  /** Where browsers are sent back to without a question, beside the page at `/`. */
  readonly trustedClients: readonly string[];
  /** Whoever the identity provider knows gets an account. */
  readonly registerUsers: boolean;
  readonly ssoSecretFile: string;
  readonly jwtSecretFile: string;
  readonly idpKeyFile: string;
  readonly devPasswordFile: string;
  /** Access tokens that are looked up, or JSON Web Tokens. */
  readonly accessTokens: "opaque" | "jwt";
  readonly accessTokenKeyFile: string;
  /** Of the access tokens that come with a refresh token; the others do not expire, or after a week if they are JWTs. */
  readonly accessTokenLifetimeMs: number;
  readonly shutdownTimeoutMs: number;
  readonly metricsHost: string;
  /** Undefined: there are none. */
  readonly metricsPort: number | undefined;
  readonly logLevel: LogLevel;
}

/** Attempts a minute; 0: no limit. */
interface RateLimitsPerMinute {
  readonly address: number;
  readonly account: number;
  readonly failures: number;
}

const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export type Environment = Readonly<Record<string, string | undefined>>;

export function readConfig(environment: Environment, defaultDataDirectory: string): Config {
  // An empty variable counts as not set: that is what `PORT= npm start` and compose files mean by it.
  const read = (name: string): string | undefined => (environment[name] === "" ? undefined : environment[name]);
  const readNumber = (name: string, fallback: number, least: number, most: number): number => {
    const text = read(name) ?? String(fallback);
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new Error(`${name} must be a whole number from ${String(least)} to ${String(most)}, not "${text}"`);
    }
    return value;
  };
  const readChoice = <Choice extends string>(name: string, fallback: Choice, choices: readonly Choice[]): Choice => {
    const text = read(name) ?? fallback;
    const choice = choices.find((one) => one === text);
    if (choice === undefined) throw new Error(`${name} must be one of ${choices.join(", ")}, not "${text}"`);
    return choice;
  };
  const dataDirectory = read("DATA_DIR") ?? defaultDataDirectory;
  const readPath = (name: string, fileName: string): string => resolve(read(name) ?? join(dataDirectory, fileName));

  const accessTokens = readChoice("ACCESS_TOKENS", "opaque", ["opaque", "jwt"]);
  const [shortest, longest] = accessTokens === "jwt" ? [10, 604_800] : [1, 31_536_000];

  return {
    host: read("HOST") ?? "127.0.0.1",
    port: readNumber("PORT", 8008, 0, 65_535),
    serverName: checkServerName(read("SERVER_NAME") ?? "localhost"),
    publicBaseUrl: checkBaseUrl(read("PUBLIC_BASE_URL")),
    databaseFile: readPath("DATABASE_FILE", "server.sqlite"),
    databaseUrl: checkServiceUrl("DATABASE_URL", read("DATABASE_URL"), ["postgres", "postgresql"]),
    redisUrl: checkServiceUrl("REDIS_URL", read("REDIS_URL"), ["redis", "rediss"]),
    rateLimits: {
      address: readNumber("RATE_LIMIT_ADDRESS", 600, 0, 1_000_000),
      account: readNumber("RATE_LIMIT_ACCOUNT", 120, 0, 1_000_000),
      failures: readNumber("RATE_LIMIT_FAILURES", 120, 0, 1_000_000),
    },
    singleUse: readChoice("SINGLE_USE", "false", ["true", "false"]) === "true",
    trustProxy: checkTrustProxy(read("TRUST_PROXY")),
    identityProvider: checkIssuer(read("IDENTITY_PROVIDER")),
    ssoClientId: read("SSO_CLIENT_ID") ?? "matrix-server",
    ssoClientSecret: read("SSO_CLIENT_SECRET"),
    trustedClients: (read("TRUSTED_CLIENTS") ?? "").split(/[\s,]+/).filter((client) => client !== ""),
    registerUsers: readChoice("REGISTER_USERS", "false", ["true", "false"]) === "true",
    ssoSecretFile: readPath("SSO_SECRET_FILE", "sso-secret"),
    jwtSecretFile: readPath("JWT_SECRET_FILE", "jwt-secret"),
    idpKeyFile: readPath("IDP_KEY_FILE", "idp-key.pem"),
    devPasswordFile: readPath("DEV_PASSWORD_FILE", "dev-password"),
    accessTokens,
    accessTokenKeyFile: readPath("ACCESS_TOKEN_KEY_FILE", "access-token-key.pem"),
    accessTokenLifetimeMs: readNumber("ACCESS_TOKEN_LIFETIME", 3600, shortest, longest) * 1000,
    shutdownTimeoutMs: readNumber("SHUTDOWN_TIMEOUT", 10, 0, 3600) * 1000,
    metricsHost: read("METRICS_HOST") ?? "127.0.0.1",
    metricsPort: read("METRICS_PORT") === undefined ? undefined : readNumber("METRICS_PORT", 0, 0, 65_535),
    logLevel: readChoice("LOG_LEVEL", "info", logLevels),
  };
}

// Matrix spec, Appendices, "Server Name": a DNS name or an IP address, with a port or without.
function checkServerName(name: string): string {
  const [, ipv6, hostname] = /^(?:\[([^\]]+)\]|([A-Za-z0-9.-]{1,255}))(?::\d{1,5})?$/.exec(name) ?? [];
  if (hostname === undefined && isIP(ipv6 ?? "") !== 6) {
    throw new Error(`SERVER_NAME must be a Matrix server name such as example.org or localhost:8008, not "${name}"`);
  }
  return name;
}

function checkBaseUrl(url: string | undefined): string | undefined {
  if (url !== undefined && !(/^https?:/i.test(url) && URL.canParse(url))) {
    throw new Error(`PUBLIC_BASE_URL must be an http: or https: URL, not "${url}"`);
  }
  return url?.replace(/\/+$/, "");
}

// A number, which Express takes for hops, would be read as an address.
function checkTrustProxy(proxies: string | undefined): string | undefined {
  if (proxies !== undefined && /^(?:\d+|true|false)$/i.test(proxies)) {
    throw new Error(`TRUST_PROXY must be addresses or subnets of proxies, or loopback, not "${proxies}"`);
  }
  return proxies;
}

// Its text, as it is compared with `iss`.
function checkIssuer(url: string | undefined): string | undefined {
  if (url !== undefined && !(/^https?:/i.test(url) && URL.canParse(url))) {
    throw new Error(`IDENTITY_PROVIDER must be an http: or https: URL, not "${url}"`);
  }
  return url;
}

// Such a URL holds a password: it is not quoted.
function checkServiceUrl(name: string, url: string | undefined, schemes: readonly string[]): string | undefined {
  if (url === undefined) return undefined;
  const [scheme] = schemes;
  if (URL.canParse(url) && schemes.includes(new URL(url).protocol.slice(0, -1))) return url;
  throw new Error(`${name} must be a ${String(scheme)}: URL`);
}
