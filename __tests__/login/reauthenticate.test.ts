import { describe, expect, jest, test } from "@jest/globals";
import {
  createJwtLogin,
  MatrixError,
  matrixJwtLogin,
  type JwtLogin,
  type LoginEvent,
  type MatrixJwtLoginOptions,
  type RejectEvent,
} from "matrix-jwt-login";

import { forged, keysOf, limiter, scripted, scriptedStore, sharedStore, usedUp } from "../limits/helpers.js";
import { rejection, submission } from "../helpers/core.js";
import { host, LOGIN_TYPE, loginWith, optionsWith, type User } from "../helpers/login.js";
import { inSeconds, token } from "../helpers/tokens.js";

type Options = Partial<MatrixJwtLoginOptions<User>>;

const ALICE = "@alice:example.org";
const BOB = "@bob:example.org";
const OTHERS = "JWT validation failed: token is not for the user of this session";
const FORBIDDEN = { statusCode: 403, errcode: "M_FORBIDDEN" };
const USED = { ...FORBIDDEN, message: "JWT validation failed: token used before" };

/** What the host is asked, and told. */
function heard() {
  return {
    findUser: jest.fn((userId: string) => (userId === ALICE || userId === BOB ? { id: userId } : undefined)),
    registerUser: jest.fn((id: string) => ({ id })),
    issueToken: jest.fn(() => ({ accessToken: "an access token" })),
    onLogin: jest.fn<(event: LoginEvent) => void>(),
    onReject: jest.fn<(event: RejectEvent) => void>(),
  };
}

describe.each<[string, (loginType?: object, options?: Options) => JwtLogin]>([
  ["createJwtLogin", (loginType, options) => createJwtLogin(optionsWith(loginType, options))],
  ["the middleware's jwtLogin", (loginType, options) => matrixJwtLogin(optionsWith(loginType, options)).jwtLogin],
])("reauthenticate of %s", (_, core) => {
  describe("passes", () => {
    test("with a token of the user who asks, and resolves to the verified login", async () => {
      const host = heard();
      const req = { id: 7 };
      const context = { ip: "192.0.2.1", userAgent: "a client", req };

      const login = await core({}, host).reauthenticate(submission({}, { session: "abc" }), ALICE, context);

      expect(login).toMatchObject({
        loginType: LOGIN_TYPE,
        userId: ALICE,
        localpart: "alice",
        claims: { sub: "alice" },
        ...context,
      });
      expect(host.findUser.mock.calls).toEqual([[ALICE, login]]);
    });

    test("without a word to registerUser, issueToken, onLogin and onReject", async () => {
      const host = heard();
      await core({}, host).reauthenticate(submission(), ALICE);
      for (const callback of [host.registerUser, host.issueToken, host.onLogin, host.onReject]) {
        expect(callback).not.toHaveBeenCalled();
      }
    });

    test("for the user whom the subject becomes", async () => {
      const { reauthenticate } = core({ subjectFormat: "either", localpart: "lowercase" });
      for (const sub of ["alice", "ALICE", ALICE]) {
        expect(await reauthenticate(submission({ sub }), ALICE)).toMatchObject({ userId: ALICE });
      }
    });

    test("and gives authorize the claims and the auth object", async () => {
      const authorize = jest.fn(() => true);
      const auth = submission({}, { session: "abc" });
      await core({ authorize }).reauthenticate(auth, ALICE);
      expect(authorize.mock.calls).toEqual([[expect.objectContaining({ sub: "alice" }), auth]]);
    });
  });

  describe("refuses another user's honest token", () => {
    test.each([
      ["of a user there is", "bob"],
      ["of a user there is not", "carol"],
      ["of a user in other letters", "Alice"],
    ])("%s, and asks nobody about that user", async (_, sub) => {
      const host = heard();
      const authorize = jest.fn(() => true);
      const account = scripted();
      const login = core({ authorize, allowRegistration: true }, { ...host, rateLimits: { account } });

      const error = (await rejection(login.reauthenticate(submission({ sub }), ALICE))) as MatrixError;

      expect(error).toBeInstanceOf(MatrixError);
      expect(error).toMatchObject({ ...FORBIDDEN, message: OTHERS });
      expect(JSON.stringify(error)).not.toMatch(/alice|bob|carol|example/i);
      for (const callback of [host.findUser, host.registerUser, host.issueToken, authorize, account.consume]) {
        expect(callback).not.toHaveBeenCalled();
      }
    });

    test("and tells onReject whose it was", async () => {
      const host = heard();
      const req = { id: 7 };
      await rejection(core({}, host).reauthenticate(submission({ sub: "bob" }), ALICE, { req }));
      expect(host.onReject.mock.calls).toEqual([
        [
          {
            loginType: LOGIN_TYPE,
            userId: BOB,
            statusCode: 403,
            errcode: "M_FORBIDDEN",
            reason: "identifier",
            durationMs: expect.any(Number),
            req,
          },
        ],
      ]);
      expect(host.onLogin).not.toHaveBeenCalled();
    });
  });

  const NOBODY: readonly unknown[] = [undefined, null, "", "undefined", "alice", "@", "@:example.org", 0, [ALICE], {}];

  describe.each(NOBODY.map((userId) => [userId]))("where the host's user is %j by mistake", (userId) => {
    test.each(["alice", "", "null", "undefined", null, undefined])("refuses the subject %j", async (sub) => {
      const host = heard();
      const login = core({ allowRegistration: true }, { ...host, findUser: (id) => ({ id }) });
      const error = await rejection(login.reauthenticate(submission({ sub }), userId as string));
      expect(error).toBeInstanceOf(MatrixError);
      expect(error).toMatchObject(FORBIDDEN);
    });
  });

  test.each<[string, unknown, number, string, string]>([
    ["a forged token", forged(), 403, "M_FORBIDDEN", "JWT validation failed: "],
    ["an expired token", submission({ exp: inSeconds(-300) }), 403, "M_FORBIDDEN", "token expired"],
    ["no token", { type: LOGIN_TYPE }, 403, "M_FORBIDDEN", "JWT validation failed: "],
    ["a token that is a number", { type: LOGIN_TYPE, token: 1 }, 403, "M_FORBIDDEN", "JWT validation failed: "],
    ["an impossible user", submission({ sub: "a lice" }), 400, "M_INVALID_USERNAME", ""],
    ["another server's user", submission({ sub: "@alice:example.com" }), 403, "M_FORBIDDEN", ""],
    ["no type", { token: token() }, 400, "M_MISSING_PARAM", ""],
    ["a type that is null", { type: null, token: token() }, 400, "M_INVALID_PARAM", ""],
    ["an unknown type", { type: "m.login.sso", token: token() }, 400, "M_UNKNOWN", ""],
    ["a type that every object has", { type: "constructor", token: token() }, 400, "M_UNKNOWN", ""],
    ["undefined", undefined, 400, "M_BAD_JSON", ""],
    ["null", null, 400, "M_BAD_JSON", ""],
    ["a list", [], 400, "M_BAD_JSON", ""],
    ["a text", "{}", 400, "M_BAD_JSON", ""],
  ])("refuses %s", async (_, auth, statusCode, errcode, message) => {
    const host = heard();
    const error = await rejection(core({}, host).reauthenticate(auth, ALICE));
    expect(error).toBeInstanceOf(MatrixError);
    expect(error).toMatchObject({ statusCode, errcode, message: expect.stringContaining(message) });
    expect(host.findUser).not.toHaveBeenCalled();
  });

  test.each([
    [false, "carol"],
    [true, "carol"],
    [true, "a user from before the grammar: CAROL"],
  ])("refuses a user whom findUser does not know, with allowRegistration %s: %s", async (allowed, who) => {
    const host = heard();
    const login = core({ allowRegistration: allowed }, host);
    const sub = who.replace(/.* /, "");
    const error = await rejection(login.reauthenticate(submission({ sub }), `@${sub}:example.org`));
    expect(error).toMatchObject({ ...FORBIDDEN, message: "User does not exist" });
    expect(host.onReject.mock.calls).toMatchObject([[{ reason: "unknown_user" }]]);
    expect(host.registerUser).not.toHaveBeenCalled();
    expect(host.issueToken).not.toHaveBeenCalled();
  });

  test.each<[string, object, Options, object]>([
    ["authorize says no", { authorize: () => false }, {}, FORBIDDEN],
    [
      "authorize throws",
      {
        authorize: () => {
          throw new Error("down");
        },
      },
      {},
      { statusCode: 500, errcode: "M_UNKNOWN", message: "Internal server error" },
    ],
    ["findUser gives a list", {}, { findUser: () => [] as never }, { statusCode: 500, errcode: "M_UNKNOWN" }],
    ["findUser rejects", {}, { findUser: () => Promise.reject(new Error("down")) }, { statusCode: 500 }],
    [
      "findUser says that the user is locked",
      {},
      { findUser: () => Promise.reject(new MatrixError("M_USER_LOCKED", "no", { statusCode: 401 })) },
      { statusCode: 401, errcode: "M_USER_LOCKED" },
    ],
  ])("rejects with a MatrixError where %s", async (_, loginType, options, expected) => {
    const error = await rejection(core(loginType, options).reauthenticate(submission(), ALICE));
    expect(error).toBeInstanceOf(MatrixError);
    expect(error).toMatchObject(expected);
  });

  describe("with the option identifier", () => {
    const naming = (user: string) => ({ identifier: { type: "m.id.user", user } });
    test.each<["ignore" | "match" | "require", object, number]>([
      ["ignore", naming("bob"), 200],
      ["match", {}, 200],
      ["match", naming("alice"), 200],
      ["match", naming(ALICE), 200],
      ["match", naming("bob"), 403],
      ["match", { user: "bob" }, 403],
      ["require", {}, 403],
      ["require", naming("alice"), 200],
      ["require", naming("bob"), 403],
    ])("%s, and %j in the auth object: %i", async (identifier, more, status) => {
      const passed = core({ identifier }).reauthenticate(submission({}, more), ALICE);
      if (status === 200) await expect(passed).resolves.toMatchObject({ userId: ALICE });
      else expect(await rejection(passed)).toMatchObject(FORBIDDEN);
    });

    test("that names the session's user makes nobody else's token good", async () => {
      for (const identifier of ["ignore", "match", "require"] as const) {
        const auth = submission({ sub: "bob" }, naming("alice"));
        expect(await rejection(core({ identifier }).reauthenticate(auth, ALICE))).toMatchObject(FORBIDDEN);
      }
    });
  });

  describe("with singleUse", () => {
    const singleUse = { singleUse: true };

    test("uses the token up, for stages and logins", async () => {
      const login = core(singleUse);
      const once = submission();
      await login.reauthenticate(once, ALICE);
      expect(await rejection(login.reauthenticate(once, ALICE))).toMatchObject(USED);
      expect(await rejection(login.login(once))).toMatchObject(USED);
    });

    test("takes no token that has logged in", async () => {
      const login = core(singleUse);
      const once = submission();
      await login.login(once);
      expect(await rejection(login.reauthenticate(once, ALICE))).toMatchObject(USED);
    });

    test("lets one of many at once through", async () => {
      const login = core(singleUse);
      const once = submission();
      const all = await Promise.allSettled(Array.from({ length: 10 }, () => login.reauthenticate(once, ALICE)));
      expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    });

    test.each<[string, string, Options]>([
      ["is another user's", BOB, {}],
      ["is of a user whom nobody knows", ALICE, { findUser: () => undefined }],
      ["comes too often", ALICE, { rateLimits: { account: limiter({ points: 0 }) } }],
    ])("uses up no token that %s", async (_, userId, options) => {
      const usedTokens = sharedStore();
      const once = submission();
      await rejection(core(singleUse, { ...options, usedTokens }).reauthenticate(once, userId));
      await expect(core(singleUse, { usedTokens }).reauthenticate(once, ALICE)).resolves.toBeDefined();
    });

    test("is 503 if the store of used tokens is down", async () => {
      const usedTokens = scriptedStore();
      usedTokens.claim.mockRejectedValue(new Error("down"));
      const error = await rejection(core(singleUse, { usedTokens }).reauthenticate(submission(), ALICE));
      expect(error).toMatchObject({ statusCode: 503, errcode: "M_UNKNOWN", retryAfterMs: expect.any(Number) });
    });
  });

  describe("with rateLimits", () => {
    const ip = "192.0.2.1";

    test.each(["address", "account", "failures"] as const)("is 429 if %s is used up", async (name) => {
      const used = scripted();
      used.consume.mockRejectedValue(usedUp(1_500));
      const host = heard();
      const login = core({}, { ...host, rateLimits: { [name]: used } });
      expect(await rejection(login.reauthenticate(submission(), ALICE, { ip }))).toMatchObject({
        statusCode: 429,
        errcode: "M_LIMIT_EXCEEDED",
        retryAfterMs: 1_500,
      });
      expect(host.findUser).not.toHaveBeenCalled();
    });

    test("counts as a login does", async () => {
      const [address, account, failures] = [scripted(), scripted(), scripted()];
      await core({}, { rateLimits: { address, account, failures } }).reauthenticate(submission(), ALICE, { ip });
      expect(keysOf(address.consume)).toEqual([`address:${ip}`]);
      expect(keysOf(account.consume)).toEqual([`account:${ALICE}`]);
      expect(keysOf(failures.consume)).toEqual([`failures:${ip}`]);
      expect(failures.reward).toHaveBeenCalledTimes(1);
    });

    test.each([
      ["another user's token", submission({ sub: "bob" })],
      ["a forged token", forged()],
    ])("counts %s as a failure", async (_, auth) => {
      const failures = limiter({ points: 2 });
      const login = core({}, { rateLimits: { failures } });
      const attempt = () => rejection(login.reauthenticate(auth, ALICE, { ip }));
      expect([await attempt(), await attempt(), await attempt()]).toMatchObject(
        [403, 403, 429].map((statusCode) => ({ statusCode })),
      );
    });
  });
});

test("a stage and the middleware's logins share used tokens, and a store shares them between processes", async () => {
  const usedTokens = sharedStore();
  const options = optionsWith({ singleUse: true }, { usedTokens });
  const elsewhere = createJwtLogin(options);
  const running = await host(options);
  try {
    const [first, second] = [token({ jti: "1" }), token({ jti: "2" })];
    await elsewhere.reauthenticate({ type: LOGIN_TYPE, token: first }, ALICE);
    expect(await loginWith(running.url, first)).toMatchObject({ status: 403, body: { errcode: "M_FORBIDDEN" } });
    expect(await loginWith(running.url, second)).toMatchObject({ status: 200 });
    expect(await rejection(elsewhere.reauthenticate({ type: LOGIN_TYPE, token: second }, ALICE))).toMatchObject(USED);
  } finally {
    await running.close();
  }
});
