import { setImmediate as turn } from "node:timers/promises";

import { afterEach, describe, expect, jest, test } from "@jest/globals";
import {
  MatrixError,
  TokenError,
  type JwtLoginOptions,
  type LoginEvent,
  type Logger,
  type RejectEvent,
} from "matrix-jwt-login";

import { core, recordingLogger, rejection, submission } from "../helpers/core.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { serveJwks, text, type JwksServer } from "../helpers/jwks-server.js";
import { LOGIN_TYPE, loginWith, type User } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { inSeconds, token } from "../helpers/tokens.js";

type Listeners = Pick<JwtLoginOptions<User>, "onLogin" | "onReject">;

function listeners() {
  return { onLogin: jest.fn<(event: LoginEvent) => void>(), onReject: jest.fn<(event: RejectEvent) => void>() };
}

const ALICE = "@alice:example.org";
const refusing = (error: unknown) => () => {
  throw error;
};

describe.each(EXPRESS_VERSIONS)("the events of logins under %s", (_, express) => {
  const mount = mounting(express);

  test("onLogin hears of a login, and onReject does not", async () => {
    const { onLogin, onReject } = listeners();
    const url = await mount({}, { onLogin, onReject });
    const before = performance.now();
    await loginWith(url, token());
    const atMost = performance.now() - before;
    expect(onReject).not.toHaveBeenCalled();
    expect(onLogin.mock.calls).toEqual([
      [
        {
          loginType: LOGIN_TYPE,
          userId: ALICE,
          durationMs: expect.any(Number),
          req: expect.objectContaining({ method: "POST" }),
        },
      ],
    ]);
    const durationMs = onLogin.mock.calls[0]?.[0].durationMs;
    expect(durationMs).toBeGreaterThanOrEqual(0);
    expect(durationMs).toBeLessThanOrEqual(atMost);
  });

  test("onReject hears of a refusal, and onLogin does not", async () => {
    const { onLogin, onReject } = listeners();
    await loginWith(await mount({}, { onLogin, onReject }), token({ exp: 1 }));
    expect(onLogin).not.toHaveBeenCalled();
    expect(onReject.mock.calls).toEqual([
      [
        {
          loginType: LOGIN_TYPE,
          statusCode: 403,
          errcode: "M_FORBIDDEN",
          reason: "expired",
          durationMs: expect.any(Number),
          req: expect.objectContaining({ method: "POST" }),
        },
      ],
    ]);
  });

  test.each<[string, unknown]>([
    [
      "throw",
      () => {
        throw new Error("deaf");
      },
    ],
    ["reject", () => Promise.reject(new Error("deaf"))],
  ])("change nothing where the listeners %s, which is logged", async (_, listener) => {
    const logger = recordingLogger();
    const deaf = listener as () => void;
    const url = await mount({}, { onLogin: deaf, onReject: deaf, logger });

    expect((await loginWith(url, token())).status).toBe(200);
    expect((await loginWith(url, token({ exp: 1 }))).status).toBe(403);

    expect(logger.lines).toMatchObject(
      ["onLogin", "onReject"].map((name) => ({
        level: "error",
        message: { message: expect.stringContaining(name), cause: { message: "deaf" } },
      })),
    );
  });
});

interface Refusal {
  readonly reason: string;
  readonly when: string;
  readonly loginType?: object;
  readonly options?: Partial<JwtLoginOptions<User>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly more?: object;
  readonly statusCode?: number;
  readonly errcode?: string;
  readonly userId?: string;
}

const REFUSALS: readonly Refusal[] = [
  { reason: "missing", when: "there is no token", more: { token: undefined } },
  { reason: "malformed", when: "the token is none", more: { token: "nonsense" } },
  { reason: "too_long", when: "the token is too long", loginType: { maxTokenLength: 9 } },
  {
    reason: "signature",
    when: "the token is forged",
    loginType: { secret: "another secret, and long enough for HS512: 64 bytes, or a little more" },
  },
  { reason: "algorithm", when: "the algorithm is not allowed", loginType: { algorithms: ["HS512"] } },
  { reason: "expired", when: "the token has expired", claims: { exp: 1 } },
  { reason: "not_yet_valid", when: "the token is not valid yet", claims: { nbf: inSeconds(600) } },
  { reason: "audience", when: "the token has an audience", claims: { aud: "x" } },
  { reason: "issuer", when: "the issuer is another", loginType: { issuer: "x" } },
  { reason: "subject", when: "there is no subject", claims: { sub: undefined } },
  {
    reason: "submission",
    when: "a field is wrong",
    more: { device_id: 1 },
    statusCode: 400,
    errcode: "M_INVALID_PARAM",
  },
  { reason: "user_id", when: "the subject is no localpart", claims: { sub: "a:b" } },
  {
    reason: "user_id",
    when: "the user ID is impossible",
    claims: { sub: "a b" },
    statusCode: 400,
    errcode: "M_INVALID_USERNAME",
  },
  {
    reason: "user_id",
    when: "a new user can't be called so",
    claims: { sub: "CAROL" },
    loginType: { allowRegistration: true },
    statusCode: 400,
    errcode: "M_INVALID_USERNAME",
    userId: "@CAROL:example.org",
  },
  { reason: "identifier", when: "the identifier is missing", loginType: { identifier: "require" } },
  { reason: "unauthorized", when: "authorize says no", loginType: { authorize: () => false }, userId: ALICE },
  { reason: "unknown_user", when: "nobody has the ID", claims: { sub: "carol" }, userId: "@carol:example.org" },
  ...["findUser", "issueToken"].flatMap((callback): Refusal[] => [
    {
      reason: "host",
      when: `${callback} throws a MatrixError`,
      options: { [callback]: refusing(new MatrixError("M_USER_LOCKED", "Locked", { statusCode: 401 })) },
      statusCode: 401,
      errcode: "M_USER_LOCKED",
      userId: ALICE,
    },
    {
      reason: "host",
      when: `${callback} throws something`,
      options: { [callback]: refusing(undefined) },
      statusCode: 500,
      errcode: "M_UNKNOWN",
      userId: ALICE,
    },
    {
      reason: "host",
      when: `${callback} throws our TokenError`,
      options: { [callback]: refusing(new TokenError("expired", "of another login")) },
      statusCode: 500,
      errcode: "M_UNKNOWN",
      userId: ALICE,
    },
  ]),
  {
    reason: "host",
    when: "issueToken gives nothing",
    options: { issueToken: () => ({}) as never },
    statusCode: 500,
    errcode: "M_UNKNOWN",
    userId: ALICE,
  },
  {
    reason: "host",
    when: "authorize throws",
    loginType: { authorize: refusing(new Error("no")) },
    statusCode: 500,
    errcode: "M_UNKNOWN",
    userId: ALICE,
  },
  {
    reason: "host",
    when: "registerUser refuses",
    loginType: { allowRegistration: true },
    claims: { sub: "carol" },
    options: { registerUser: refusing({ errcode: "M_EXCLUSIVE", status: 400 }) },
    statusCode: 400,
    errcode: "M_EXCLUSIVE",
    userId: "@carol:example.org",
  },
  ...["subjectClaim", "displayNameClaim"].map((option): Refusal => ({
    reason: "host",
    when: `${option} throws a MatrixError`,
    loginType: { [option]: refusing(new MatrixError("M_NO")) },
    errcode: "M_NO",
    ...(option === "displayNameClaim" && { userId: ALICE }),
  })),
];

describe("onReject", () => {
  test.each(REFUSALS)("says $reason if $when", async (refusal) => {
    const { statusCode = 403, errcode = "M_FORBIDDEN", reason, userId } = refusal;
    const heard = listeners();
    const login = core(refusal.loginType, {
      registerUser: (id) => ({ id }),
      ...refusal.options,
      ...heard,
    });

    const error = await rejection(login.login(submission(refusal.claims, refusal.more)));

    expect(error).toBeInstanceOf(MatrixError);
    expect(error).toMatchObject({ statusCode, errcode });
    expect(heard.onLogin).not.toHaveBeenCalled();
    expect(heard.onReject.mock.calls).toEqual([
      [
        {
          loginType: LOGIN_TYPE,
          statusCode,
          errcode,
          reason,
          durationMs: expect.any(Number),
          ...(userId && { userId }),
        },
      ],
    ]);
  });

  describe("if keys are unavailable", () => {
    let jwks: JwksServer | undefined;
    afterEach(() => jwks?.close());

    test("says keys_unavailable, and the answer is 503", async () => {
      jwks = await serveJwks();
      jwks.answer(text("down", 500));
      const heard = listeners();
      const login = core({ secret: undefined, jwksUri: jwks.url }, heard);

      const error = await rejection(login.login(submission({}, { token: token({}, { algorithm: "RS256" }) })));

      expect(error).toBeInstanceOf(MatrixError);
      expect(error).toMatchObject({ statusCode: 503, errcode: "M_UNKNOWN", retryAfterMs: expect.any(Number) });
      expect(heard.onReject.mock.calls).toMatchObject([[{ statusCode: 503, reason: "keys_unavailable" }]]);
      expect(heard.onReject.mock.calls[0]?.[0]).not.toHaveProperty("userId");
    });
  });
});

describe("the events", () => {
  test("name the request if the caller gave one", async () => {
    const heard = listeners();
    const login = core({}, heard);
    const req = { id: 7 };
    await login.login(submission(), { req });
    await rejection(login.login(submission({ exp: 1 }), { req }));
    expect(heard.onLogin.mock.calls[0]?.[0].req).toBe(req);
    expect(heard.onReject.mock.calls[0]?.[0].req).toBe(req);
  });

  test("name none if there is none", async () => {
    const heard = listeners();
    await core({}, heard).login(submission());
    expect(heard.onLogin.mock.calls[0]?.[0]).not.toHaveProperty("req");
  });

  test("come after the token is issued", async () => {
    const order: string[] = [];
    const login = core(
      {},
      {
        issueToken: async () => {
          await turn();
          order.push("issued");
          return { accessToken: "an access token" };
        },
        onLogin: () => {
          order.push("told");
        },
      },
    );
    await login.login(submission());
    expect(order).toEqual(["issued", "told"]);
  });

  test.each<[string, Partial<Listeners>]>([
    ["onLogin", { onLogin: () => new Promise<void>(() => undefined) as unknown as undefined }],
    ["onReject", { onReject: () => new Promise<void>(() => undefined) as unknown as undefined }],
  ])("are not waited for: %s", async (_, heard) => {
    const login = core({}, heard);
    await expect(login.login(submission())).resolves.toHaveProperty("access_token");
    await expect(login.login(submission({ exp: 1 }))).rejects.toHaveProperty("errcode", "M_FORBIDDEN");
  });
});

describe("a logger", () => {
  const broken = refusing(new Error("the disk is full"));
  const failing = { findUser: refusing(new Error("down")), onReject: refusing(new Error("deaf")) };

  test("that throws changes nothing", async () => {
    const logger: Logger = { debug: broken, info: broken, warn: broken, error: broken };
    const error = await rejection(core({}, { ...failing, logger }).login(submission()));
    expect(error).toMatchObject({ statusCode: 500, errcode: "M_UNKNOWN", message: "Internal server error" });
  });

  test("that rejects changes nothing", async () => {
    const rejects = () => Promise.reject(new Error("the disk is full")) as unknown as undefined;
    const logger: Logger = { debug: rejects, info: rejects, warn: rejects, error: rejects };
    const error = await rejection(core({}, { ...failing, logger }).login(submission()));
    expect(error).toMatchObject({ statusCode: 500, errcode: "M_UNKNOWN" });
    // A rejection that nobody handles ends a Node process, and fails the test that is running.
    await turn();
    await turn();
  });
});
