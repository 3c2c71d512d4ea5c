import { afterEach } from "@jest/globals";
import type { Express } from "express";
import type { LoginTypeOptions, MatrixJwtLoginOptions } from "matrix-jwt-login";

import type { RunningServer } from "./hosts.js";
import { host, optionsWith, type User } from "./login.js";

/** Starts a host with these options, and gives its URL. */
export type Mount = (
  loginType?: Partial<Record<keyof LoginTypeOptions, unknown>>,
  options?: Partial<MatrixJwtLoginOptions<User>>,
) => Promise<string>;

/** For a `describe` block: starts hosts, each of which is closed when the test ends. */
export function mounting(express: () => Express): Mount {
  const running: RunningServer[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map(({ close }) => close()));
  });
  return async (loginType, options) => {
    const server = await host(optionsWith(loginType, options), express);
    running.push(server);
    return server.url;
  };
}
