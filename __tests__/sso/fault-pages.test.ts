import { describe, expect, test } from "@jest/globals";
import { MatrixError } from "matrix-jwt-login";

import { KeysUnavailableError } from "../../lib/remote/errors.js";
import { SignInError } from "../../lib/sso/errors.js";
import { pageFor } from "../../lib/sso/faults.js";
import { Refusal } from "../../lib/support/refusal.js";
import { TokenError } from "../../lib/tokens/errors.js";
import { recordingLogger } from "../helpers/core.js";

const pageAndLog = (error: unknown) => {
  const logger = recordingLogger();
  const page = pageFor({ logger }, error, "/again", "/anew");
  return { page, levels: logger.lines.map(({ level }) => level) };
};

describe("the page for what ended a sign-in early", () => {
  test.each<[string, unknown, number, string | undefined, readonly string[]]>([
    ["a provider that is unavailable", SignInError.unavailable("x"), 503, "/again", ["warn"]],
    ["a sign-in that was cancelled", SignInError.cancelled("x"), 403, "/again", ["info"]],
    ["keys that are unavailable", new KeysUnavailableError("x", { retryAfter: 5 }), 503, "/again", []],
    ["a refused token", new TokenError("expired", "token expired"), 403, "/anew", []],
    ["a limit that is used up", new Refusal("limit", "rate_limited", "x", { retryAfterMs: 1_200 }), 429, "/again", []],
    ["a host's own 401", MatrixError.userLocked(), 401, "/anew", []],
    ["a host's own 500", new MatrixError("M_UNKNOWN", "x", { statusCode: 500 }), 500, "/again", []],
    ["a fault of the package's", new Error("broken"), 500, "/again", ["error"]],
  ])("%s", (_, error, status, next, levels) => {
    const seen = pageAndLog(error);
    expect([seen.page.status, seen.levels]).toEqual([status, levels]);
    expect(JSON.stringify(seen.page)).toContain(next);
  });

  test("says when to try again, in whole seconds", () => {
    const { page } = pageAndLog(new Refusal("limit", "rate_limited", "x", { retryAfterMs: 1_200 }));
    expect(page).toMatchObject({ retryAfter: 2 });
  });
});
