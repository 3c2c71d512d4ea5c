import { describe, expect, jest, test } from "@jest/globals";

import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { LOGIN_TYPE, login, loginWith, type User } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { inSeconds, signed, token } from "../helpers/tokens.js";

const ALICE = { sub: "alice" };

const REFUSED: readonly (readonly [string, RegExp, object, () => unknown])[] = [
  ["null", /missing/, {}, () => null],
  ["a number", /missing|string/, {}, () => 1],
  ["an object", /missing|string/, {}, () => ({})],
  ["a list", /missing|string/, {}, () => [token()]],
  ["an empty text", /malformed/, {}, () => ""],
  ["no token", /malformed/, {}, () => "nonsense"],
  ["too long", /maxTokenLength/, { maxTokenLength: 20 }, () => token()],
  ["forged", /signature/, {}, () => token().replace(/[^.]{20}$/, "A".repeat(20))],
  ["of another algorithm", /alg/, { algorithms: ["HS512"] }, () => token()],
  ["expired", /expired/, {}, () => token({ exp: inSeconds(-61) })],
  ["without expiry", /expiry/, {}, () => signed(ALICE)],
  ["not yet valid", /not yet valid/, {}, () => token({ nbf: inSeconds(70) })],
  ["from the future", /future/, {}, () => token({ iat: inSeconds(70) })],
  ["too old", /old/, { maxTokenAge: 10 }, () => token({ iat: inSeconds(-80) })],
  ["of a wrong issuer", /issuer/, { issuer: "https://expected.example" }, () => token({ iss: "https://eve.example" })],
  ["of no issuer", /issuer/, { issuer: "https://expected.example" }, () => token()],
  ["for another audience", /audience/, { audience: "expected" }, () => token({ aud: "eve" })],
  ["for an audience where none is set", /set the option `audience`/, {}, () => token({ aud: "eve" })],
  ["without a scope", /scope/, { requiredScopes: ["expected"] }, () => token({ scope: "eve" })],
  ["of another type", /type/, { tokenType: "expected+jwt" }, () => token()],
  ["without a subject", /subject/, {}, () => signed({ exp: inSeconds(60) })],
  ["not what authorize lets in", /authorized/, { authorize: () => false }, () => token()],
];

describe.each(EXPRESS_VERSIONS)("a token under %s", (_, express) => {
  const mount = mounting(express);

  test.each(REFUSED)("%s is 403, and the error says why", async (_, why, loginType, made) => {
    const findUser = jest.fn<() => User>();
    const { status, headers, body } = await loginWith(await mount(loginType, { findUser }), made());

    expect(status).toBe(403);
    expect(body).toEqual({ errcode: "M_FORBIDDEN", error: expect.stringMatching(why) });
    expect(body["error"]).toMatch(/^JWT validation failed: /);
    expect(body["error"]).not.toMatch(/expected|eve\b/);
    expect(headers.get("Content-Type")).toBe("application/json");
    expect(headers.get("Cache-Control")).toBe("no-store");
    expect(findUser).not.toHaveBeenCalled();
  });

  test("that is missing is 403", async () => {
    const { status, body } = await login(await mount(), { type: LOGIN_TYPE });
    expect(status).toBe(403);
    expect(body).toEqual({ errcode: "M_FORBIDDEN", error: "JWT validation failed: token is missing or not a string" });
  });

  test("for another user than the identifier names is 403", async () => {
    const { status, body } = await loginWith(await mount({ identifier: "match" }), token(), { user: "eve" });
    expect(status).toBe(403);
    expect(body).toEqual({ errcode: "M_FORBIDDEN", error: expect.stringContaining("JWT validation failed: ") });
    expect(body["error"]).not.toMatch(/alice|eve/);
  });

  test("that has expired is said to have expired", async () => {
    const { body } = await loginWith(await mount(), token({ exp: 1 }));
    expect(body["error"]).toBe("JWT validation failed: token expired");
  });

  test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])("may have a claim called %s", async (name) => {
    const { status } = await loginWith(await mount(), token({ [name]: { type: "x" } }));
    expect(status).toBe(200);
  });
});
