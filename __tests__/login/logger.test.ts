import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type { Logger } from "matrix-jwt-login";

import { core, recordingLogger, rejection, submission } from "../helpers/core.js";
import { keySet, serveJwks, text } from "../helpers/jwks-server.js";
import { jwk, RSA } from "../helpers/keys.js";

const LEVELS = ["debug", "info", "log", "warn", "error"] as const;

async function failedLogin(logger?: Logger | false): Promise<void> {
  const findUser = () => {
    throw new Error("down");
  };
  await rejection(
    core({}, { findUser, ...(logger === undefined ? { logger: undefined as never } : { logger }) }).login(submission()),
  );
}

/** Keys that fail, and come back: one warning, and one notice of what is well again. */
async function outage(logger: Logger | false | undefined): Promise<void> {
  const jwks = await serveJwks();
  try {
    jwks.answer(text("down", 500));
    const loginType = { secret: undefined, jwksUri: jwks.url, jwksOptions: { cooldown: 0 } };
    const login = core(loginType, { logger: logger as Logger });
    await rejection(login.ready());
    jwks.answer(keySet([jwk(RSA)]));
    await login.ready();
  } finally {
    await jwks.close();
  }
}

describe("the logger", () => {
  let spies: readonly (readonly [string, jest.SpiedFunction<(message?: unknown) => void>])[] = [];
  const said = (): Record<string, number> =>
    Object.fromEntries(spies.map(([level, { mock }]) => [level, mock.calls.length]));
  const SILENCE = { debug: 0, info: 0, log: 0, warn: 0, error: 0 };

  beforeEach(() => {
    spies = LEVELS.map((level) => [level, jest.spyOn(console, level).mockReturnValue()]);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test("is console for errors, unless another is given", async () => {
    await failedLogin();
    expect(said()).toEqual({ ...SILENCE, error: 1 });
    expect(spies.at(-1)?.[1].mock.calls[0]?.[0]).toMatchObject({
      message: "matrix-jwt-login: findUser failed",
      cause: { message: "down" },
    });
  });

  test("is console for warnings, and for nothing less", async () => {
    await outage(undefined);
    expect(said()).toEqual({ ...SILENCE, warn: 1 });
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("unbound");
      },
    ],
    ["rejects", () => Promise.reject(new Error("down"))],
  ])("that %s is told of once, as a warning of the process", async (_, method) => {
    const warned = jest.spyOn(process, "emitWarning").mockReturnValue();
    const logger = { debug: method, info: method, warn: method, error: method };
    await outage(logger);
    expect(warned.mock.calls.map(([message]) => message)).toEqual([
      "matrix-jwt-login: the option logger throws, so that lines are lost",
    ]);
    expect(said()).toEqual(SILENCE);
  });

  test("is none with false", async () => {
    await failedLogin(false);
    await outage(false);
    expect(said()).toEqual(SILENCE);
  });

  test("is the host's if one is given, called as a method of its own", async () => {
    const logger = recordingLogger();
    await failedLogin(logger);
    await outage(logger);
    expect(logger.lines.map(({ level }) => level)).toEqual(["error", "warn", "info"]);
    expect(said()).toEqual(SILENCE);
  });
});
