import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import { readConfig } from "../../example-server/src/config.js";
import { startServer } from "../../example-server/src/server.js";
import { whyNotStarted } from "../../example-server/src/start-error.js";

const folder = mkdtempSync(join(tmpdir(), "start-error-"));
const noKey = join(folder, "no-key");
const taken = createServer();
let port = "";

beforeAll(async () => {
  writeFileSync(noKey, "not a key");
  taken.listen(0, "127.0.0.1");
  await once(taken, "listening");
  port = String((taken.address() as AddressInfo).port);
});
afterAll(() => {
  taken.close();
  rmSync(folder, { recursive: true });
});

describe("a server that can't start names the variable to set", () => {
  test.each<[name: string, environment: () => Readonly<Record<string, string>>]>([
    ["PORT", () => ({ PORT: port })],
    ["METRICS_PORT", () => ({ METRICS_PORT: port })],
    ["HOST", () => ({ HOST: "192.0.2.1" })],
    ["HOST", () => ({ HOST: "nowhere.invalid" })],
    ["REDIS_URL", () => ({ REDIS_URL: "redis://127.0.0.1:1" })],
    ["DATABASE_URL", () => ({ DATABASE_URL: "postgres://127.0.0.1:1/x" })],
    ["DATABASE_FILE", () => ({ DATABASE_FILE: folder })],
    ["TRUST_PROXY", () => ({ TRUST_PROXY: "yes" })],
    ["IDENTITY_PROVIDER", () => ({ IDENTITY_PROVIDER: "http://127.0.0.1:1" })],
    ["DATABASE_FILE", () => ({ DATABASE_FILE: noKey })],
    ["JWT_SECRET_FILE", () => ({ JWT_SECRET_FILE: join(noKey, "secret") })],
    ["JWT_SECRET_FILE", () => ({ JWT_SECRET_FILE: folder })],
    ["SSO_SECRET_FILE", () => ({ SSO_SECRET_FILE: noKey })],
    ["ACCESS_TOKEN_KEY_FILE", () => ({ ACCESS_TOKENS: "jwt", ACCESS_TOKEN_KEY_FILE: noKey })],
    ["IDP_KEY_FILE", () => ({ IDP_KEY_FILE: noKey })],
    ["DATA_DIR", () => ({ DATA_DIR: join(noKey, "folder") })],
    ["DATA_DIR", () => ({ DATA_DIR: "/proc/nowhere/folder" })],
  ])(
    "%s",
    async (name, environment) => {
      const config = readConfig({ PORT: "0", DATA_DIR: folder, LOG_LEVEL: "silent", ...environment() }, folder);
      const error = await startServer(config).then(
        (server) => server.stop().then(() => new Error("it started")),
        (failure: unknown) => failure as Error,
      );

      expect(whyNotStarted(error, config)).toMatch(new RegExp(`(?:set|see) ${name}\\b`));
    },
    20_000,
  );

  test("and counts the clients of TRUSTED_CLIENTS", async () => {
    const config = readConfig(
      { PORT: "0", DATA_DIR: folder, TRUSTED_CLIENTS: "https://a.example app.element.io" },
      folder,
    );
    const error: unknown = await startServer(config).catch((failure: unknown) => failure);
    expect(whyNotStarted(error as Error, config)).toMatch(/^TRUSTED_CLIENTS: number 2 must be a URL/);
  });

  test("and a message that names it already stays as it is", () => {
    expect(whyNotStarted(new Error('PORT must be a whole number, not "x"'))).toBe(
      'PORT must be a whole number, not "x"',
    );
  });
});
