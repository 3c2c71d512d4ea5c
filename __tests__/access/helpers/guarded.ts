import type { RequestListener } from "node:http";

import express5, { type Express } from "express";
import {
  matrixBearerAuth,
  type BearerHandler,
  type MatrixBearerAuth,
  type MatrixBearerAuthOptions,
  type NodeRequest,
} from "matrix-jwt-login";

import { EXPRESS_VERSIONS } from "../../helpers/hosts.js";
import { send, type Received } from "../../helpers/http-client.js";
import { SECRET } from "../../helpers/keys.js";
import { serveForTest } from "../../helpers/test-hosts.js";
import { token, type TokenParts } from "../../helpers/tokens.js";

type Options = MatrixBearerAuthOptions<unknown>;
type Given = { readonly [Name in keyof Options]?: unknown };

/** A check of access tokens with a shared secret: `tokens` are over its options, unless they are a list. */
export function auth(tokens: object = {}, options: Given = {}): MatrixBearerAuth<unknown> {
  return matrixBearerAuth<unknown>({
    serverName: "example.org",
    tokens: Array.isArray(tokens)
      ? tokens
      : { ...("jwks" in tokens ? {} : { secret: SECRET }), tokenType: "at+jwt", ...tokens },
    logger: false,
    ...options,
  } as Options);
}

/** An honest access token: for alice, good for five minutes, unless the claims say otherwise. */
export function accessToken(claims: Readonly<Record<string, unknown>> = {}, parts: TokenParts = {}): string {
  return token(claims, { ...parts, header: { typ: "at+jwt", ...parts.header } });
}

const WHOAMI = "/_matrix/client/v3/account/whoami";

/** What a guarded endpoint answers: what it found in `req.matrix`, and whether it was reached. */
export interface Guarded {
  readonly url: string;
  readonly ask: (authorization?: string | readonly string[], method?: string) => Promise<Received>;
}

type Handler = BearerHandler<NodeRequest>;

type Host = (handler: Handler) => RequestListener;

const onExpress5: Host = (handler) => mounted(express5, handler);

/** Every way of mounting a handler in front of an endpoint. */
export const HOSTS: readonly (readonly [string, Host])[] = [
  ...EXPRESS_VERSIONS.map(([name, express]) => [name, (handler: Handler) => mounted(express, handler)] as const),
  [
    "node:http",
    (handler) => (req, res) => {
      handler(req, res, () => {
        const { matrix } = req as { matrix?: unknown };
        res.setHeader("Content-Type", "application/json");
        res.end(JSON.stringify({ reached: true, matrix, has: "matrix" in req }));
      });
    },
  ],
];

function mounted(express: () => Express, handler: Handler): Express {
  const app = express();
  app.set("env", "test");
  app.use(handler);
  app.use((req, res) => {
    res.json({ reached: true, matrix: (req as { matrix?: unknown }).matrix, has: "matrix" in req });
  });
  return app;
}

/** Serves an endpoint behind the handler until the test is over. */
export async function guarded(
  handler: Handler,
  [, host]: (typeof HOSTS)[0] = ["Express 5", onExpress5],
): Promise<Guarded> {
  const { url } = await serveForTest(host(handler));
  return {
    url,
    ask: (authorization, method = "GET") =>
      send(url, {
        method,
        path: WHOAMI,
        headers: authorization === undefined ? {} : { Authorization: authorization as string },
      }),
  };
}

export const bearer = (text: string): string => `Bearer ${text}`;
