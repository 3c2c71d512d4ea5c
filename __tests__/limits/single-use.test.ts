import { createHash } from "node:crypto";

import { describe, expect, jest, test } from "@jest/globals";
import {
  createTokenVerifier,
  MatrixError,
  type JwtLoginOptions,
  type LoginTypeOptions,
  type RejectEvent,
} from "matrix-jwt-login";

import { core, recordingLogger, submission } from "../helpers/core.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { KEYS, SECRET } from "../helpers/keys.js";
import { LOGIN_TYPE, loginWith, type User } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { inSeconds, token } from "../helpers/tokens.js";
import { freshToken, keysOf, limiter, refusal, scripted, statuses, statusOf } from "./helpers.js";

const SINGLE_USE = { singleUse: true };
const OTHER_TYPE = "com.example.login";
const WEEK = 7 * 86_400;

type Options = Partial<JwtLoginOptions<User>>;

const STORES: readonly (readonly [string, () => Options])[] = [
  ["in memory", () => ({})],
  ["in a limiter", () => ({ usedTokens: limiter() })],
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

  test("are told to onReject as used, with their user", async () => {
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const once = submission();
    await statuses(core(SINGLE_USE, { ...store(), onReject }), [once, once]);
    expect(onReject.mock.calls).toMatchObject([[{ reason: "used", statusCode: 403, userId: "@alice:example.org" }]]);
  });

  test.each<[string, unknown, number]>([
    ["with an error", new Error("down"), 500],
    ["with a MatrixError", new MatrixError("M_LIMIT", "later", { statusCode: 429 }), 429],
  ])("are given back where issueToken rejects %s", async (_what, error, status) => {
    const issueToken = jest.fn(() => ({ accessToken: "an access token" }));
    issueToken.mockImplementationOnce(failing(error));
    const once = submission();
    expect(await statuses(core(SINGLE_USE, { ...store(), issueToken }), [once, once, once])).toEqual([
      status,
      200,
      403,
    ]);
  });

  test("are not given back where issueToken gave something, if amiss", async () => {
    const issueToken = () => ({}) as never;
    const once = submission();
    expect(await statuses(core(SINGLE_USE, { ...store(), issueToken }), [once, once])).toEqual([500, 403]);
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
  ])("are not claimed where %s", async (_what, loginType, options, claims, status) => {
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
  const usedTokens = scripted();
  const once = submission();
  expect(await statuses(core({}, { usedTokens }), [once, once])).toEqual([200, 200]);
  expect(usedTokens.consume).not.toHaveBeenCalled();
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
    const verifier = createTokenVerifier({ secret: SECRET, singleUse: true, requireExpiry: false });
    const once = token(far);
    await verifier.verify(once);
    await verifier.verify(once);
    await verifier.verify(token({ exp: undefined }));
  });
});

describe("a claim in a limiter", () => {
  const hash = (text: string) => createHash("sha256").update(text.split(".").slice(0, 2).join(".")).digest("hex");

  test("takes all its points, by the hash of the signing input, for as long as the token could be accepted", async () => {
    const usedTokens = { ...scripted(), points: 7 };
    const once = token({ exp: inSeconds(100) });
    const login = core({ ...SINGLE_USE, clockTolerance: 30 }, { usedTokens });
    await login.login(submission({}, { token: once }));
    expect(usedTokens.consume.mock.calls).toEqual([[`used:${hash(once)}`, 7, { customDuration: expect.any(Number) }]]);
    const [, , { customDuration }] = usedTokens.consume.mock.calls[0] as [string, number, { customDuration: number }];
    expect([129, 130]).toContain(customDuration);
    expect(usedTokens.delete).not.toHaveBeenCalled();
  });

  test("lasts by the widest tolerance of the login types that look at used tokens", async () => {
    const usedTokens = scripted();
    const loginTypes = {
      [LOGIN_TYPE]: { secret: SECRET, singleUse: true, clockTolerance: 0 },
      [OTHER_TYPE]: { secret: SECRET, singleUse: true, clockTolerance: 300 },
      another: { secret: SECRET, clockTolerance: 600 },
    };
    await core({}, { usedTokens, loginTypes }).login(submission({ exp: inSeconds(100) }));
    const [, , options] = usedTokens.consume.mock.calls[0] as [string, number, { customDuration: number }];
    expect([399, 400]).toContain(options.customDuration);
  });

  test("lasts a second at least, and a whole one", async () => {
    const usedTokens = scripted();
    const findUser = async (): Promise<User> => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      return { id: "alice" };
    };
    const login = core({ ...SINGLE_USE, clockTolerance: 0 }, { usedTokens, findUser });
    await login.login(submission({ exp: Date.now() / 1_000 + 0.1 }));
    expect(usedTokens.consume.mock.calls[0]?.[2]).toEqual({ customDuration: 1 });
  });

  test("comes after registerUser, and just before issueToken", async () => {
    const order: string[] = [];
    const step =
      <T>(name: string, result: T) =>
      () => {
        order.push(name);
        return result;
      };
    const usedTokens = scripted();
    const answer = { isFirstInDuration: true };
    usedTokens.consume.mockImplementation(step("claim", Promise.resolve(answer)));
    const login = core(
      { ...SINGLE_USE, allowRegistration: true },
      {
        usedTokens,
        findUser: step("findUser", undefined),
        registerUser: step("registerUser", { id: "carol" }),
        issueToken: step("issueToken", { accessToken: "an access token" }),
      },
    );
    await login.login(submission());
    expect(order).toEqual(["findUser", "registerUser", "claim", "issueToken"]);
  });

  test.each<[string, () => unknown]>([
    ["rejects", () => Promise.reject(new Error("no store"))],
    ["throws", failing(new Error("no store"))],
  ])("that can't be given back, as delete %s: the answer stands, and the logger is told", async (_, remove) => {
    const usedTokens = scripted();
    usedTokens.delete.mockImplementation(remove as () => Promise<unknown>);
    const logger = recordingLogger();
    const issueToken = failing(new MatrixError("M_NOT_NOW", "later", { statusCode: 418 }));
    const error = await refusal(core(SINGLE_USE, { usedTokens, logger, issueToken }).login(submission()));
    expect(error).toMatchObject({ statusCode: 418, errcode: "M_NOT_NOW" });
    expect(logger.lines).toMatchObject([
      { level: "error", message: { message: expect.stringContaining("usedTokens"), cause: { message: "no store" } } },
    ]);
  });

  test("that is given back is forgotten by its own key", async () => {
    const usedTokens = scripted();
    const issueToken = failing(new Error("down"));
    await statuses(core(SINGLE_USE, { usedTokens, issueToken }), [submission()]);
    expect(keysOf(usedTokens.delete)).toEqual(keysOf(usedTokens.consume));
  });
});
