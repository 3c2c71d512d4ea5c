import type { RequestListener } from "node:http";

import { afterEach } from "@jest/globals";
import type { Express, RequestHandler } from "express";
import { matrixJwtLogin, type MatrixJwtLoginOptions } from "matrix-jwt-login";

import { serve, type RunningServer } from "./hosts.js";
import { optionsWith, type User } from "./login.js";

const open = new Set<RunningServer>();

afterEach(async () => {
  await Promise.all(Array.from(open, ({ close }) => close()));
  open.clear();
});

/** Serves until the test is over. */
export async function serveForTest(app: RequestListener): Promise<RunningServer> {
  const server = await serve(app);
  open.add(server);
  return server;
}

export type Options = Partial<MatrixJwtLoginOptions<User>>;

/** The middleware of a host that knows alice and bob. */
export function middleware(options: Options = {}): RequestHandler {
  return matrixJwtLogin(optionsWith({}, options));
}

/** A host with these handlers, in this order, each at its root. */
export function hostOf(express: () => Express, ...handlers: readonly RequestHandler[]): Promise<RunningServer> {
  const app = express();
  // Express prints the errors of handlers otherwise.
  app.set("env", "test");
  for (const handler of handlers) app.use(handler);
  return serveForTest(app);
}
