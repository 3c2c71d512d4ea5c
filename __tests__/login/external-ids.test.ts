import { describe, expect, jest, test } from "@jest/globals";
import {
  MatrixError,
  type ExternalId,
  type ExternalIds,
  type JwtLogin,
  type JwtLoginOptions,
  type RejectEvent,
  type VerifiedLogin,
} from "matrix-jwt-login";

import { expectOptionsError } from "../helpers/bad-options.js";
import { core, recordingLogger, rejection, submission } from "../helpers/core.js";
import type { User } from "../helpers/login.js";
import { limiter, sharedStore, statuses, statusOf } from "../limits/helpers.js";

const ISSUER = "https://idp.example.org";
const ALICE = "@alice:example.org";
const BOB = "@bob:example.org";
const CAROL = "@carol:example.org";
const DOWN = new Error("down");
const CONTEXT = { ip: "192.0.2.1" };
const UNLINKED = {
  statusCode: 403,
  errcode: "M_FORBIDDEN",
  message: "This account is not linked to your identity",
};
const UNKNOWN = { statusCode: 403, errcode: "M_FORBIDDEN", message: "User does not exist" };

type Linking = ExternalIds<User>;
type Options = Partial<JwtLoginOptions<User>>;

/** What the identity provider says: it names users by `name`, and knows them by `sub`. */
const claims = (sub: unknown, name?: unknown) => ({ iss: ISSUER, sub, name });
const sent = (sub: unknown, name?: unknown, more: object = {}) => submission(claims(sub, name), more);

/** A host with two tables: users, and what is linked to them. Each identity and each user is linked once. */
function tables(users: readonly string[] = [ALICE, BOB], links: Readonly<Record<string, string>> = {}) {
  const known = new Set(users);
  const linked = new Map(Object.entries(links));
  const calls: string[] = [];
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const add = ({ subject }: ExternalId, userId: string): boolean => {
    if (linked.has(subject) || [...linked.values()].includes(userId)) return false;
    linked.set(subject, userId);
    return true;
  };
  return {
    known,
    linked,
    calls,
    find: jest.fn(async ({ subject }: ExternalId): Promise<string | undefined> => {
      calls.push("find");
      await turn();
      return linked.get(subject);
    }),
    link: jest.fn(async (externalId: ExternalId, userId: string): Promise<boolean> => {
      calls.push("link");
      await turn();
      return add(externalId, userId);
    }),
    findUser: jest.fn(async (userId: string): Promise<User | undefined> => {
      calls.push("findUser");
      await turn();
      return known.has(userId) ? { id: userId } : undefined;
    }),
    registerUser: jest.fn(async (userId: string, { externalId }: VerifiedLogin): Promise<User> => {
      calls.push("registerUser");
      await turn();
      if (known.has(userId) || externalId === undefined || !add(externalId, userId)) {
        throw new MatrixError("M_USER_IN_USE", "Taken", { statusCode: 400 });
      }
      known.add(userId);
      return { id: userId };
    }),
    issueToken: jest.fn((user: User) => {
      calls.push("issueToken");
      return { accessToken: `token of ${user.id}` };
    }),
  };
}

type Tables = ReturnType<typeof tables>;

function linking(host: Tables, more: { linking?: Partial<Linking>; loginType?: object; options?: Options } = {}) {
  const { find, link, findUser, registerUser, issueToken } = host;
  return core(
    { subjectClaim: "name", allowRegistration: true, ...more.loginType },
    { findUser, registerUser, issueToken, externalIds: { find, link, ...more.linking }, ...more.options },
  );
}

describe("an identity that is linked", () => {
  test.each<[string, unknown]>([
    ["the same name", "alice"],
    ["another name, of nobody", "carol"],
    ["somebody else's name", "bob"],
    ["a name that is no localpart", "@alice:example.com"],
    ["an impossible name", "a b"],
    ["no name", undefined],
  ])("is its user, under %s", async (_, name) => {
    const host = tables([ALICE, BOB], { "1": ALICE });
    const response = await linking(host).login(sent("1", name));
    expect(response).toMatchObject({ user_id: ALICE, access_token: `token of ${ALICE}` });
    expect(host.calls).toEqual(["find", "findUser", "issueToken"]);
    expect(host.find.mock.calls).toEqual([[{ issuer: ISSUER, subject: "1" }]]);
    expect(host.findUser.mock.calls[0]).toMatchObject([
      ALICE,
      { userId: ALICE, localpart: "alice", externalId: { issuer: ISSUER, subject: "1" } },
    ]);
  });

  test("is nobody, if its user is gone: nobody is registered", async () => {
    const host = tables([BOB], { "1": ALICE });
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const error = await rejection(linking(host, { options: { onReject } }).login(sent("1", "carol")));
    expect(error).toMatchObject(UNKNOWN);
    expect(onReject.mock.calls).toMatchObject([[{ reason: "unknown_user", userId: ALICE }]]);
    expect(host.calls).toEqual(["find", "findUser"]);
  });

  test.each<[string, object, number]>([
    ["its user", { user: "alice" }, 200],
    ["whom the token names", { user: "carol" }, 403],
  ])("fits an identifier of %s", async (_, identifier, status) => {
    const host = tables([ALICE], { "1": ALICE });
    const login = linking(host, { loginType: { identifier: "require" } });
    expect(await statuses(login, [sent("1", "carol", identifier)])).toEqual([status]);
  });

  test.each<unknown>(["alice", "@alice:example.com", "@:example.org", "@a b:example.org", "", 5, true, {}, [ALICE]])(
    "can't be %j: that is a fault of the host",
    async (userId) => {
      const find = (() => userId) as never;
      const host = tables();
      expect(await statuses(linking(host, { linking: { find } }), [sent("1", "alice")])).toEqual([500]);
      expect(host.calls).toEqual([]);
    },
  );

  test.each([undefined, null])("is not linked if find returns %j", async (nothing) => {
    const host = tables();
    const login = linking(host, { linking: { find: () => nothing } });
    expect(await statuses(login, [sent("1", "carol")])).toEqual([200]);
    expect(host.calls).toEqual(["findUser", "registerUser", "issueToken"]);
  });

  test("does not hide that subjectClaim fails: that is a fault of the host", async () => {
    const subjectClaim = () => {
      throw new Error("down");
    };
    const host = tables([ALICE], { "1": ALICE });
    expect(await statuses(linking(host, { loginType: { subjectClaim } }), [sent("1", "alice")])).toEqual([500]);
    expect(host.calls).toEqual([]);
  });

  test("counts for the limit of its user's account", async () => {
    const account = limiter({ points: 1 });
    const login = linking(tables([ALICE], { "1": ALICE }), { options: { rateLimits: { account } } });
    expect(await statuses(login, [sent("1", "bob"), sent("1", "carol")])).toEqual([200, 429]);
  });
});

describe("an identity that is new", () => {
  test("registers a user who is new, with the identity and without link", async () => {
    const host = tables();
    expect(await linking(host).login(sent("1", "carol"))).toMatchObject({ user_id: CAROL });
    expect(host.calls).toEqual(["find", "findUser", "registerUser", "issueToken"]);
    expect(host.linked.get("1")).toBe(CAROL);
    expect(await linking(host).login(sent("1", "renamed"))).toMatchObject({ user_id: CAROL });
  });

  test("registers nobody without allowRegistration, nor outside the grammar", async () => {
    const host = tables();
    const closed = linking(host, { loginType: { allowRegistration: false } });
    expect(await rejection(closed.login(sent("1", "carol")))).toMatchObject(UNKNOWN);
    expect(await statuses(linking(host), [sent("1", "CAROL"), sent("1", "a b"), sent("1", "a:b"), sent("1")])).toEqual([
      400, 400, 403, 403,
    ]);
    expect(host.registerUser).not.toHaveBeenCalled();
  });

  test.each<[string, Partial<Linking>]>([
    ["by default", {}],
    ["by refuse", { existingUsers: "refuse" }],
    ["by a function", { existingUsers: () => false }],
    ["by a function of the host's that gives no answer", { existingUsers: (() => undefined) as never }],
    ["by a function that resolves to something else", { existingUsers: (() => Promise.resolve("yes")) as never }],
  ])("opens nobody's account %s", async (_, rules) => {
    const failures = limiter({ points: 9 });
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const host = tables();
    const login = linking(host, { linking: rules, options: { onReject, rateLimits: { failures } } });
    expect(await rejection(login.login(sent("1", "alice"), CONTEXT))).toMatchObject(UNLINKED);
    expect(onReject.mock.calls).toMatchObject([[{ reason: "unlinked", userId: ALICE }]]);
    expect(host.calls).toEqual(["find", "findUser", "find"]);
    expect((await failures.get("failures:192.0.2.1"))?.consumedPoints).toBe(0);
  });

  test.each<[string, Partial<Linking>]>([
    ["by link", { existingUsers: "link" }],
    ["by a function", { existingUsers: (user, { userId }) => user.id === userId }],
    ["by a function that is async", { existingUsers: () => Promise.resolve(true) }],
  ])("is linked to the user who exists %s", async (_, rules) => {
    const host = tables();
    const login = linking(host, { linking: rules });
    expect(await login.login(sent("1", "alice"))).toMatchObject({ user_id: ALICE });
    expect(host.calls).toEqual(["find", "findUser", "link", "issueToken"]);
    const externalId = { issuer: ISSUER, subject: "1" };
    expect(host.link.mock.calls).toEqual([[externalId, ALICE, expect.objectContaining({ externalId })]]);
    expect(await login.login(sent("1", "bob"))).toMatchObject({ user_id: ALICE });
  });

  test("is let in if it was linked to this very user between find and findUser", async () => {
    const host = tables();
    const login = linking(host);
    host.find.mockImplementationOnce(() => {
      host.linked.set("1", ALICE);
      return Promise.resolve(undefined);
    });
    expect(await statuses(login, [sent("1", "alice")])).toEqual([200]);
  });

  test.each([undefined, null, 1, "ok", {}])(
    "is 500 if link returns %j, unless find then gives the user",
    async (amiss) => {
      const { find, ...host } = tables([ALICE]);
      const link = () => Promise.resolve(amiss as boolean);
      const login = linking({ ...host, find }, { linking: { existingUsers: "link", link } });
      expect(await rejection(login.login(sent("1", "alice")))).toMatchObject({ statusCode: 500, errcode: "M_UNKNOWN" });
      host.linked.set("1", ALICE);
      expect(await statuses(login, [sent("1", "alice")])).toEqual([200]);
    },
  );

  test("is refused if the user is linked to another one", async () => {
    const host = tables([ALICE], { "0": ALICE });
    const login = linking(host, { linking: { existingUsers: "link" } });
    expect(await rejection(login.login(sent("1", "alice")))).toMatchObject(UNLINKED);
    expect(host.calls).toEqual(["find", "findUser", "link", "find"]);
  });

  test.each([false, undefined, 1])(
    "is let in if link returns %j, and it was linked to this very user meanwhile",
    async (returned) => {
      const host = tables();
      const link = ({ subject }: ExternalId, userId: string) => {
        host.linked.set(subject, userId);
        return returned as never;
      };
      const login = linking(host, { linking: { existingUsers: "link", link } });
      expect(await statuses(login, [sent("1", "alice")])).toEqual([200]);
    },
  );

  test("is refused if it was linked to somebody else meanwhile", async () => {
    const host = tables();
    const link = ({ subject }: ExternalId) => {
      host.linked.set(subject, BOB);
      return false;
    };
    const login = linking(host, { linking: { existingUsers: "link", link } });
    expect(await rejection(login.login(sent("1", "alice")))).toMatchObject(UNLINKED);
  });
});

describe("a user who is registered meanwhile", () => {
  /** The host's registerUser, after somebody else's. */
  const afterAll = (host: Tables, meanwhile: () => void): Options => ({
    registerUser: (userId, login) => {
      meanwhile();
      return host.registerUser(userId, login);
    },
  });

  test.each<[string, string, unknown]>([
    ["is the same user, if it was this identity", CAROL, { user_id: CAROL }],
    ["is whom this identity is linked to", BOB, { user_id: BOB }],
  ])("%s", async (_, linked, expected) => {
    const host = tables();
    const account = limiter();
    const meanwhile = () => {
      host.known.add(CAROL);
      host.linked.set("1", linked);
    };
    const options = { ...afterAll(host, meanwhile), rateLimits: { account } };
    expect(await linking(host, { options }).login(sent("1", "carol"))).toMatchObject(expected as object);
    expect(host.calls).toEqual(["find", "findUser", "registerUser", "find", "findUser", "issueToken"]);
    expect((await account.get(`account:${CAROL}`))?.consumedPoints).toBe(1);
    expect((await account.get(`account:${linked}`))?.consumedPoints).toBe(1);
  });

  test.each<[Linking["existingUsers"] & string, object]>([
    ["refuse", { statusCode: 403, message: UNLINKED.message }],
    ["link", { user_id: CAROL }],
  ])("is a user who exists, if it was nobody's identity: %s", async (existingUsers, expected) => {
    const host = tables();
    const options = afterAll(host, () => host.known.add(CAROL));
    const login = linking(host, { linking: { existingUsers }, options });
    expect(await login.login(sent("1", "carol")).catch((error: unknown) => error)).toMatchObject(expected);
  });

  test("is an error of the host's, if it is not there afterwards", async () => {
    const host = tables();
    const registerUser = jest.fn(() => {
      throw new MatrixError("M_USER_IN_USE", "Taken", { statusCode: 400 });
    });
    const error = await rejection(linking(host, { options: { registerUser } }).login(sent("1", "carol")));
    expect(error).toMatchObject({ statusCode: 400, errcode: "M_USER_IN_USE" });
    expect(registerUser).toHaveBeenCalledTimes(1);
  });

  test.each([20])("is one user, whose identity logs in %d times at once", async (count) => {
    const host = tables();
    const login = linking(host);
    const all = await Promise.all(Array.from({ length: count }, () => login.login(sent("1", "carol"))));
    expect(new Set(all.map(({ user_id }) => user_id))).toEqual(new Set([CAROL]));
    expect([...host.linked]).toEqual([["1", CAROL]]);
  });

  test("is taken by one of two identities of one name", async () => {
    const host = tables();
    const login = linking(host, { linking: { existingUsers: "link" } });
    const both = await Promise.all([
      statusOf(login.login(sent("1", "carol"))),
      statusOf(login.login(sent("2", "carol"))),
    ]);
    expect(both.toSorted()).toEqual([200, 403]);
    expect(host.linked.size).toBe(1);
  });
});

describe("a token", () => {
  test.each<[string, unknown, unknown]>([
    ["no issuer", undefined, "1"],
    ["an empty issuer", "", "1"],
    ["an issuer that is no string", 5, "1"],
    ["no subject", ISSUER, undefined],
    ["an empty subject", ISSUER, ""],
    ["a subject that is no string", ISSUER, 1],
  ])("with %s has no identity", async (_, iss, sub) => {
    const failures = limiter();
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const host = tables();
    const login = linking(host, { options: { onReject, rateLimits: { failures } } });
    expect(await statuses(login, [submission({ iss, sub, name: "alice" })])).toEqual([403]);
    expect(onReject.mock.calls).toMatchObject([[{ reason: "subject" }]]);
    expect(host.calls).toEqual([]);
    expect((await failures.get("failures:192.0.2.1"))?.consumedPoints).toBe(1);
  });

  test("is authorized before its identity is looked up, and claimed when its user is known", async () => {
    const host = tables();
    const loginType = { singleUse: true, authorize: () => host.calls.push("authorize") > 0 };
    const usedTokens = {
      claim: () => host.calls.push("claim") > 0,
      release: () => {
        host.calls.push("release");
      },
    };
    const account = { consume: () => Promise.resolve(host.calls.push("account")) };
    const options = { usedTokens, rateLimits: { account } };
    await linking(host, { loginType, options }).login(sent("1", "carol"));
    expect(host.calls.splice(0)).toEqual([
      "authorize",
      "find",
      "account",
      "findUser",
      "registerUser",
      "claim",
      "issueToken",
    ]);
    host.issueToken.mockImplementationOnce(() => {
      throw new Error("down");
    });
    await rejection(linking(host, { loginType, options }).login(sent("1", "carol")));
    expect(host.calls).toEqual(["authorize", "find", "account", "findUser", "claim", "release"]);
  });

  test("that authorize refuses, is nobody's", async () => {
    const host = tables([ALICE], { "1": ALICE });
    expect(await statuses(linking(host, { loginType: { authorize: () => false } }), [sent("1", "alice")])).toEqual([
      403,
    ]);
    expect(host.calls).toEqual([]);
  });
});

const WAYS: readonly (readonly [string, (login: JwtLogin, json: unknown) => Promise<VerifiedLogin>])[] = [
  ["authenticate", (login, json) => login.authenticate(json)],
  ["reauthenticate", (login, json) => login.reauthenticate(json, ALICE)],
];

describe.each(WAYS)("%s", (way, act) => {
  test("finds the user whom an identity is linked to", async () => {
    const host = tables([ALICE, BOB], { "1": ALICE });
    expect(await act(linking(host), sent("1", "bob"))).toMatchObject({
      userId: ALICE,
      externalId: { issuer: ISSUER, subject: "1" },
    });
    expect(host.calls).toEqual(["find", "findUser"]);
  });

  test("refuses a user who is not linked, and links nobody", async () => {
    const host = tables();
    const login = linking(host, { linking: { existingUsers: "link" } });
    expect(await rejection(act(login, sent("1", "alice")))).toMatchObject(UNLINKED);
    expect(host.link).not.toHaveBeenCalled();
  });

  test("registers nobody", async () => {
    const host = tables([]);
    const outcome = await act(linking(host), sent("1", "alice")).then(
      ({ userId }) => userId,
      (error: unknown) => (error as Error).message,
    );
    expect(outcome).toBe(way === "authenticate" ? ALICE : UNKNOWN.message);
    expect(host.calls).toEqual(["find", "findUser"]);
  });
});

test("reauthenticate refuses an identity that is linked to another user, by whatever name it comes", async () => {
  const host = tables([ALICE, BOB], { "1": BOB });
  const usedTokens = sharedStore();
  const login = linking(host, { loginType: { singleUse: true }, options: { usedTokens } });
  expect(await rejection(login.reauthenticate(sent("1", "alice"), ALICE))).toMatchObject({ statusCode: 403 });
  expect(usedTokens.keys.size).toBe(0);
  expect(host.calls).toEqual(["find"]);
});

test.each<[string, Partial<Linking>, string, unknown]>([
  ["find that fails", { find: () => Promise.reject(DOWN) }, "externalIds.find", DOWN],
  [
    "find that gives a localpart",
    { find: () => "alice" },
    "externalIds.find",
    new TypeError("find must return a user ID of this server, or nothing"),
  ],
  [
    "find that gives somebody of another server",
    { find: () => "@alice:example.com" },
    "externalIds.find",
    new TypeError("find must return a user ID of this server, or nothing"),
  ],
  [
    "find that gives no user ID",
    { find: () => "@:example.org:8448" },
    "externalIds.find",
    new TypeError("find must return a user ID of this server, or nothing"),
  ],
  ["existingUsers that fails", { existingUsers: () => Promise.reject(DOWN) }, "externalIds.existingUsers", DOWN],
  ["link that fails", { existingUsers: "link", link: () => Promise.reject(DOWN) }, "externalIds.link", DOWN],
  [
    "link that gives neither true nor false",
    { existingUsers: "link", link: () => undefined as never },
    "externalIds.link",
    new TypeError("link must return true or false"),
  ],
])("%s is 500, and the log names it", async (_, wrong, name, cause) => {
  const logger = recordingLogger();
  const login = linking(tables(), { linking: wrong, options: { logger } });
  expect(await rejection(login.login(sent("1", "alice"), CONTEXT))).toMatchObject({ statusCode: 500 });
  expect(logger.lines).toMatchObject([
    { level: "error", message: { message: `matrix-jwt-login: ${name} failed`, cause } },
  ]);
});

describe("the option externalIds", () => {
  const made = (externalIds: unknown) => core({}, { externalIds: externalIds as never });
  const find = () => undefined;
  const link = () => true;

  test.each<[string, unknown]>([
    ["false", false],
    ["undefined", undefined],
    ["find and link", { find, link }],
  ])("can be %s", async (_, externalIds) => {
    expect(await statuses(made(externalIds), [submission()])).toEqual([externalIds ? 403 : 200]);
  });

  test.each<[unknown, string, RegExp]>([
    [true, "externalIds", /must be an object/],
    [null, "externalIds", /must be an object, not null/],
    [{ find }, "externalIds.link", /is required/],
    [{ link }, "externalIds.find", /is required/],
    [{ find: ALICE, link }, "externalIds.find", /must be a function/],
    [{ find, link: undefined }, "externalIds.link", /is undefined/],
    [
      { find, link, existingUsers: "merge" },
      "externalIds.existingUsers",
      /must be one of "refuse", "link", or a function/,
    ],
    [{ find, link, existingUsers: true }, "externalIds.existingUsers", /must be one of/],
    [{ find, link, existingUsers: undefined }, "externalIds.existingUsers", /is undefined/],
    [{ find, link, unlink: link }, "externalIds.unlink", /is not an option/],
  ])("can't be %j", (externalIds, path, problem) => {
    expectOptionsError(() => made(externalIds), path, problem);
  });
});
