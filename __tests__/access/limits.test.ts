import { describe, expect, jest, test } from "@jest/globals";
import { createBearerAuth, type AccessContext, type AccessRejectEvent } from "matrix-jwt-login";

import { rejection } from "../helpers/core.js";
import { send } from "../helpers/http-client.js";
import { SECRET } from "../helpers/keys.js";
import { limiter, scripted, usedUp } from "../limits/helpers.js";
import { accessToken, auth, bearer, guarded } from "./helpers/guarded.js";

const FROM = { ip: "192.0.2.1" };
const good = bearer(accessToken());
const forged = bearer(`${accessToken().slice(0, -4)}AAAA`);

const check = (failures: object, options: object = {}) =>
  createBearerAuth({
    serverName: "example.org",
    tokens: { secret: SECRET, tokenType: "at+jwt" },
    rateLimits: { failures: failures as never },
    logger: false,
    ...options,
  });

describe("rateLimits.failures", () => {
  test("counts bad tokens by address, and refuses what comes after them", async () => {
    const { authenticate } = check(limiter({ points: 3 }));
    const statusOf = async (authorization: string, context: AccessContext = FROM) => {
      const error = await authenticate(authorization, context).catch((reason: unknown) => reason);
      return (error as { statusCode?: number }).statusCode ?? 200;
    };
    const other = bearer(accessToken({ jti: "2" }));
    for (let i = 0; i < 10; i += 1) expect(await statusOf(bearer(accessToken({ jti: i })))).toBe(200);
    for (let i = 0; i < 3; i += 1) expect(await statusOf(forged)).toBe(401);
    expect(await statusOf(other)).toBe(429);
    expect(await statusOf(other, { ip: "192.0.2.2" })).toBe(200);
    expect(await rejection(authenticate(bearer(accessToken({ jti: "3" })), FROM))).toMatchObject({
      errcode: "M_LIMIT_EXCEEDED",
      retryAfterMs: expect.any(Number),
    });
  });

  test("is not asked for tokens that are cached", async () => {
    const failures = scripted();
    const { authenticate } = check(failures);
    await authenticate(good, FROM);
    failures.consume.mockRejectedValue(usedUp());
    expect(await authenticate(good, FROM)).toMatchObject({ localpart: "alice" });
    expect(failures.consume.mock.calls).toEqual([["failures:192.0.2.1"]]);
  });

  test("is not asked for requests without a token", async () => {
    const failures = scripted();
    await rejection(check(failures).authenticate(undefined, FROM));
    expect(failures.consume).not.toHaveBeenCalled();
  });

  test.each([
    ["a good token", good, {}],
    ["a user who is not found", good, { findUser: () => null }],
  ])("is given back for %s", async (_, authorization, options) => {
    const failures = scripted();
    await check(failures, options)
      .authenticate(authorization, FROM)
      .catch(() => undefined);
    expect(failures.reward).toHaveBeenCalledTimes(1);
  });

  test("that is down is 503", async () => {
    const failures = scripted();
    failures.consume.mockRejectedValue(new Error("down"));
    expect(await rejection(check(failures).authenticate(good, FROM))).toMatchObject({
      statusCode: 503,
      errcode: "M_UNKNOWN",
      retryAfterMs: 5_000,
    });
  });

  test("counts by the request's address", async () => {
    const failures = scripted();
    const { url } = await guarded(auth({}, { rateLimits: { failures } }));
    await send(url, { method: "GET", headers: { Authorization: good } });
    expect(failures.consume.mock.calls).toEqual([["failures:127.0.0.1"]]);
  });

  test("stays an answer where the user is optional", async () => {
    const failures = scripted();
    failures.consume.mockRejectedValue(usedUp());
    const { ask } = await guarded(auth({}, { rateLimits: { failures } }).optional);
    const { status, headers, json } = await ask(good);
    expect([status, headers["retry-after"], json["errcode"]]).toEqual([429, "2", "M_LIMIT_EXCEEDED"]);
  });
});

test("a context that throws is the host's fault", async () => {
  const context = {
    get ip(): string {
      throw new Error("no address");
    },
  };
  expect(await rejection(check(scripted()).authenticate(good, context))).toMatchObject({ statusCode: 500 });
});

describe("onReject", () => {
  const down = (): never => {
    throw new Error("down");
  };

  const rows: readonly (readonly [string, number, string, string | undefined, object])[] = [
    ["missing", 401, "M_MISSING_TOKEN", undefined, {}],
    ["malformed", 401, "M_UNKNOWN_TOKEN", "Bearer", {}],
    ["signature", 401, "M_UNKNOWN_TOKEN", forged, {}],
    ["user_id", 401, "M_UNKNOWN_TOKEN", bearer(accessToken({ sub: "a:b" })), {}],
    ["device", 401, "M_UNKNOWN_TOKEN", bearer(accessToken({ device_id: "" })), {}],
    ["unknown_user", 401, "M_UNKNOWN_TOKEN", good, { findUser: () => null }],
    ["unlinked", 401, "M_UNKNOWN_TOKEN", bearer(accessToken({ iss: "x" })), { externalIds: { find: () => null } }],
    ["subject", 401, "M_UNKNOWN_TOKEN", good, { externalIds: { find: () => null } }],
    ["rate_limited", 429, "M_LIMIT_EXCEEDED", good, { rateLimits: { failures: limiter({ points: 0 }) } }],
    ["host", 500, "M_UNKNOWN", good, { findUser: down }],
  ];

  test.each(rows)("says why: %s", async (reason, statusCode, errcode, authorization, options) => {
    const onReject = jest.fn<(event: AccessRejectEvent) => void>();
    const req = {};
    await rejection(check(scripted(), { onReject, ...options }).authenticate(authorization, { ...FROM, req }));
    const userId = ["unknown_user", "host"].includes(reason) ? { userId: "@alice:example.org" } : {};
    expect(onReject.mock.calls).toEqual([
      [{ ...userId, statusCode, errcode, reason, durationMs: expect.any(Number), req }],
    ]);
  });

  test("that throws changes nothing", async () => {
    const { authenticate } = check(scripted(), { onReject: down });
    expect(await rejection(authenticate(undefined))).toMatchObject({ errcode: "M_MISSING_TOKEN" });
  });
});
