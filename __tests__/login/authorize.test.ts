import { describe, expect, jest, test } from "@jest/globals";
import type { Claims } from "matrix-jwt-login";

import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { LOGIN_TYPE, loginWith } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { token } from "../helpers/tokens.js";

describe.each(EXPRESS_VERSIONS)("authorize under %s", (_, express) => {
  const mount = mounting(express);

  test.each([
    ["true", () => true],
    ["a promise of true", () => Promise.resolve(true)],
  ])("lets in with %s", async (_, authorize) => {
    expect((await loginWith(await mount({ authorize }), token())).status).toBe(200);
  });

  test.each<[string, unknown]>([
    ["false", false],
    ["a promise of false", Promise.resolve(false)],
    ["nothing", undefined],
    ["null", null],
    ["1", 1],
    ['"true"', "true"],
    ["an object", {}],
    ["a promise of an object", Promise.resolve({})],
    ["a function", () => true],
  ])("refuses with %s: 403", async (_, said) => {
    const { status, body } = await loginWith(await mount({ authorize: () => said }), token());
    expect(status).toBe(403);
    expect(body).toEqual({ errcode: "M_FORBIDDEN", error: "JWT validation failed: token not authorized" });
  });

  test("is given the verified claims and the whole submission", async () => {
    const authorize = jest.fn<(claims: Claims, submission: object) => boolean>().mockReturnValue(true);
    const honest = token({ groups: ["a", "b"] });
    const url = await mount({ authorize });

    await loginWith(url, honest, { "org.example.extra": { deep: [1] } });

    expect(authorize).toHaveBeenCalledTimes(1);
    expect(authorize.mock.calls[0]?.[0]).toMatchObject({ sub: "alice", groups: ["a", "b"] });
    expect(authorize.mock.calls[0]?.[1]).toEqual({
      type: LOGIN_TYPE,
      token: honest,
      "org.example.extra": { deep: [1] },
    });
  });

  test("is not asked of a token that is refused", async () => {
    const authorize = jest.fn<() => boolean>();
    const url = await mount({ authorize });
    await loginWith(url, token({ exp: 1 }));
    expect(authorize).not.toHaveBeenCalled();
  });
});
