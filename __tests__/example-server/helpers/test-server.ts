import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, jest } from "@jest/globals";
import type { Logger } from "pino";

import { readConfig } from "../../../example-server/src/config.js";
import { startServer, type RunningServer } from "../../../example-server/src/server.js";
import { hs256Token, type Claims } from "../../../example-server/src/signed-token.js";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Sending {
  /** An object is sent as JSON, a string as it is. */
  readonly body?: object | string;
  readonly accessToken?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A running example server, and short ways of asking it things. */
export interface TestServer extends RunningServer {
  readonly directory: string;
  readonly get: (path: string, sending?: Sending) => Promise<Answer>;
  readonly post: (path: string, sending?: Sending) => Promise<Answer>;
  readonly request: (method: string, path: string, sending?: Sending) => Promise<Answer>;
  /** Logs in with a token of the shared secret. */
  readonly loginBySecret: (claims: Claims, submission?: object) => Promise<Answer>;
  /** Logs in with a token of the server's own identity provider. */
  readonly loginByJwks: (claims: Claims, submission?: object) => Promise<Answer>;
  readonly loginByPassword: (user: string, password?: string, submission?: object) => Promise<Answer>;
}

const clientApi = "/_matrix/client/v3";

// Hashing passwords is slow on purpose, and slower where tests share a processor.
jest.setTimeout(30_000);

const directories: string[] = [];
const running = new Set<RunningServer>();

afterAll(async () => {
  for (const server of running) await server.stop();
  for (const directory of directories) rmSync(directory, { recursive: true });
});

export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "example-server-"));
  directories.push(directory);
  return directory;
}

/** On a free port, with a database of its own; stopped when the test file is done, if it isn't by then. */
export async function startTestServer(
  environment: Readonly<Record<string, string>> = {},
  directory = newDirectory(),
  log?: Logger,
): Promise<TestServer> {
  const server = await startServer(readConfig({ PORT: "0", LOG_LEVEL: "silent", ...environment }, directory), log);
  running.add(server);

  const request = async (method: string, path: string, sending: Sending = {}): Promise<Answer> => {
    const { body, accessToken, headers } = sending;
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { ...headers, ...(accessToken !== undefined && { Authorization: `Bearer ${accessToken}` }) },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
  };
  const logIn = (body: object): Promise<Answer> => request("POST", `${clientApi}/login`, { body });

  return {
    ...server,
    directory,
    request,
    get: (path, sending) => request("GET", path, sending),
    post: (path, sending) => request("POST", path, sending),
    loginBySecret: (claims, submission) =>
      logIn({
        type: "org.matrix.login.jwt",
        token: hs256Token({ ...fresh(), ...claims }, server.secrets.jwtSecret),
        ...submission,
      }),
    loginByJwks: (claims, submission) =>
      logIn({
        type: "com.famedly.login.token",
        token: server.identityProvider.tokenWith({ ...fresh(), ...claims }),
        ...submission,
      }),
    loginByPassword: (user, password = server.secrets.devPassword, submission = {}) =>
      logIn({ type: "m.login.password", identifier: { type: "m.id.user", user }, password, ...submission }),
    stop: async () => {
      running.delete(server);
      await server.stop();
    },
  };
}

export const whoami = (server: TestServer, accessToken: unknown): Promise<Answer> =>
  server.get(`${clientApi}/account/whoami`, { accessToken: accessToken as string });

export const refresh = (server: TestServer, refreshToken: unknown): Promise<Answer> =>
  server.post(`${clientApi}/refresh`, { body: { refresh_token: refreshToken } });

function fresh(): Claims {
  const now = Math.floor(Date.now() / 1000);
  return { iat: now, exp: now + 60 };
}
