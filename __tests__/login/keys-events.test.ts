import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { KeysUnavailableError, type KeysErrorEvent } from "matrix-jwt-login";

import { core, recordingLogger, rejection } from "../helpers/core.js";
import { keySet, serveJwks, text, type JwksServer } from "../helpers/jwks-server.js";
import { jwk, RSA } from "../helpers/keys.js";
import { LOGIN_TYPE } from "../helpers/login.js";

describe("an outage of a login type's keys", () => {
  let jwks: JwksServer;
  beforeEach(async () => {
    jwks = await serveJwks();
    jwks.answer(text("down", 500));
  });
  afterEach(() => jwks.close());

  const loginType = () => ({ secret: undefined, jwksUri: jwks.url, jwksOptions: { cooldown: 0 } });

  test("is told to onKeysError each time, and to the logger when it begins and when it ends", async () => {
    const logger = recordingLogger();
    const onKeysError = jest.fn<(event: KeysErrorEvent) => void>();
    const login = core(loginType(), { logger, onKeysError });

    await rejection(login.ready());
    await rejection(login.ready());
    expect(onKeysError).toHaveBeenCalledTimes(2);
    expect(onKeysError.mock.calls[0]?.[0]).toEqual({
      loginType: LOGIN_TYPE,
      error: expect.any(KeysUnavailableError),
      source: "keys",
    });
    expect(logger.lines).toMatchObject([{ level: "warn", message: expect.stringContaining(LOGIN_TYPE) }]);

    jwks.answer(keySet([jwk(RSA)]));
    await login.ready();
    expect(onKeysError).toHaveBeenCalledTimes(2);
    expect(logger.lines.slice(1)).toMatchObject([{ level: "info", message: expect.stringContaining(LOGIN_TYPE) }]);
  });

  test("is only logged if nobody else listens", async () => {
    const logger = recordingLogger();
    await rejection(core(loginType(), { logger }).ready());
    expect(logger.lines).toHaveLength(1);
  });

  test.each<[string, unknown]>([
    [
      "throws",
      () => {
        throw new Error("deaf");
      },
    ],
    ["rejects", () => Promise.reject(new Error("deaf"))],
  ])("is the same where onKeysError %s, which is logged", async (_, listener) => {
    const logger = recordingLogger();
    const login = core(loginType(), { logger, onKeysError: listener as () => void });
    await expect(login.ready()).rejects.toBeInstanceOf(KeysUnavailableError);
    expect(logger.lines).toMatchObject([
      { level: "warn" },
      { level: "error", message: { message: expect.stringContaining("onKeysError"), cause: { message: "deaf" } } },
    ]);
  });
});
