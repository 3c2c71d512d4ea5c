import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { createTokenVerifier, matrixJwtLogin } from "matrix-jwt-login";

import { core } from "../../helpers/core.js";
import { pem, RSA, SECRET } from "../../helpers/keys.js";
import { LOGIN_TYPE, optionsWith } from "../../helpers/login.js";

const bytes = (length: number): string => "s".repeat(length);

describe("a short secret", () => {
  let warn: jest.SpiedFunction<typeof process.emitWarning>;
  beforeEach(() => {
    warn = jest.spyOn(process, "emitWarning").mockReturnValue();
  });
  afterEach(() => {
    warn.mockRestore();
  });

  test.each<[string, object, number]>([
    ["shorter than HS256's hash", { secret: bytes(31) }, 32],
    ["shorter than the shortest hash allowed", { secret: bytes(47), algorithms: ["HS512", "HS384"] }, 48],
    ["shorter than HS512's hash", { secret: bytes(63), algorithms: ["HS512"] }, 64],
    ["one of a list", { secret: [SECRET, bytes(8)] }, 32],
    ["several of a list", { secret: [bytes(8), bytes(9)] }, 32],
    ["bytes", { secret: Buffer.alloc(31, 1) }, 32],
  ])("warns once when the middleware is made: %s", (_, loginType, shortest) => {
    matrixJwtLogin(optionsWith(loginType));
    expect(warn).toHaveBeenCalledTimes(1);
    const [message, details] = warn.mock.calls[0] ?? [];
    expect(message).toContain(`loginTypes["${LOGIN_TYPE}"].secret`);
    expect(message).toContain(`${String(shortest)} bytes`);
    expect(message).not.toContain(bytes(8));
    expect(details).toEqual({ type: "SecurityWarning", code: "MATRIX_JWT_LOGIN_SHORT_SECRET" });
  });

  test.each<[string, object]>([
    ["HS256's hash", { secret: bytes(32) }],
    ["HS256's hash, which is the shortest allowed", { secret: bytes(32), algorithms: ["HS512", "HS256"] }],
    ["HS512's hash", { secret: bytes(64), algorithms: ["HS512"] }],
    ["HS256's hash in bytes of UTF-8", { secret: "é".repeat(16) }],
  ])("is none that is as long as %s", (_, loginType) => {
    core(loginType);
    expect(warn).not.toHaveBeenCalled();
  });

  test("is none if there is a public key", () => {
    core({ secret: undefined, publicKey: pem(RSA) });
    expect(warn).not.toHaveBeenCalled();
  });

  test("warns a verifier's maker too", () => {
    createTokenVerifier({ secret: "short" });
    expect(warn).toHaveBeenCalledTimes(1);
  });
});
