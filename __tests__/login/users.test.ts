import { describe, expect, jest, test } from "@jest/globals";
import type { LoginTypeOptions, VerifiedLogin } from "matrix-jwt-login";

import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { loginWith, type User } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { token } from "../helpers/tokens.js";

type Rules = Partial<Record<keyof LoginTypeOptions, unknown>>;

const UUID = "01234567-89ab-cdef-0123-456789abcdef";

describe.each(EXPRESS_VERSIONS)("the user that a token is for, under %s", (_, express) => {
  const mount = mounting(express);

  test.each<[string, Rules, Readonly<Record<string, unknown>>, string]>([
    ["a localpart in sub, unless said otherwise", {}, { sub: "carol" }, "@carol:example.org"],
    ["a localpart of a single character", {}, { sub: "c" }, "@c:example.org"],
    ["a historical localpart", {}, { sub: "Carol!#|~" }, "@Carol!#|~:example.org"],
    ["a localpart that is a UUID", {}, { sub: UUID }, `@${UUID}:example.org`],
    ["another claim", { subjectClaim: "preferred_username" }, { preferred_username: "carol" }, "@carol:example.org"],
    [
      "a claim with dots in its name",
      { subjectClaim: "a.b" },
      { "a.b": "carol", a: { b: "eve" } },
      "@carol:example.org",
    ],
    ["a claim of a claim", { subjectClaim: ["a", "b"] }, { "a.b": "eve", a: { b: "carol" } }, "@carol:example.org"],
    [
      "what a function makes of the claims",
      { subjectClaim: ({ email }: { email: string }) => email.split("@")[0] },
      { email: "carol@example.com" },
      "@carol:example.org",
    ],
    ["a claim called constructor", { subjectClaim: "constructor" }, { constructor: "carol" }, "@carol:example.org"],
    ["a claim called __proto__", { subjectClaim: "__proto__" }, { ["__proto__"]: "carol" }, "@carol:example.org"],
    ["a user ID", { subjectFormat: "userId" }, { sub: "@carol:example.org" }, "@carol:example.org"],
    ["either: a user ID", { subjectFormat: "either" }, { sub: "@carol:example.org" }, "@carol:example.org"],
    ["either: a localpart", { subjectFormat: "either" }, { sub: "carol" }, "@carol:example.org"],
    [
      "either: what holds no colon is a localpart",
      { subjectFormat: "either" },
      { sub: "@carol" },
      "@@carol:example.org",
    ],
    ["lower case", { localpart: "lowercase" }, { sub: "CaroL.Z" }, "@carol.z:example.org"],
    [
      "lower case, of a user ID",
      { localpart: "lowercase", subjectFormat: "userId" },
      { sub: "@CAROL:example.org" },
      "@carol:example.org",
    ],
    ["escaped", { localpart: "escape" }, { sub: "auth0|Ab_=1" }, "@auth0=7c_ab__=3d1:example.org"],
    ["escaped, colons and all", { localpart: "escape" }, { sub: "@a:b" }, "@=40a=3ab:example.org"],
    ["escaped, beyond ASCII", { localpart: "escape" }, { sub: "é" }, "@=c3=a9:example.org"],
    [
      "escaped, of a user ID",
      { localpart: "escape", subjectFormat: "either" },
      { sub: "@Carol:example.org" },
      "@_carol:example.org",
    ],
  ])("%s", async (_, rules, claims, userId) => {
    const findUser = jest.fn<(userId: string, login: VerifiedLogin) => User>().mockReturnValue({ id: "somebody" });
    const url = await mount(rules, { findUser });

    const { status, body } = await loginWith(url, token(claims));

    expect(status).toBe(200);
    expect(body["user_id"]).toBe(userId);
    expect(findUser).toHaveBeenCalledTimes(1);
    expect(findUser.mock.calls[0]?.[0]).toBe(userId);
    expect(findUser.mock.calls[0]?.[1]).toMatchObject({ userId, localpart: userId.slice(1, -":example.org".length) });
  });

  test.each<[string, Rules, unknown]>([
    ["nothing", {}, undefined],
    ["null", {}, null],
    ["an empty text", {}, ""],
    ["a number", {}, 12],
    ["a list", {}, ["alice"]],
    ["an object", {}, { name: "alice" }],
    ["no claim of its own", { subjectClaim: "constructor" }, "alice"],
    ["nothing of its own on the path", { subjectClaim: ["sub", "constructor", "name"] }, {}],
    ["a text where the path goes on", { subjectClaim: ["sub", "length"] }, "alice"],
    ["a list where the path goes on", { subjectClaim: ["sub", "0"] }, ["alice"]],
    ["what a function finds nothing in", { subjectClaim: () => undefined }, "alice"],
    ["what a function makes a promise of", { subjectClaim: () => Promise.resolve("alice") }, "alice"],
    ["a full user ID for a localpart", {}, "@alice:example.org"],
    ["a colon in a localpart", {}, "alice:example.org"],
    ["a colon in a localpart that is to be in lower case", { localpart: "lowercase" }, "a:b"],
    ["a localpart for a user ID", { subjectFormat: "userId" }, "alice"],
    ["no sigil", { subjectFormat: "userId" }, "alice:example.org"],
    ["another sigil", { subjectFormat: "userId" }, "#alice:example.org"],
    ["no server name", { subjectFormat: "userId" }, "@alice"],
    ["an empty server name", { subjectFormat: "userId" }, "@alice:"],
    ["an empty localpart", { subjectFormat: "userId" }, "@:example.org"],
    ["another server", { subjectFormat: "userId" }, "@alice:example.com"],
    ["another port of the server", { subjectFormat: "userId" }, "@alice:example.org:8448"],
    ["the server's name in another case", { subjectFormat: "userId" }, "@alice:EXAMPLE.org"],
    ["another server's user, escaped", { subjectFormat: "userId", localpart: "escape" }, "@alice:example.com"],
    ["either: another server", { subjectFormat: "either" }, "@alice:example.com"],
    ["either: a colon and no sigil", { subjectFormat: "either" }, "alice:example.org"],
  ])("is nobody, 403, if the subject is %s", async (_, rules, sub) => {
    const findUser = jest.fn<(userId: string) => User>();
    const url = await mount(rules, { findUser });

    const { status, body } = await loginWith(url, token({ sub }));

    expect(status).toBe(403);
    expect(body).toEqual({ errcode: "M_FORBIDDEN", error: expect.stringMatching(/^JWT validation failed: token /) });
    expect(findUser).not.toHaveBeenCalled();
  });

  test("is one of a server with a port", async () => {
    const url = await mount(
      { subjectFormat: "userId" },
      { serverName: "example.org:8448", findUser: (id) => ({ id }) },
    );

    const { body } = await loginWith(url, token({ sub: "@alice:example.org:8448" }));

    expect(body).toMatchObject({ user_id: "@alice:example.org:8448", home_server: "example.org:8448" });
  });

  const longest = 255 - "@:example.org".length;

  test("may have an ID of 255 bytes", async () => {
    const url = await mount({}, { findUser: (id) => ({ id }) });
    expect((await loginWith(url, token({ sub: "a".repeat(longest) }))).status).toBe(200);
  });

  test.each<[string, Rules, string]>([
    ["256 bytes", {}, "a".repeat(longest + 1)],
    ["a space", {}, "a lice"],
    ["a trailing space", {}, "alice "],
    ["NUL", {}, "alice\0"],
    ["a line break", {}, "alice\n"],
    ["DEL", {}, "alice\u007f"],
    ["an accent", {}, "álice"],
    ["an emoji", {}, "alice😀"],
    ["a lone surrogate", {}, "alice\ud800"],
    ["a full-width letter", {}, "\uff41lice"],
    ["a letter that Unicode lower-cases to ASCII", { localpart: "lowercase" }, "\u212aate"],
    ["an accent in upper case", { localpart: "lowercase" }, "Álice"],
    ["a user ID's impossible localpart", { subjectFormat: "userId" }, "@a lice:example.org"],
    ["more than fits when escaped", { localpart: "escape" }, "é".repeat(43)],
    ["what is escaped to more than 252 bytes", { localpart: "escape" }, "é".repeat(200)],
    ["a lone surrogate to escape", { localpart: "escape" }, "\udc00"],
  ])("can't be one with %s: 400, and is never looked up", async (_, rules, sub) => {
    const findUser = jest.fn<(userId: string) => User>();
    const registerUser = jest.fn<(userId: string) => User>();
    const url = await mount({ ...rules, allowRegistration: true }, { findUser, registerUser });

    const { status, body } = await loginWith(url, token({ sub }));

    expect(status).toBe(400);
    expect(body).toEqual({ errcode: "M_INVALID_USERNAME", error: expect.any(String) });
    expect(findUser).not.toHaveBeenCalled();
    expect(registerUser).not.toHaveBeenCalled();
  });
});
