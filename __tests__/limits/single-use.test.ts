import { createHash } from "node:crypto";

import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import {
  createTokenVerifier,
  MatrixError,
  type JwtLoginOptions,
  type LoginTypeOptions,
  type RejectEvent,
} from "matrix-jwt-login";

import { movableClock, type Clock } from "../helpers/clock.js";
import { core, recordingLogger, submission } from "../helpers/core.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { KEYS, SECRET } from "../helpers/keys.js";
import { LOGIN_TYPE, loginWith, type User } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { inSeconds, token } from "../helpers/tokens.js";
import {
  freshToken,
  limiter,
  refusal,
  scriptedStore,
  sharedStore,
  statuses,
  statusOf,
  stoppedTimers,
} from "./helpers.js";

const SINGLE_USE = { singleUse: true };
const OTHER_TYPE = "com.example.login";
const WEEK = 7 * 86_400;

type Options = Partial<JwtLoginOptions<User>>;

const STORES: readonly (readonly [string, () => Options])[] = [
  ["in memory", () => ({})],
  ["in a store of the host's", () => ({ usedTokens: sharedStore() })],
];

const failing = (error: unknown) => () => {
  throw error;
};

describe.each(EXPRESS_VERSIONS)("a login type with singleUse under %s", (_, express) => {
  const mount = mounting(express);

  test("takes a token once, and says so", async () => {
    const url = await mount(SINGLE_USE);
    const once = freshToken();
    expect((await loginWith(url, once)).status).toBe(200);
    const { status, body } = await loginWith(url, once);
    expect(status).toBe(403);
    expect(body).toEqual({ errcode: "M_FORBIDDEN", error: "JWT validation failed: token used before" });
    expect((await loginWith(url, freshToken())).status).toBe(200);
  });
});

describe.each(STORES)("used tokens %s", (_, store) => {
  test("log in once, of many at once", async () => {
    const login = core(SINGLE_USE, store());
    const all = await Promise.all(
      Array.from({ length: 20 }, () => freshToken())
        .flatMap((once) => [once, once, once])
        .map((once) => statusOf(login.login(submission({}, { token: once })))),
    );
    expect(all.filter((status) => status === 200)).toHaveLength(20);
    expect(all.filter((status) => status === 403)).toHaveLength(40);
  });

  test("are reported to onReject as used, with their user", async () => {
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const once = submission();
    await statuses(core(SINGLE_USE, { ...store(), onReject }), [once, once]);
    expect(onReject.mock.calls).toMatchObject([[{ reason: "used", statusCode: 403, userId: "@alice:example.org" }]]);
  });

  test.each<[string, unknown, number]>([
    ["with an error", new Error("down"), 500],
    ["with a MatrixError", new MatrixError("M_LIMIT", "later", { statusCode: 429 }), 429],
  ])("are released if issueToken rejects %s", async (_what, error, status) => {
    const issueToken = jest.fn(() => ({ accessToken: "an access token" }));
    issueToken.mockImplementationOnce(failing(error));
    const once = submission();
    expect(await statuses(core(SINGLE_USE, { ...store(), issueToken }), [once, once, once])).toEqual([
      status,
      200,
      403,
    ]);
  });

  test.each<[string, object, Options, Readonly<Record<string, unknown>>, number]>([
    ["the user is unknown", {}, {}, { sub: "carol" }, 403],
    ["authorize says no", { authorize: () => false }, {}, {}, 403],
    ["findUser fails", {}, { findUser: failing(new Error("down")) }, {}, 500],
    [
      "registerUser fails",
      { allowRegistration: true },
      { registerUser: failing(new Error("down")) },
      { sub: "carol" },
      500,
    ],
    ["the account is over its limit", {}, { rateLimits: { account: limiter({ points: 0 }) } }, {}, 429],
    ["issueToken returns no token", {}, { issueToken: () => ({}) as never }, {}, 500],
    [
      "a new user's name is outside the grammar",
      { allowRegistration: true },
      { registerUser: (id) => ({ id }) },
      { sub: "CAROL" },
      400,
    ],
  ])("are as good as before if %s", async (_what, loginType, options, claims, status) => {
    const once = submission(claims);
    const login = core({ ...SINGLE_USE, ...loginType }, { ...store(), ...options });
    expect(await statuses(login, [once, once])).toEqual([status, status]);
  });

  test("are not claimed by authenticate, and not looked at", async () => {
    const login = core(SINGLE_USE, store());
    const once = submission();
    await login.authenticate(once);
    await login.authenticate(once);
    expect(await statuses(login, [once])).toEqual([200]);
    await login.authenticate(once);
  });

  test("are shared by login types", async () => {
    const options: LoginTypeOptions = { secret: SECRET, singleUse: true };
    const loginTypes = { [LOGIN_TYPE]: options, [OTHER_TYPE]: options, another: { ...options } };
    const login = core({}, { ...store(), loginTypes });
    const once = submission();
    expect(await statuses(login, [once, { ...once, type: OTHER_TYPE }, { ...once, type: "another" }])).toEqual([
      200, 403, 403,
    ]);
  });

  test("are told apart by what was signed, not by their text", async () => {
    const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const login = core({ secret: undefined, publicKey: KEYS.ES256.publicKey, ...SINGLE_USE }, store());
    const once = token({}, { algorithm: "ES256" });
    // Whoever has an ECDSA signature can compute another one of the same: (r, n - s).
    const signature = Buffer.from(once.split(".")[2] ?? "", "base64url");
    const s = n - BigInt(`0x${signature.subarray(32).toString("hex")}`);
    const other = Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex")]);
    const twin = once.replace(/[^.]+$/, other.toString("base64url"));
    expect(twin).not.toBe(once);
    expect(await statusOf(login.authenticate(submission({}, { token: twin })))).toBe(200);
    expect(await statuses(login, [submission({}, { token: once }), submission({}, { token: twin })])).toEqual([
      200, 403,
    ]);
  });
});

test("two logins without a store of their own share nothing", async () => {
  const once = submission();
  expect(await statuses(core(SINGLE_USE), [once])).toEqual([200]);
  expect(await statuses(core(SINGLE_USE), [once])).toEqual([200]);
});

test("a login type without singleUse takes a token as often as it comes, and asks no store", async () => {
  const usedTokens = scriptedStore();
  const once = submission();
  expect(await statuses(core({}, { usedTokens }), [once, once])).toEqual([200, 200]);
  expect(usedTokens.claim).not.toHaveBeenCalled();
});

describe("the expiry of a token that logs in once", () => {
  test.each([
    ["is missing", undefined, 403, "expiry_missing"],
    ["is a week and a minute off", WEEK + 60, 403, "expiry_too_far"],
    ["is years off", 1e9, 403, "expiry_too_far"],
    ["is a week off", WEEK, 200, undefined],
    ["is near", 60, 200, undefined],
    ["has passed within the tolerance", -30, 200, undefined],
  ] as const)("%s: %d", async (_, seconds, status, reason) => {
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const login = core({ ...SINGLE_USE, requireExpiry: false }, { onReject });
    const exp = seconds === undefined ? undefined : inSeconds(seconds);
    expect(await statuses(login, [submission({ exp })])).toEqual([status]);
    expect(await statusOf(login.authenticate(submission({ exp })))).toBe(status);
    expect(onReject.mock.calls.map(([event]) => event.reason)).toEqual(reason === undefined ? [] : [reason, reason]);
  });

  test("is as it likes without singleUse, and for a verifier by itself", async () => {
    const far = { exp: inSeconds(1e9) };
    expect(await statuses(core(), [submission(far)])).toEqual([200]);
    const verifier = createTokenVerifier({ secret: SECRET, requireExpiry: false });
    const once = token(far);
    await verifier.verify(once);
    await verifier.verify(once);
    await verifier.verify(token({ exp: undefined }));
  });
});

describe("a replay of a used token", () => {
  test("neither counts for its user's limit, nor looks the user up, nor registers anybody", async () => {
    const account = limiter({ points: 2 });
    const users = new Set<string>();
    const findUser = jest.fn((id: string) => (users.has(id) ? { id } : undefined));
    const registerUser = jest.fn((id: string) => {
      users.add(id);
      return { id };
    });
    const options = { rateLimits: { account }, findUser, registerUser };
    const login = core({ ...SINGLE_USE, allowRegistration: true }, options);
    const once = submission();
    expect(await statuses(login, [once])).toEqual([200]);
    // The user is deleted since.
    users.clear();
    expect(await statuses(login, [once, once, once, once])).toEqual([403, 403, 403, 403]);
    expect(findUser).toHaveBeenCalledTimes(1);
    expect(registerUser).toHaveBeenCalledTimes(1);
    expect((await account.get("account:@alice:example.org"))?.consumedPoints).toBe(1);
  });
});

describe("a token that expires while it logs in", () => {
  let clock: Clock;
  beforeEach(() => {
    clock = movableClock();
  });
  afterEach(() => {
    clock.restore();
  });

  test.each(STORES)("is expired, and not claimed, if it does so before its claim: %s", async (_, store) => {
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const authorize = () => {
      clock.move(30);
      return true;
    };
    const login = core({ ...SINGLE_USE, authorize, clockTolerance: 0 }, { ...store(), onReject });
    expect(await statuses(login, [submission({ exp: inSeconds(29) })])).toEqual([403]);
    expect(onReject.mock.calls).toMatchObject([[{ reason: "expired" }]]);
    expect(await statuses(login, [submission({ exp: inSeconds(40) })])).toEqual([200]);
  });

  test.each(STORES)("logs in once, however slow the callbacks are: %s", async (_, store) => {
    const findUser = async (id: string) => {
      clock.move(500);
      await new Promise(setImmediate);
      return { id };
    };
    const login = core({ ...SINGLE_USE, clockTolerance: 0 }, { ...store(), findUser });
    const once = submission({ exp: inSeconds(10) });
    const both = await Promise.all([statusOf(login.login(once)), statusOf(login.login(once))]);
    expect(both).toEqual([200, 403]);
    clock.move(-500);
    expect(await statuses(login, [once])).toEqual([403]);
  });

  test("stays expired if the clock is set back", async () => {
    const usedTokens = scriptedStore();
    const login = core({ ...SINGLE_USE, clockTolerance: 0 }, { usedTokens });
    const once = submission({ exp: inSeconds(50) });
    expect(await statuses(login, [once])).toEqual([200]);
    clock.move(90);
    expect(await statuses(login, [submission({ exp: inSeconds(900) })])).toEqual([200]);
    clock.move(-90);
    // What the store remembers for 50 + 60 seconds, it may have forgotten.
    expect(await statuses(login, [once])).toEqual([403]);
    expect(usedTokens.claim).toHaveBeenCalledTimes(2);
    // A clock that was wrong by more is believed.
    clock.move(9_000);
    expect(await statuses(login, [submission({ exp: inSeconds(900) })])).toEqual([200]);
    clock.move(-9_000);
    expect(await statuses(login, [submission({ exp: inSeconds(900) })])).toEqual([200]);
  });

  test("stays expired if the clock is set back before a process has seen its first token", async () => {
    const usedTokens = scriptedStore();
    const login = core({ ...SINGLE_USE, clockTolerance: 0 }, { usedTokens });
    const expired = submission({ exp: inSeconds(-10) });
    clock.move(-90);
    expect(await statuses(login, [expired])).toEqual([403]);
    expect(usedTokens.claim).not.toHaveBeenCalled();
  });
});

describe("a clock that was set back", () => {
  let clock: Clock;
  let passed = 0;
  const pass = (seconds: number) => {
    passed += seconds * 1_000;
    clock.move(seconds);
  };
  beforeEach(() => {
    passed = 0;
    const steady = performance.now.bind(performance);
    jest.spyOn(performance, "now").mockImplementation(() => steady() + passed);
    clock = movableClock();
  });
  afterEach(() => {
    clock.restore();
    jest.restoreAllMocks();
  });
  const fresh = (seconds = 120) => submission({ iat: inSeconds(0), exp: inSeconds(seconds), jti: Math.random() });

  test.each([
    ["when the process had begun", () => undefined],
    ["after a login", (login: ReturnType<typeof core>) => statuses(login, [fresh()])],
  ])("keeps new tokens out for no longer than it was ahead: %s", async (_, before) => {
    clock.move(300);
    const login = core({ ...SINGLE_USE, clockTolerance: 0 });
    await before(login);
    clock.move(-300);
    expect(await statuses(login, [fresh()])).toEqual([403]);
    // By so much another clock may differ.
    pass(361);
    expect(await statuses(login, [fresh(), fresh(), fresh(60)])).toEqual([200, 200, 200]);
    pass(30 * 86_400);
    expect(await statuses(login, [fresh(), submission({ exp: inSeconds(60) })])).toEqual([200, 200]);
  });

  test("keeps a token out that may have been used before, and be forgotten, for as long as it lasts", async () => {
    const usedTokens = scriptedStore();
    const login = core({ ...SINGLE_USE, clockTolerance: 0 }, { usedTokens });
    const [old, undated] = [fresh(1_000), submission({ exp: inSeconds(1_000) })];
    expect(await statuses(login, [old, undated])).toEqual([200, 200]);
    clock.move(-300);
    // By the store, which forgets them after 1,060 seconds; by the clock, they have 239 left.
    pass(1_061);
    expect(await statuses(login, [old, undated])).toEqual([403, 403]);
    expect(usedTokens.claim).toHaveBeenCalledTimes(2);
  });

  test("has tokens remembered by its new time", async () => {
    const usedTokens = scriptedStore();
    clock.move(300);
    const login = core({ ...SINGLE_USE, clockTolerance: 0 }, { usedTokens });
    clock.move(-300);
    expect(await statuses(login, [fresh(1_000)])).toEqual([200]);
    const [[, seconds]] = usedTokens.claim.mock.calls as unknown as [[string, number]];
    expect(seconds).toBeGreaterThanOrEqual(1_059);
  });

  /** A store that forgets at the second that it may. */
  function exactStore(): NonNullable<Options["usedTokens"]> {
    const until = new Map<string, number>();
    return {
      claim: (key, seconds) => {
        if ((until.get(key) ?? 0) > performance.now()) return false;
        until.set(key, performance.now() + seconds * 1_000);
        return true;
      },
      release: (key) => {
        until.delete(key);
      },
    };
  }

  test.each([
    ["once in a week without a login", 604_000, 300, Infinity],
    ["once in a day and a half without a login", 129_600, 62, Infinity],
    ["by a tenth of a second, again and again", 3_600, 0.09, 1],
    ["by as much as a slow clock loses in an hour", 518_400, 1.5, 3_600],
  ])("brings no used token back: set back %s", async (_, life, back, every) => {
    const login = core({ ...SINGLE_USE, clockTolerance: 0 }, { usedTokens: exactStore() });
    const once = fresh(life);
    const step = async (seconds: number): Promise<void> => {
      pass(seconds);
      clock.move(-back);
      if (every < life) await statuses(login, [fresh(30)]);
    };
    expect(await statuses(login, [once])).toEqual([200]);
    const ends = life + 61;
    for (let at = 0; at < ends; at += every) await step(Math.min(every, ends - at));
    expect(await statuses(login, [once])).toEqual([403]);
  });

  test("brings no used token back in another process that had no login meanwhile", async () => {
    const usedTokens = exactStore();
    const [one, other] = [core(SINGLE_USE, { usedTokens }), core(SINGLE_USE, { usedTokens })];
    expect(await statuses(other, [fresh()])).toEqual([200]);
    pass(120);
    const once = fresh(300);
    expect(await statuses(one, [once])).toEqual([200]);
    pass(1);
    clock.move(-500);
    expect(await statuses(other, [fresh(700)])).toEqual([200]);
    pass(450);
    expect(await statuses(other, [once])).toEqual([403]);
  });

  test.each([
    ["with a time of issue", () => ({ iat: inSeconds(59), exp: inSeconds(359) }), 700],
    ["with none", () => ({ exp: inSeconds(WEEK), jti: "a" }), WEEK + 400],
  ])(
    "brings no token back that a process with a clock ahead took as early as it could: %s",
    async (_, times, later) => {
      const usedTokens = exactStore();
      const [one, ahead] = [core(SINGLE_USE, { usedTokens }), core(SINGLE_USE, { usedTokens })];
      expect(await statuses(one, [fresh()])).toEqual([200]);
      clock.move(55);
      const once = submission(times());
      expect(await statuses(ahead, [once])).toEqual([200]);
      clock.move(-55);
      pass(2);
      clock.move(-590);
      await statuses(one, [fresh()]);
      pass(later);
      expect(await statuses(one, [once])).toEqual([403]);
    },
  );

  test("brings no used token back that was verified before and claimed after it", async () => {
    const findUser = async (id: string) => {
      await new Promise(setImmediate);
      return { id };
    };
    const authorize = (): boolean => {
      clock.move(-90);
      return true;
    };
    const usedTokens = exactStore();
    const login = core({ ...SINGLE_USE, clockTolerance: 0, authorize }, { usedTokens, findUser });
    // By the clock that claims it.
    const refused = await refusal(login.login(fresh(900)));
    expect(refused.message).toBe("JWT validation failed: token issued in the future (iat)");
  });

  test("is not remembered for longer than it matters", async () => {
    const login = core({ ...SINGLE_USE, clockTolerance: 0 }, { usedTokens: exactStore() });
    for (let day = 0; day < 40; day += 1) {
      for (let i = 0; i < 30; i += 1) {
        pass(2_880);
        clock.move(-0.3);
        await statuses(login, [fresh(60)]);
      }
    }
    // Of all that it has lost, 360 s, what it lost in eight days counts for a token that does not say when it was issued.
    expect(await statuses(login, [submission({ exp: inSeconds(90), jti: "a" })])).toEqual([200]);
  });

  test("keeps what it needs to know of a clock that never stops moving small", async () => {
    const login = core({ ...SINGLE_USE, clockTolerance: 0 }, { usedTokens: exactStore() });
    const once = fresh(900);
    expect(await statuses(login, [once])).toEqual([200]);
    // More different lags than are kept apart.
    for (let i = 0; i < 700; i += 1) {
      pass(1);
      clock.move(-0.11);
      expect(await statuses(login, [fresh(30)])).toEqual([200]);
    }
    pass(261);
    expect(await statuses(login, [once])).toEqual([403]);
  });

  test("is none if it only runs slower", async () => {
    const login = core({ ...SINGLE_USE, clockTolerance: 0 });
    for (let day = 0; day < 30; day += 1) {
      pass(86_400);
      clock.move(-40);
      expect(await statuses(login, [fresh(60)])).toEqual([200]);
    }
  });
});

describe("a claim in a store of the host's", () => {
  const hash = (text: string) => createHash("sha256").update(text.split(".").slice(0, 2).join(".")).digest("hex");

  test("is by the hash of the signing input, for as long as the token could be accepted and a minute more", async () => {
    const usedTokens = scriptedStore();
    const once = token({ exp: inSeconds(100) });
    const login = core({ ...SINGLE_USE, clockTolerance: 30 }, { usedTokens });
    await login.login(submission({}, { token: once }));
    expect(usedTokens.claim.mock.calls).toEqual([[hash(once), expect.any(Number)]]);
    expect([189, 190]).toContain(usedTokens.claim.mock.calls[0]?.[1]);
    expect(usedTokens.release).not.toHaveBeenCalled();
  });

  test("lasts by the widest tolerance of the login types that look at used tokens", async () => {
    const usedTokens = scriptedStore();
    const loginTypes = {
      [LOGIN_TYPE]: { secret: SECRET, singleUse: true, clockTolerance: 0 },
      [OTHER_TYPE]: { secret: SECRET, singleUse: true, clockTolerance: 300 },
      another: { secret: SECRET, clockTolerance: 600 },
    };
    await core({}, { usedTokens, loginTypes }).login(submission({ exp: inSeconds(100) }));
    expect([459, 460]).toContain(usedTokens.claim.mock.calls[0]?.[1]);
  });

  test("lasts a whole number of seconds", async () => {
    const usedTokens = scriptedStore();
    await core({ ...SINGLE_USE, clockTolerance: 0.25 }, { usedTokens }).login(submission({ exp: inSeconds(9) + 0.5 }));
    expect([69, 70]).toContain(usedTokens.claim.mock.calls[0]?.[1]);
  });

  test("comes after authorize, and before the account is counted or looked up", async () => {
    const order: string[] = [];
    const step =
      <T>(name: string, result: T) =>
      () => {
        order.push(name);
        return result;
      };
    const login = core(
      { ...SINGLE_USE, allowRegistration: true, authorize: step("authorize", true) },
      {
        usedTokens: { claim: step("claim", true), release: step("release", undefined) },
        rateLimits: { account: { consume: step("account", Promise.resolve()) } },
        findUser: step("findUser", undefined),
        registerUser: step("registerUser", { id: "carol" }),
        issueToken: step("issueToken", { accessToken: "an access token" }),
      },
    );
    await login.login(submission());
    expect(order).toEqual(["authorize", "claim", "account", "findUser", "registerUser", "issueToken"]);
  });

  test.each<[string, () => unknown]>([
    ["rejects", () => Promise.reject(new Error("no store"))],
    ["throws", failing(new Error("no store"))],
  ])("that can't be released, as release %s: the answer stands, and the logger is told", async (_, release) => {
    const usedTokens = scriptedStore();
    usedTokens.release.mockImplementation(release as () => Promise<void>);
    const logger = recordingLogger();
    const issueToken = failing(new MatrixError("M_NOT_NOW", "later", { statusCode: 418 }));
    const error = await refusal(core(SINGLE_USE, { usedTokens, logger, issueToken }).login(submission()));
    expect(error).toMatchObject({ statusCode: 418, errcode: "M_NOT_NOW" });
    expect(logger.lines).toMatchObject([
      { level: "error", message: { message: expect.stringContaining("usedTokens"), cause: { message: "no store" } } },
    ]);
  });

  test("is released by its own key", async () => {
    const usedTokens = scriptedStore();
    const issueToken = failing(new Error("down"));
    await statuses(core(SINGLE_USE, { usedTokens, issueToken }), [submission()]);
    expect(usedTokens.release.mock.calls).toEqual([[usedTokens.claim.mock.calls[0]?.[0]]]);
  });

  test.each(["OK", 1, 0, null, undefined, {}])("that is answered with %j lets nobody in: 503", async (answer) => {
    const usedTokens = scriptedStore();
    usedTokens.claim.mockResolvedValue(answer as never);
    const logger = recordingLogger();
    expect(await statuses(core(SINGLE_USE, { usedTokens, logger }), [submission()])).toEqual([503]);
    expect(logger.lines).toMatchObject([{ message: { cause: { message: "claim must return true or false" } } }]);
  });

  describe("that takes more than two seconds", () => {
    afterEach(() => {
      jest.useRealTimers();
    });

    test.each<[string, boolean, number]>([
      ["is released if it succeeds in the end", true, 1],
      ["is left to whom it belongs if it does not", false, 0],
    ])("%s", async (_, first, releases) => {
      const { pass } = stoppedTimers();
      const usedTokens = scriptedStore();
      let answer: (first: boolean) => void = () => undefined;
      usedTokens.claim.mockReturnValue(
        new Promise((resolve) => {
          answer = resolve;
        }),
      );
      const status = statusOf(core(SINGLE_USE, { usedTokens }).login(submission()));
      await pass(2_000);
      expect(await status).toBe(503);
      expect(usedTokens.release).not.toHaveBeenCalled();
      answer(first);
      await pass(0);
      expect(usedTokens.release).toHaveBeenCalledTimes(releases);
    });
  });
});
