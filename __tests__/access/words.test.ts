import { describe, expect, jest, test } from "@jest/globals";
import { createBearerAuth, MatrixError, type AccessRejectEvent } from "matrix-jwt-login";

import { recordingLogger, rejection } from "../helpers/core.js";
import { SECRET } from "../helpers/keys.js";
import { limiter, scripted } from "../limits/helpers.js";
import { accessToken, bearer } from "./helpers/guarded.js";

const FROM = { ip: "192.0.2.1" };
const good = bearer(accessToken());
const forged = bearer(`${accessToken().slice(0, -4)}AAAA`);

const check = (options: object = {}, tokens: object = {}) =>
  createBearerAuth({
    serverName: "example.org",
    tokens: { secret: SECRET, tokenType: "at+jwt", ...tokens },
    logger: false,
    ...options,
  } as never);

function unavailable() {
  const failures = scripted();
  failures.consume.mockRejectedValue(new Error("down"));
  return failures;
}

const throwing = (error: Error) => (): never => {
  throw error;
};

describe("what a client reads", () => {
  test.each<[string, string | undefined, object, object, string]>([
    ["without a token", undefined, {}, {}, "Missing access token"],
    ["with a bad header", "Bearer a b", {}, {}, "Access token refused: the Authorization header is malformed"],
    ["without a required scope", good, {}, { requiredScopes: ["matrix"] }, "token lacks a required scope"],
    [
      "with a device that can't be",
      bearer(accessToken({ device_id: 5 })),
      {},
      {},
      "Access token refused: token names no usable device",
    ],
    ["of nobody", good, { findUser: () => null }, {}, "Access token refused: its user does not exist"],
    [
      "of an identity without an account",
      bearer(accessToken({ iss: "x" })),
      { externalIds: { find: () => null } },
      {},
      "Access token refused: nobody here is linked to its identity",
    ],
    [
      "after too many bad tokens",
      good,
      { rateLimits: { failures: limiter({ points: 0 }) } },
      {},
      "Too many attempts with bad access tokens; try again later",
    ],
    [
      "while a limiter is down",
      good,
      { rateLimits: { failures: unavailable() } },
      {},
      "Access tokens can't be verified temporarily; try again later",
    ],
  ])("says why it was refused: %s", async (_, authorization, options, tokens, message) => {
    const { authenticate } = check(options, tokens);
    expect(await rejection(authenticate(authorization, FROM))).toMatchObject({ message });
  });
});

describe("what the operator reads", () => {
  test.each<[string, string | undefined, object]>([
    ["without a token", undefined, {}],
    ["with a forged token", forged, {}],
    ["of nobody", good, { findUser: () => null }],
    ["that findUser refuses", good, { findUser: throwing(MatrixError.userLocked()) }],
    [
      "that findUser answers with an error of 500 of its own",
      good,
      { findUser: throwing(new MatrixError("M_UNKNOWN", "The disk is full", { statusCode: 500 })) },
    ],
  ])("is nothing about a request %s", async (_, authorization, options) => {
    const logger = recordingLogger();
    await rejection(check({ logger, ...options }).authenticate(authorization, FROM));
    expect(logger.lines).toEqual([]);
  });

  const cause = new Error("the database is down");

  test.each<[string, object, object, object]>([
    ["findUser", { findUser: throwing(cause) }, {}, cause],
    ["findUser", { findUser: () => Promise.reject(cause) }, {}, cause],
    ["findUser", { findUser: () => false }, {}, new TypeError("findUser must return a user, not a boolean")],
    ["findUser", { findUser: () => 0 }, {}, new TypeError("findUser must return a user, not a number")],
    [
      "findUser",
      { findUser: () => ({ rows: [], rowCount: 0 }) },
      {},
      new TypeError("findUser must return a user, not the result of a query: return its row"),
    ],
    ["deviceClaim", {}, { deviceClaim: throwing(cause) }, cause],
  ])("names what of the host's failed, once, and why: %s", async (name, options, tokens, why) => {
    const logger = recordingLogger();
    expect(await rejection(check({ logger, ...options }, tokens).authenticate(good))).toMatchObject({
      statusCode: 500,
    });
    expect(logger.lines).toMatchObject([{ level: "error", message: { message: `matrix-jwt-login: ${name} failed` } }]);
    expect((logger.lines[0]?.message as Error).cause).toEqual(why);
  });

  test("names onReject, if that fails", async () => {
    const logger = recordingLogger();
    await rejection(check({ logger, onReject: throwing(cause) }).authenticate(undefined));
    expect(logger.lines).toMatchObject([
      { level: "error", message: { message: "matrix-jwt-login: onReject failed", cause } },
    ]);
  });
});

test("an event of onReject has no members without a value, and says how long it took", async () => {
  const onReject = jest.fn<(event: AccessRejectEvent) => void>();
  const startedAt = performance.now();
  await rejection(check({ onReject }).authenticate(undefined));
  const took = performance.now() - startedAt;
  const [[event]] = onReject.mock.calls as [[AccessRejectEvent]];
  expect(Object.keys(event).sort()).toEqual(["durationMs", "errcode", "reason", "statusCode"]);
  expect(event.durationMs).toBeGreaterThanOrEqual(0);
  expect(event.durationMs).toBeLessThanOrEqual(took);
});
