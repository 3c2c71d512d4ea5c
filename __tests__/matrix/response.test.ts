import { describe, expect, test } from "@jest/globals";

import { core, recordingLogger, rejection, submission } from "../helpers/core.js";

const SURE = { accessToken: "an access token" };

describe("the answer to a login", () => {
  test("has no members without a value", async () => {
    const { login } = core({}, { issueToken: () => SURE });
    expect(Object.keys(await login(submission())).sort()).toEqual([
      "access_token",
      "device_id",
      "home_server",
      "user_id",
    ]);
  });

  test.each<[string, object, string]>([
    [
      "a number for a device ID",
      { ...SURE, deviceId: 5 },
      "what issueToken gave as deviceId is not a non-empty string",
    ],
    [
      "a promise of a token",
      { accessToken: Promise.resolve("x") },
      "what issueToken gave as accessToken is not a non-empty string; it is a promise: await it",
    ],
    ["no token", {}, "issueToken gave no accessToken"],
    ["a token by its name in answers", { access_token: "x" }, "issueToken gave no accessToken, but access_token"],
    [
      "a text for a duration",
      { ...SURE, expiresInMs: "600" },
      "issueToken gave an expiresInMs that is not a number of milliseconds",
    ],
    [
      "an endless duration",
      { ...SURE, expiresInMs: Infinity },
      "issueToken gave an expiresInMs that is not a number of milliseconds",
    ],
  ])("is 500 if issueToken gives %s, and the log says so in these words", async (_, issued, message) => {
    const logger = recordingLogger();
    const { login } = core({}, { issueToken: () => issued as typeof SURE, logger });
    expect(await rejection(login(submission()))).toMatchObject({ statusCode: 500 });
    expect(logger.lines).toMatchObject([{ message: { cause: { message } } }]);
  });
});
