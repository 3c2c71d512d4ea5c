import { randomUUID } from "node:crypto";
import { join } from "node:path";

import Database from "libsql";

import { hs256Token, type Claims } from "../../../example-server/src/signed-token.js";
import { inSeconds } from "../../helpers/tokens.js";
import type { Answer, TestServer } from "./test-server.js";

export type Auth = Readonly<Record<string, unknown>>;

const claimsOf = (sub: string): Claims => ({ sub, iat: inSeconds(0), exp: inSeconds(60), jti: randomUUID() });

/** What proves, at a stage, that the user asks; each token is another one. */
export const proofs = {
  bySecret: ({ secrets }: TestServer, sub: string): Auth => ({
    type: "org.matrix.login.jwt",
    token: hs256Token(claimsOf(sub), secrets.jwtSecret),
  }),
  byJwks: ({ identityProvider }: TestServer, sub: string): Auth => ({
    type: "com.famedly.login.token",
    token: identityProvider.tokenWith(claimsOf(sub)),
  }),
  byPassword: ({ secrets }: TestServer, user: string): Auth => ({
    type: "m.login.password",
    identifier: { type: "m.id.user", user },
    password: secrets.devPassword,
  }),
};

/** A client that is logged in, and asks for what needs User-Interactive Authentication. */
export interface Client {
  readonly accessToken: string;
  readonly deleteDevices: (devices: unknown, auth?: unknown) => Promise<Answer>;
  readonly deactivate: (auth?: unknown, more?: object) => Promise<Answer>;
  readonly post: (path: string, body: object) => Promise<Answer>;
}

export function clientOf(server: TestServer, { body: login }: Answer): Client {
  const accessToken = login["access_token"] as string;
  const post = (path: string, body: object): Promise<Answer> =>
    server.post(path.startsWith("/") ? path : `/_matrix/client/v3/${path}`, { body, accessToken });
  return {
    accessToken,
    post,
    deleteDevices: (devices, auth) => post("delete_devices", { devices, auth }),
    deactivate: (auth, more) => post("account/deactivate", { ...more, auth }),
  };
}

/** Logs in by a token of the shared secret: who is new is registered. */
export const logIn = async (server: TestServer, sub: string, deviceId: string): Promise<Client> =>
  clientOf(server, await server.loginBySecret({ sub, jti: randomUUID() }, { device_id: deviceId }));

/** Changes the database behind the server's back. */
export function execute({ directory }: TestServer, sql: string): void {
  const database = open(directory);
  database.exec(sql);
  database.close();
}

export function rowsOf({ directory }: TestServer, sql: string): unknown[] {
  const database = open(directory);
  const rows: unknown[] = database.prepare(sql).all();
  database.close();
  return rows;
}

const open = (directory: string) => new Database(join(directory, "server.sqlite"));
