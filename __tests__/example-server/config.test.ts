import { join, resolve } from "node:path";

import { describe, expect, test } from "@jest/globals";

import { readConfig } from "../../example-server/src/config.js";

describe("readConfig", () => {
  test("needs nothing", () => {
    expect(readConfig({}, "/somewhere/data")).toEqual({
      host: "127.0.0.1",
      port: 8008,
      serverName: "localhost",
      publicBaseUrl: undefined,
      databaseFile: resolve("/somewhere/data/server.sqlite"),
      jwtSecretFile: resolve("/somewhere/data/jwt-secret"),
      idpKeyFile: resolve("/somewhere/data/idp-key.pem"),
      devPasswordFile: resolve("/somewhere/data/dev-password"),
      accessTokens: "opaque",
      accessTokenKeyFile: resolve("/somewhere/data/access-token-key.pem"),
      accessTokenLifetimeMs: 3_600_000,
      shutdownTimeoutMs: 10_000,
      databaseUrl: undefined,
      redisUrl: undefined,
      rateLimits: { address: 600, account: 120, failures: 120 },
      singleUse: false,
      identityProvider: undefined,
      ssoClientId: "matrix-server",
      ssoClientSecret: undefined,
      ssoSecretFile: resolve("/somewhere/data/sso-secret"),
      trustedClients: [],
      registerUsers: false,
      trustProxy: undefined,
      metricsHost: "127.0.0.1",
      metricsPort: undefined,
      logLevel: "info",
    });
  });

  test("takes everything from the environment", () => {
    const environment = {
      HOST: "::",
      PORT: "0",
      SERVER_NAME: "example.org:8448",
      PUBLIC_BASE_URL: "https://matrix.example.org/",
      DATA_DIR: "/data",
      JWT_SECRET_FILE: "/run/secrets/jwt",
      ACCESS_TOKENS: "jwt",
      ACCESS_TOKEN_KEY_FILE: "/run/secrets/access-token-key.pem",
      ACCESS_TOKEN_LIFETIME: "300",
      SHUTDOWN_TIMEOUT: "0",
      DATABASE_URL: "postgres://matrix@db.example.org/matrix",
      REDIS_URL: "rediss://redis.example.org/2",
      RATE_LIMIT_ADDRESS: "0",
      RATE_LIMIT_ACCOUNT: "5",
      RATE_LIMIT_FAILURES: "10",
      SINGLE_USE: "true",
      IDENTITY_PROVIDER: "https://id.example.org/realms/example",
      SSO_CLIENT_ID: "matrix",
      SSO_CLIENT_SECRET: "a secret",
      SSO_SECRET_FILE: "/run/secrets/sso",
      TRUSTED_CLIENTS: "https://app.element.io/, element://",
      REGISTER_USERS: "true",
      TRUST_PROXY: "loopback, 192.0.2.0/24",
      METRICS_HOST: "::1",
      METRICS_PORT: "9464",
      LOG_LEVEL: "warn",
    };
    expect(readConfig(environment, "/elsewhere")).toEqual({
      host: "::",
      port: 0,
      serverName: "example.org:8448",
      publicBaseUrl: "https://matrix.example.org",
      databaseFile: resolve("/data/server.sqlite"),
      jwtSecretFile: resolve("/run/secrets/jwt"),
      idpKeyFile: resolve("/data/idp-key.pem"),
      devPasswordFile: resolve("/data/dev-password"),
      accessTokens: "jwt",
      accessTokenKeyFile: resolve("/run/secrets/access-token-key.pem"),
      accessTokenLifetimeMs: 300_000,
      shutdownTimeoutMs: 0,
      databaseUrl: "postgres://matrix@db.example.org/matrix",
      redisUrl: "rediss://redis.example.org/2",
      rateLimits: { address: 0, account: 5, failures: 10 },
      singleUse: true,
      identityProvider: "https://id.example.org/realms/example",
      ssoClientId: "matrix",
      ssoClientSecret: "a secret",
      ssoSecretFile: resolve("/run/secrets/sso"),
      trustedClients: ["https://app.element.io/", "element://"],
      registerUsers: true,
      trustProxy: "loopback, 192.0.2.0/24",
      metricsHost: "::1",
      metricsPort: 9464,
      logLevel: "warn",
    });
  });

  test("takes an empty variable for one that is not set, and a relative path from where it is started", () => {
    const config = readConfig({ PORT: "", DATABASE_FILE: "a/b.sqlite" }, "/data");
    expect(config.port).toBe(8008);
    expect(config.databaseFile).toBe(join(process.cwd(), "a/b.sqlite"));
  });

  test.each(["localhost", "example.org", "example.org:8448", "192.0.2.1", "[2001:db8::1]", "[::1]:8008"])(
    "takes the server name %s",
    (name) => {
      expect(readConfig({ SERVER_NAME: name }, "/data").serverName).toBe(name);
    },
  );

  test.each([
    ["TRUST_PROXY", "1"],
    ["TRUST_PROXY", "true"],
    ["PORT", "http"],
    ["PORT", "65536"],
    ["PORT", "-1"],
    ["PORT", "8.5"],
    ["ACCESS_TOKEN_LIFETIME", "0"],
    ["SHUTDOWN_TIMEOUT", "1e3"],
    ["SERVER_NAME", "https://example.org"],
    ["SERVER_NAME", "exa'mple.org"],
    ["SERVER_NAME", "[not:an:address]"],
    ["IDENTITY_PROVIDER", "id.example.org"],
    ["REGISTER_USERS", "yes"],
    ["PUBLIC_BASE_URL", "matrix.example.org"],
    ["PUBLIC_BASE_URL", "ftp://example.org"],
    ["DATABASE_URL", "mysql://example.org"],
    ["REDIS_URL", "localhost:6379"],
    ["RATE_LIMIT_ACCOUNT", "-1"],
    ["SINGLE_USE", "yes"],
    ["METRICS_PORT", "70000"],
    ["LOG_LEVEL", "loud"],
  ])("refuses %s=%s, and says what would be right", (name, value) => {
    expect(() => readConfig({ [name]: value }, "/data")).toThrow(new RegExp(`^${name} must be `));
  });
});
