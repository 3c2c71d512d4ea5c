import { describe, expect, test } from "@jest/globals";
import { calculateRetryBackoff, MatrixError as SdkError, type LoginRequest } from "matrix-js-sdk";
import { MatrixError } from "matrix-jwt-login";
import { RateLimiterMemory } from "rate-limiter-flexible";

import { rejection } from "../helpers/core.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { SECRET } from "../helpers/keys.js";
import { LOGIN_TYPE } from "../helpers/login.js";
import { hostOf, middleware, type Options } from "../helpers/test-hosts.js";
import { inSeconds, token } from "../helpers/tokens.js";
import { sdk } from "./helpers/sdk.js";

interface Case {
  readonly submission?: object;
  readonly options?: Options;
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>>;
  /** What the SDK reads of `Retry-After`. Default: nothing. */
  readonly retryAfterMs?: number;
  /** How long the SDK waits before it tries again; -1: it does not. */
  readonly backoff: number;
}

const GIVES_UP = -1;
/** Without a word from the server, the SDK doubles its wait: this after the first attempt. */
const ITS_OWN = 2_000;

const failed = (error: string): Case["data"] => ({ errcode: "M_FORBIDDEN", error: `JWT validation failed: ${error}` });
const findUserThrows = (error: Error): Options => ({
  findUser: () => {
    throw error;
  },
});
const limit = (more: object): Options =>
  findUserThrows(new MatrixError("M_LIMIT_EXCEEDED", "Too many requests", { statusCode: 429, ...more }));
const LIMIT = { errcode: "M_LIMIT_EXCEEDED", error: "Too many requests" };

const CASES: Readonly<Record<string, Case>> = {
  "a token that has expired": {
    submission: { token: token({ exp: inSeconds(-3_600) }) },
    status: 403,
    data: failed("token expired"),
    backoff: GIVES_UP,
  },
  "an unknown user": {
    submission: { token: token({ sub: "nobody" }) },
    status: 403,
    data: { errcode: "M_FORBIDDEN", error: expect.any(String) },
    backoff: GIVES_UP,
  },
  "a field of the wrong type": {
    submission: { device_id: 7 },
    status: 400,
    data: { errcode: "M_INVALID_PARAM", error: "device_id must be a string" },
    backoff: GIVES_UP,
  },
  "a name that can't be a user's": {
    submission: { token: token({ sub: "al ice" }) },
    status: 400,
    data: { errcode: "M_INVALID_USERNAME", error: expect.any(String) },
    backoff: GIVES_UP,
  },
  "a token that is too long for any body, where those are refused": {
    submission: { token: "x".repeat(70_000) },
    options: { unknownLoginType: "reject" },
    status: 413,
    data: { errcode: "M_TOO_LARGE", error: expect.any(String) },
    backoff: GIVES_UP,
  },
  "an unknown login type, where those are refused": {
    submission: { type: "com.example.other" },
    options: { unknownLoginType: "reject" },
    status: 400,
    data: { errcode: "M_UNKNOWN", error: "Unknown login type" },
    backoff: GIVES_UP,
  },
  "a deactivated account": {
    options: findUserThrows(new MatrixError("M_USER_DEACTIVATED", "This account has been deactivated")),
    status: 403,
    data: { errcode: "M_USER_DEACTIVATED", error: "This account has been deactivated" },
    backoff: GIVES_UP,
  },
  "a locked account": {
    options: findUserThrows(
      new MatrixError("M_USER_LOCKED", "Locked", { statusCode: 401, fields: { soft_logout: true } }),
    ),
    status: 401,
    data: { errcode: "M_USER_LOCKED", error: "Locked", soft_logout: true },
    backoff: GIVES_UP,
  },
  "one of `rateLimits` that is used up": {
    options: {
      rateLimits: { address: { consume: (key) => new RateLimiterMemory({ points: 0, duration: 4.2 }).consume(key) } },
    },
    status: 429,
    data: { errcode: "M_LIMIT_EXCEEDED", error: expect.any(String), retry_after_ms: expect.any(Number) },
    retryAfterMs: 5_000,
    backoff: 5_000,
  },
  "a limit of the host's": {
    options: limit({ retryAfterMs: 4_200 }),
    status: 429,
    data: { ...LIMIT, retry_after_ms: 4_200 },
    retryAfterMs: 5_000,
    backoff: 5_000,
  },
  "a limit of the host's, said in its JSON": {
    options: limit({ fields: { retry_after_ms: 4_200 } }),
    status: 429,
    data: { ...LIMIT, retry_after_ms: 4_200 },
    retryAfterMs: 5_000,
    backoff: 5_000,
  },
  "a limit of the host's, without a time": { options: limit({}), status: 429, data: LIMIT, backoff: ITS_OWN },
  "keys that can't be had": {
    submission: { token: token({}, { algorithm: "ES256" }) },
    options: { loginTypes: { [LOGIN_TYPE]: { jwksUri: "http://127.0.0.1:1/jwks" } } },
    status: 503,
    data: { errcode: "M_UNKNOWN", error: expect.any(String) },
    retryAfterMs: 5_000,
    // It reads the header where it is asked to, but heeds it after a 429 only.
    backoff: ITS_OWN,
  },
  "a host that fails": {
    options: findUserThrows(new Error("the database is down")),
    status: 500,
    data: { errcode: "M_UNKNOWN", error: "Internal server error" },
    backoff: ITS_OWN,
  },
};

describe.each(EXPRESS_VERSIONS)("matrix-js-sdk, refused by a host on %s", (_, express) => {
  test.each(Object.entries(CASES))("%s", async (_, expected) => {
    const { url } = await hostOf(express, middleware(expected.options));
    const { client, sessionsLost } = sdk(url, { accessToken: "of_long_ago" });
    const submission = { type: LOGIN_TYPE, token: token(), ...expected.submission } as LoginRequest;

    const error = (await rejection(client.loginRequest(submission))) as SdkError;

    expect(error).toBeInstanceOf(SdkError);
    expect({ status: error.httpStatus, data: error.data }).toEqual({ status: expected.status, data: expected.data });
    expect(error.errcode).toBe(error.data.errcode);
    expect(error.getRetryAfterMs()).toBe(expected.retryAfterMs ?? null);
    expect(calculateRetryBackoff(error, 1, false)).toBe(expected.backoff);
    expect(error.isRateLimitError()).toBe(expected.status === 429);
    expect(sessionsLost()).toBe(0);
    expect(JSON.stringify(error.data)).not.toContain(SECRET);
  });
});
