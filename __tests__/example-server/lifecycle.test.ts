import { createHash, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import fs, { statSync, writeFileSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { dirname, join } from "node:path";

import { describe, expect, jest, test } from "@jest/globals";
import Database from "libsql";

import { readConfig } from "../../example-server/src/config.js";
import { loadSecrets } from "../../example-server/src/secrets.js";
import { newDirectory, startTestServer, whoami } from "./helpers/test-server.js";

describe("the first start", () => {
  test("keeps its secrets where only their owner reads them", async () => {
    const { directory, stop } = await startTestServer();
    await stop();
    for (const name of ["jwt-secret", "idp-key.pem", "dev-password"]) {
      expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
    }
  });

  test("uses a secret that is there already", async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, "jwt-secret"), "a secret that was here before the server was\n");
    const server = await startTestServer({}, directory);
    expect(server.secrets.jwtSecret).toBe("a secret that was here before the server was");
    expect(await server.loginBySecret({ sub: "bob" })).toMatchObject({ status: 200 });
  });

  test("makes its secrets once, if several start at the same time", () => {
    const config = readConfig({}, newDirectory());
    const made = loadSecrets(config);
    // What one that looked a moment before the files appeared would have seen.
    const looking = jest.spyOn(fs, "existsSync").mockReturnValue(false);
    const others = loadSecrets(config);
    looking.mockRestore();
    expect(others).toEqual(made);
    expect(fs.readdirSync(dirname(config.jwtSecretFile)).sort()).toEqual([
      "dev-password",
      "idp-key.pem",
      "jwt-secret",
      "sso-secret",
    ]);
  });

  test("refuses a secret that is empty, and says which", async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, "jwt-secret"), "\n");
    await expect(startTestServer({}, directory)).rejects.toThrow(/jwt-secret is empty/);
  });

  test("refuses a signing key of another kind, and says what would be right", async () => {
    const directory = newDirectory();
    const { privateKey } = generateKeyPairSync("ed25519");
    writeFileSync(join(directory, "idp-key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
    await expect(startTestServer({}, directory)).rejects.toThrow(/IDP_KEY_FILE must hold a P-256 key/);
  });

  test("says so when its port is taken", async () => {
    const { url } = await startTestServer();
    await expect(startTestServer({ PORT: new URL(url).port })).rejects.toThrow(/EADDRINUSE/);
  });
});

test("a restart keeps users, sessions, secrets and keys", async () => {
  const before = await startTestServer();
  const jwks = await before.get("/idp/jwks");
  const login = await before.loginBySecret({ sub: "bob" }, { device_id: "PHONE" });
  await before.stop();

  const after = await startTestServer({}, before.directory);
  expect(after.secrets).toEqual(before.secrets);
  expect((await after.get("/idp/jwks")).body).toEqual(jwks.body);
  expect(await whoami(after, login.body["access_token"])).toMatchObject({
    body: { user_id: "@bob:localhost", device_id: "PHONE" },
  });
  expect(await after.loginByPassword("alice")).toMatchObject({ status: 200 });
  expect(await after.loginByJwks({ sub: "alice" })).toMatchObject({ status: 200 });
});

describe("a database file", () => {
  const unmigrated = `
    CREATE TABLE users (
      user_id TEXT PRIMARY KEY COLLATE BINARY, display_name TEXT, password_hash TEXT,
      status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'deactivated', 'locked'))
    ) STRICT;
    CREATE TABLE devices (
      user_id TEXT NOT NULL COLLATE BINARY REFERENCES users ON DELETE CASCADE,
      device_id TEXT NOT NULL COLLATE BINARY, display_name TEXT, PRIMARY KEY (user_id, device_id)
    ) STRICT;
    CREATE TABLE sessions (
      id INTEGER PRIMARY KEY, user_id TEXT NOT NULL COLLATE BINARY, device_id TEXT NOT NULL COLLATE BINARY,
      access_token_hash TEXT NOT NULL UNIQUE, refresh_token_hash TEXT UNIQUE, expires_at INTEGER,
      FOREIGN KEY (user_id, device_id) REFERENCES devices ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX sessions_of_device ON sessions (user_id, device_id);
    INSERT INTO users (user_id) VALUES ('@old:localhost');
    INSERT INTO devices (user_id, device_id) VALUES ('@old:localhost', 'PHONE');
    INSERT INTO sessions (user_id, device_id, access_token_hash) VALUES ('@old:localhost', 'PHONE',
      '${createHash("sha256").update("old-token").digest("hex")}');`;

  function write(sql: string): string {
    const directory = newDirectory();
    const database = new Database(join(directory, "server.sqlite"));
    database.exec(sql);
    database.close();
    return directory;
  }

  test("of before there were migrations is taken over, with its users and sessions", async () => {
    const server = await startTestServer({}, write(unmigrated));
    expect(await whoami(server, "old-token")).toMatchObject({
      body: { user_id: "@old:localhost", device_id: "PHONE" },
    });
    expect(await server.loginBySecret({ sub: "old" }, { device_id: "PHONE" })).toMatchObject({ status: 200 });
    expect(await whoami(server, "old-token")).toMatchObject({ status: 401 });
  });

  test("of a version that is newer than this one is refused, and named", async () => {
    const newer = await startTestServer();
    await newer.stop();
    const database = new Database(join(newer.directory, "server.sqlite"));
    database.exec("INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-of-tomorrow', '2100-01-01')");
    database.close();
    await expect(startTestServer({}, newer.directory)).rejects.toThrow(
      /server\.sqlite can't be used: .*9999-of-tomorrow is missing/,
    );
  });
});

describe("a stop", () => {
  /** Sends half of a request and gives the means to finish it. */
  async function beginRequest(url: string) {
    const outgoing = request(`${url}/_matrix/client/v3/refresh`, { method: "POST", headers: { "Content-Length": 24 } });
    const answered = once(outgoing, "response") as Promise<[IncomingMessage]>;
    outgoing.write('{"refresh_token"');
    await once(outgoing, "socket");
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { outgoing, answered };
  }

  test("lets a request under way finish, takes no new ones and does not wait for idle connections", async () => {
    const server = await startTestServer();
    const { hostname, port } = new URL(server.url);
    const unused = connect(Number(port), hostname);
    await once(unused, "connect");
    await server.get("/_matrix/client/versions");
    const { outgoing, answered } = await beginRequest(server.url);

    const stopped = server.stop();
    await expect(fetch(server.url)).rejects.toThrow();
    outgoing.end(':"what"}');
    const [response] = await answered;
    expect(response.statusCode).toBe(401);
    const startedToWait = Date.now();
    response.resume();
    await stopped;
    expect(Date.now() - startedToWait).toBeLessThan(2000);
  });

  test("does not wait for ever", async () => {
    const server = await startTestServer({ SHUTDOWN_TIMEOUT: "0" });
    const { answered } = await beginRequest(server.url);
    const refused = expect(answered).rejects.toThrow();
    await server.stop();
    await refused;
  });
});
