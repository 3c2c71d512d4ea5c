import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";

import { describe, expect, test } from "@jest/globals";

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
  expect(await after.loginByJwks({ sub: "bob" })).toMatchObject({ status: 200 });
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
