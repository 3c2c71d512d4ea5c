import type { Express } from "express";
import express5 from "express";
import { matrixJwtLogin, type LoginTypeOptions, type MatrixJwtLoginOptions } from "matrix-jwt-login";

import { serve, type RunningServer } from "./hosts.js";
import { SECRET } from "./keys.js";

export const SERVER_NAME = "example.org";
export const LOGIN_TYPE = "org.matrix.login.jwt";
export const LOGIN_PATH = "/_matrix/client/v3/login";

export interface User {
  readonly id: string;
}

/**
 * Options of a host that knows alice and bob, and gives everybody a token.
 *
 * @param loginType - over a login type with a secret; `undefined` takes an option away
 */
export function optionsWith(
  loginType: Partial<Record<keyof LoginTypeOptions, unknown>> = {},
  options: Partial<MatrixJwtLoginOptions<User>> = {},
): MatrixJwtLoginOptions<User> {
  const users = new Map(["alice", "bob"].map((name) => [`@${name}:${SERVER_NAME}`, { id: name }]));
  return {
    serverName: SERVER_NAME,
    loginTypes: { [LOGIN_TYPE]: given({ secret: SECRET, ...loginType }) as LoginTypeOptions },
    findUser: (userId) => users.get(userId),
    issueToken: () => ({ accessToken: "an access token" }),
    logger: false,
    ...options,
  };
}

/** The options that are not `undefined`. */
export function given(options: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** A host with the middleware mounted at its root. */
export async function host(
  options: MatrixJwtLoginOptions<User>,
  express: () => Express = express5,
): Promise<RunningServer> {
  const app = express();
  app.use(matrixJwtLogin(options));
  return serve(app);
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Whatever the server says: each test looks at what it expects.
  readonly body: Readonly<Record<string, unknown>>;
}

/** Posts a login as clients do. */
export async function login(url: string, submission: unknown, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url + LOGIN_PATH, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(submission),
    ...init,
  });
  const body = (await response.json()) as Answer["body"];
  return { status: response.status, headers: response.headers, body };
}

/** Posts a token under the usual login type. */
export function loginWith(url: string, token: unknown, more: object = {}): Promise<Answer> {
  return login(url, { type: LOGIN_TYPE, token, ...more });
}
