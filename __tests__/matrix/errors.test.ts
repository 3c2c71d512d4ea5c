import { describe, expect, test } from "@jest/globals";
import { MatrixError, type MatrixErrorOptions } from "matrix-jwt-login";

import { core, rejection, submission, thrownBy } from "../helpers/core.js";

describe("MatrixError", () => {
  test("is an Error of 403, unless said otherwise", () => {
    const error = new MatrixError("M_USER_DEACTIVATED", "This account is deactivated");
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "MatrixError",
      errcode: "M_USER_DEACTIVATED",
      message: "This account is deactivated",
      statusCode: 403,
      fields: {},
    });
    expect(error.retryAfterMs).toBeUndefined();
    expect(error.cause).toBeUndefined();
    expect(Object.hasOwn(error, "cause")).toBe(false);
  });

  test("has its errcode for a message if none is given", () => {
    expect(new MatrixError("M_FORBIDDEN").message).toBe("M_FORBIDDEN");
  });

  test.each<readonly [string, unknown[], RegExp]>([
    ["a text in the place of the errcode", ["This user is locked"], /the errcode comes first/],
    ["the status first", [403, "M_USER_DEACTIVATED", "gone"], /the errcode comes first/],
    ["the status third", ["M_X", "gone", 401], /the status is a member of the third argument/],
    ["the status second", ["M_X", { statusCode: 401 }], /the status is a member of the third argument/],
    ["the status by another name", ["M_X", "gone", { status: 401 }], /as in \{ statusCode: 401 \}/],
  ])("is not made of %s", (_, args, message) => {
    const error = thrownBy(() => new MatrixError(...(args as [string])));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as TypeError).message).toMatch(message);
  });

  test("may have an odd code of the host's own, beside a text", () => {
    expect(new MatrixError("NOT QUITE", "No")).toMatchObject({ errcode: "NOT QUITE", message: "No", statusCode: 403 });
  });

  test("keeps what it is given", () => {
    const cause = new Error("down");
    const error = new MatrixError("M_UNKNOWN", "Busy", {
      statusCode: 503,
      fields: { a: 1 },
      retryAfterMs: 500,
      cause,
    });
    expect(error).toMatchObject({ statusCode: 503, fields: { a: 1 }, retryAfterMs: 500 });
    expect(error.cause).toBe(cause);
  });

  test.each<[string, MatrixErrorOptions, object]>([
    ["nothing", {}, {}],
    ["fields", { fields: { soft_logout: true, list: [1] } }, { soft_logout: true, list: [1] }],
    ["fields that would replace its own", { fields: { errcode: "M_OTHER", error: "other" } }, {}],
    ["a cause, which is never sent", { cause: new Error("private") }, {}],
  ])("is written as JSON with %s", (_, options, more) => {
    const error = new MatrixError("M_FORBIDDEN", "No", options);
    expect(JSON.parse(JSON.stringify(error))).toEqual({ errcode: "M_FORBIDDEN", error: "No", ...more });
  });

  test.each<[string, MatrixErrorOptions, object]>([
    ["M_LIMIT_EXCEEDED", { retryAfterMs: 500 }, { retry_after_ms: 500 }],
    ["M_LIMIT_EXCEEDED", { retryAfterMs: 500, fields: { retry_after_ms: 900 } }, { retry_after_ms: 900 }],
    ["M_LIMIT_EXCEEDED", {}, {}],
    ["M_UNKNOWN", { retryAfterMs: 500 }, {}],
  ])("of the code %s says in its JSON when to try again, with %j", (errcode, options, more) => {
    expect(new MatrixError(errcode, "Later", options).toJSON()).toStrictEqual({ errcode, error: "Later", ...more });
  });

  test.each([400, 401, 403, 404, 429, 499, 500, 502, 599])("may have the status %d", (statusCode) => {
    expect(new MatrixError("M_UNKNOWN", "x", { statusCode }).statusCode).toBe(statusCode);
  });

  test.each([0, 200, 302, 399, 600, -403, 403.5, Number.NaN, Infinity, "403", null])(
    "can't have the status %p, which is not an error's",
    (statusCode) => {
      const error = thrownBy(() => new MatrixError("M_UNKNOWN", "x", { statusCode: statusCode as number }));
      expect(error).toBeInstanceOf(RangeError);
      expect((error as RangeError).message).toContain("from 400 to 599");
    },
  );
});

describe("errors for users who must not log in", () => {
  test("userLocked is 401, and keeps the client's encryption keys", () => {
    const error = MatrixError.userLocked();
    expect(error).toBeInstanceOf(MatrixError);
    expect(error.statusCode).toBe(401);
    expect(error.toJSON()).toEqual({
      errcode: "M_USER_LOCKED",
      error: "This account has been locked",
      soft_logout: true,
    });
    expect(MatrixError.userLocked("See the front desk").message).toBe("See the front desk");
  });

  test("userDeactivated is 403", () => {
    const error = MatrixError.userDeactivated();
    expect(error).toBeInstanceOf(MatrixError);
    expect(error.statusCode).toBe(403);
    expect(error.toJSON()).toEqual({ errcode: "M_USER_DEACTIVATED", error: "This account has been deactivated" });
    expect(MatrixError.userDeactivated("Gone").message).toBe("Gone");
  });
});

test.each<[string, unknown]>([
  [
    "what throws at any look at it",
    new Proxy(
      {},
      {
        has: () => {
          throw new Error("no look");
        },
      },
    ),
  ],
  [
    "an error whose status throws",
    {
      errcode: "M_NO",
      get status() {
        throw new Error("no look");
      },
    },
  ],
])("%s is 500, if a callback throws it", async (_, thrown) => {
  const findUser = () => {
    throw thrown;
  };
  expect(await rejection(core({}, { findUser }).login(submission()))).toMatchObject({
    statusCode: 500,
    message: "Internal server error",
  });
});
