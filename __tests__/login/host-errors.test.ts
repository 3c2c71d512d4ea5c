import { describe, expect, jest, test } from "@jest/globals";
import { KeysUnavailableError, MatrixError, TokenError, type MatrixJwtLoginOptions } from "matrix-jwt-login";

import { recordingLogger } from "../helpers/core.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { SECRET } from "../helpers/keys.js";
import { loginWith, type User } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { token } from "../helpers/tokens.js";

const CALLBACKS = ["authorize", "findUser", "registerUser", "issueToken"] as const;
type Callback = (typeof CALLBACKS)[number];
type Hooks = readonly [loginType: object, options: Partial<MatrixJwtLoginOptions<User>>];

/** A host in which all goes well up to this callback, which does as it is told. */
function hooks(callback: Callback, act: () => unknown): Hooks {
  const options = {
    findUser: () => (callback === "registerUser" ? undefined : { id: "alice" }),
    registerUser: () => ({ id: "alice" }),
    issueToken: () => ({ accessToken: "an access token" }),
    ...(callback !== "authorize" && { [callback]: act }),
  };
  return [{ allowRegistration: true, ...(callback === "authorize" && { authorize: act }) }, options];
}

function throwing(error: unknown): () => unknown {
  return () => {
    throw error;
  };
}

const INTERNAL = { errcode: "M_UNKNOWN", error: "Internal server error" };

/** What tells of the host's insides, and must not reach a client. */
const PRIVATE = "select from users at db-1.internal";

class HttpError extends Error {
  readonly errcode = "M_USER_SUSPENDED";
  readonly status: number = 423;
}

interface Thrown {
  readonly name: string;
  readonly error: unknown;
  readonly status: number;
  readonly body: object;
}

const MEANT_FOR_CLIENTS: readonly Thrown[] = [
  {
    name: "a MatrixError",
    error: new MatrixError("M_USER_DEACTIVATED", "This account has been deactivated"),
    status: 403,
    body: { errcode: "M_USER_DEACTIVATED", error: "This account has been deactivated" },
  },
  {
    name: "a MatrixError with a status and fields",
    error: new MatrixError("M_UNKNOWN_TOKEN", "Logged out", { statusCode: 401, fields: { soft_logout: true } }),
    status: 401,
    body: { errcode: "M_UNKNOWN_TOKEN", error: "Logged out", soft_logout: true },
  },
  {
    name: "a MatrixError whose fields hold errcode and error",
    error: new MatrixError("M_FORBIDDEN", "No", { fields: { errcode: "M_OTHER", error: "Yes", n: 1 } }),
    status: 403,
    body: { errcode: "M_FORBIDDEN", error: "No", n: 1 },
  },
  {
    name: "a MatrixError whose fields can't be written as JSON",
    error: new MatrixError("M_FORBIDDEN", "No", { fields: { big: 1n } }),
    status: 403,
    body: { errcode: "M_FORBIDDEN", error: "No" },
  },
  {
    name: "a MatrixError of 503",
    error: new MatrixError("M_UNKNOWN", "Down for maintenance", { statusCode: 503 }),
    status: 503,
    body: { errcode: "M_UNKNOWN", error: "Down for maintenance" },
  },
  {
    name: "a MatrixError of 500",
    error: new MatrixError("M_UNKNOWN", "The disk is full", { statusCode: 500 }),
    status: 500,
    body: { errcode: "M_UNKNOWN", error: "The disk is full" },
  },
  {
    name: "a frozen MatrixError",
    error: Object.freeze(new MatrixError("M_USER_LOCKED", "Locked", { statusCode: 401 })),
    status: 401,
    body: { errcode: "M_USER_LOCKED", error: "Locked" },
  },
  {
    name: "an error with errcode and status",
    error: new HttpError(PRIVATE),
    status: 423,
    body: { errcode: "M_USER_SUSPENDED", error: "Login refused" },
  },
  {
    name: "a plain object with errcode and no status",
    error: { errcode: "M_ORG.EXAMPLE.NO", message: PRIVATE },
    status: 403,
    body: { errcode: "M_ORG.EXAMPLE.NO", error: "Login refused" },
  },
  {
    name: "an object with errcode, error and statusCode",
    error: Object.assign(new Error(PRIVATE), { errcode: "M_NO", error: "Ask your admin", statusCode: 404 }),
    status: 404,
    body: { errcode: "M_NO", error: "Ask your admin" },
  },
  {
    name: "a frozen object with errcode and null for a status",
    error: Object.freeze({ errcode: "M_NO", statusCode: null, status: null }),
    status: 403,
    body: { errcode: "M_NO", error: "Login refused" },
  },
  {
    name: "an errcode beside an error that is no text",
    error: { errcode: "M_NO", error: new Error(PRIVATE), status: 400 },
    status: 400,
    body: { errcode: "M_NO", error: "Login refused" },
  },
  {
    name: "an errcode and other members of the host's",
    error: { errcode: "M_NO", status: 499, sql: PRIVATE, stack: PRIVATE },
    status: 499,
    body: { errcode: "M_NO", error: "Login refused" },
  },
];

const NOT_MEANT_FOR_CLIENTS: readonly (readonly [string, unknown])[] = [
  ["an Error", new Error(PRIVATE)],
  ["a TypeError", new TypeError(PRIVATE)],
  ["a frozen Error", Object.freeze(new Error(PRIVATE))],
  ["a text", PRIVATE],
  ["undefined", undefined],
  ["null", null],
  ["a number", 403],
  ["a function", () => PRIVATE],
  ["a symbol", Symbol(PRIVATE)],
  ["our TokenError", new TokenError("expired", PRIVATE)],
  ["our KeysUnavailableError", new KeysUnavailableError(PRIVATE, { retryAfter: 1 })],
  ["an error with a status and no errcode", Object.assign(new Error(PRIVATE), { status: 403, statusCode: 403 })],
  ["an errcode that is no text", { errcode: 403, error: PRIVATE }],
  ["an empty errcode", { errcode: "", error: PRIVATE }],
  ["an errcode with status 200", { errcode: "M_NO", error: PRIVATE, status: 200 }],
  ["an errcode with status 302", { errcode: "M_NO", error: PRIVATE, status: 302 }],
  ["an errcode with status 399", { errcode: "M_NO", error: PRIVATE, status: 399 }],
  ["an errcode with statusCode 500", { errcode: "M_NO", error: PRIVATE, statusCode: 500 }],
  ["an errcode with status 503", { errcode: "M_NO", error: PRIVATE, status: 503 }],
  ["an errcode with status 0", { errcode: "M_NO", error: PRIVATE, status: 0 }],
  ["an errcode with a status that is not whole", { errcode: "M_NO", error: PRIVATE, status: 403.5 }],
  ["an errcode with NaN for a status", { errcode: "M_NO", error: PRIVATE, status: Number.NaN }],
  ["an errcode with a text for a status", { errcode: "M_NO", error: PRIVATE, status: "403" }],
];

const AMISS: readonly (readonly [Callback, string, unknown])[] = [
  ["findUser", "a list", [{ id: "alice" }]],
  ["findUser", "an empty list", []],
  ["findUser", "false", false],
  ["findUser", "0, as a count", 0],
  ["findUser", "what is no number", NaN],
  ["findUser", "an empty text", ""],
  ["registerUser", "an empty text", ""],
  ["registerUser", "nothing", undefined],
  ["registerUser", "null", null],
  ["registerUser", "false", false],
  ["registerUser", "a list", [{ id: "alice" }]],
  ["issueToken", "nothing", undefined],
  ["issueToken", "null", null],
  ["issueToken", "a text", "an access token"],
  ["issueToken", "a list", []],
  ["issueToken", "an empty object", {}],
  ["issueToken", "null for accessToken", { accessToken: null }],
  ["issueToken", "an empty accessToken", { accessToken: "" }],
  ["issueToken", "a number for accessToken", { accessToken: 1 }],
  ["issueToken", "a promise for accessToken", { accessToken: Promise.resolve(PRIVATE) }],
  ["issueToken", "a number for deviceId", { accessToken: PRIVATE, deviceId: 1 }],
  ["issueToken", "an empty deviceId", { accessToken: PRIVATE, deviceId: "" }],
  ["issueToken", "an object for userId", { accessToken: PRIVATE, userId: {} }],
  ["issueToken", "an empty userId", { accessToken: PRIVATE, userId: "" }],
  ["issueToken", "true for refreshToken", { accessToken: PRIVATE, refreshToken: true }],
  ["issueToken", "a text for expiresInMs", { accessToken: PRIVATE, expiresInMs: "60000" }],
  ["issueToken", "a negative expiresInMs", { accessToken: PRIVATE, expiresInMs: -1 }],
  ["issueToken", "NaN for expiresInMs", { accessToken: PRIVATE, expiresInMs: Number.NaN }],
  ["issueToken", "no end for expiresInMs", { accessToken: PRIVATE, expiresInMs: Infinity }],
];

describe.each(EXPRESS_VERSIONS)("what a host's callback does under %s", (_, express) => {
  const mount = mounting(express);

  describe.each(CALLBACKS)("in %s", (callback) => {
    test.each(MEANT_FOR_CLIENTS)("$name is the answer", async ({ error, status, body }) => {
      const logger = recordingLogger();
      const [loginType, options] = hooks(callback, throwing(error));
      const answer = await loginWith(await mount(loginType, { ...options, logger }), token());

      expect(answer.status).toBe(status);
      expect(answer.body).toEqual(body);
      expect(answer.headers.get("Content-Type")).toBe("application/json");
      expect(logger.lines).toEqual([]);
    });

    test.each(NOT_MEANT_FOR_CLIENTS)("%s is 500, and the logger's to know", async (_, error) => {
      const logger = recordingLogger();
      const [loginType, options] = hooks(callback, throwing(error));
      const answer = await loginWith(await mount(loginType, { ...options, logger }), token());

      expect(answer.status).toBe(500);
      expect(answer.body).toEqual(INTERNAL);
      expect(answer.headers.get("Content-Type")).toBe("application/json");
      expect(logger.lines).toHaveLength(1);
      expect(logger.lines[0]).toMatchObject({
        level: "error",
        message: { message: `matrix-jwt-login: ${callback} failed` },
      });
      expect((logger.lines[0]?.message as Error).cause).toBe(error);
    });

    test("a rejected promise is as good as a throw", async () => {
      const [loginType, options] = hooks(callback, () => Promise.reject(new MatrixError("M_USER_LOCKED")));
      const answer = await loginWith(await mount(loginType, options), token());
      expect([answer.status, answer.body["errcode"]]).toEqual([403, "M_USER_LOCKED"]);
    });

    test("a MatrixError of another copy of this package is known for one", async () => {
      let Theirs: typeof MatrixError = MatrixError;
      await jest.isolateModulesAsync(async () => {
        ({ MatrixError: Theirs } = await import("matrix-jwt-login"));
      });
      const error = new Theirs("M_USER_LOCKED", "Locked", { statusCode: 401, fields: { soft_logout: true } });
      expect(error).not.toBeInstanceOf(MatrixError);

      const [loginType, options] = hooks(callback, throwing(error));
      const { status, body } = await loginWith(await mount(loginType, options), token());

      expect(status).toBe(401);
      expect(body).toEqual({ errcode: "M_USER_LOCKED", error: "Locked", soft_logout: true });
    });

    test.each([
      ["retryAfterMs", new MatrixError("M_LIMIT_EXCEEDED", "Slow down", { statusCode: 429, retryAfterMs: 1_001 })],
      [
        "the field retry_after_ms",
        new MatrixError("M_LIMIT_EXCEEDED", "Slow down", { statusCode: 429, fields: { retry_after_ms: 1_001 } }),
      ],
    ])("%s of a MatrixError is sent in whole seconds", async (_, error) => {
      const [loginType, options] = hooks(callback, throwing(error));
      const { status, headers } = await loginWith(await mount(loginType, options), token());
      expect([status, headers.get("Retry-After")]).toEqual([429, "2"]);
    });
  });

  test.each(AMISS)("%s that gives %s is 500, and the logger's to know", async (callback, _, given) => {
    const logger = recordingLogger();
    const [loginType, options] = hooks(callback, () => given);
    const answer = await loginWith(await mount(loginType, { ...options, logger }), token());

    expect(answer.status).toBe(500);
    expect(answer.body).toEqual(INTERNAL);
    expect(logger.lines).toHaveLength(1);
    const [line] = logger.lines;
    expect(line).toMatchObject({ level: "error", message: { message: `matrix-jwt-login: ${callback} failed` } });
    const { cause } = line?.message as { cause: Error };
    expect(cause).toBeInstanceOf(TypeError);
    expect(cause.message).toContain(callback);
    expect(cause.message).not.toContain(PRIVATE);
  });

  test.each<[Callback, unknown, string]>([
    ["findUser", false, "findUser must return a user, not a boolean"],
    ["findUser", [], "findUser must return a user, not a list"],
    ["findUser", { rows: [], rowCount: 0 }, "findUser must return a user, not the result of a query: return its row"],
    [
      "registerUser",
      { rows: [{}], rowsAffected: 1 },
      "registerUser must return a user, not the result of a query: return its row",
    ],
    ["registerUser", undefined, "registerUser must return a user, not undefined"],
    ["issueToken", { accessToken: Promise.resolve("x") }, "it is a promise: await it"],
    [
      "issueToken",
      { accessToken: { accessToken: "x" } },
      "it is an object with accessToken: return that object itself",
    ],
  ])("%s that gives %j is logged with what it gave", async (callback, given, words) => {
    const logger = recordingLogger();
    const [loginType, options] = hooks(callback, () => given);
    await loginWith(await mount(loginType, { ...options, logger }), token());
    const { cause } = logger.lines[0]?.message as { cause: Error };
    expect(cause.message).toContain(words);
  });

  test.each([
    ["device_id", "deviceId"],
    ["refresh_token", "refreshToken"],
    ["expires_in_ms", "expiresInMs"],
    ["expires_in", "expiresInMs, in milliseconds"],
    ["expiresIn", "expiresInMs, in milliseconds"],
  ])("issueToken that gives %s, which is not read, is told of once, with %s", async (written, meant) => {
    const logger = recordingLogger();
    const url = await mount({}, { logger, issueToken: () => ({ accessToken: "x", [written]: PRIVATE }) });
    for (let i = 0; i < 2; i += 1) expect((await loginWith(url, token())).status).toBe(200);
    expect(logger.lines).toEqual([
      {
        level: "warn",
        message: `matrix-jwt-login: issueToken gave ${written}, which is not read; do you mean ${meant}?`,
      },
    ]);
  });

  test("issueToken may give other things beside what is read", async () => {
    const logger = recordingLogger();
    const issueToken = () => ({
      ...{ accessToken: "x", deviceId: "D", device_id: "D", expiresInMs: 5, expires_in_ms: 5 },
      ...{ user_id: 12, note: 1, refresh_token: null, expires_in: undefined },
    });
    const { body } = await loginWith(await mount({}, { logger, issueToken }), token());
    expect(body).toMatchObject({ device_id: "D", expires_in_ms: 5 });
    expect(logger.lines).toEqual([]);
  });

  test("each wrong name of several is told of", async () => {
    const logger = recordingLogger();
    const issueToken = () => ({ accessToken: "x", deviceId: undefined, device_id: "D", refresh_token: "r" });
    await loginWith(await mount({}, { logger, issueToken }), token());
    expect(logger.lines).toHaveLength(2);
  });

  test.each([["accessToken"], ["deviceId"], ["userId"], ["refreshToken"], ["expiresInMs"]])(
    "a promise for %s that rejects is 500, and its rejection ends no process",
    async (name) => {
      const unhandled = jest.fn();
      process.on("unhandledRejection", unhandled);
      const issueToken = () => ({ accessToken: "x", [name]: Promise.reject(new Error(PRIVATE)) });
      expect((await loginWith(await mount({}, { issueToken: issueToken }), token())).status).toBe(500);
      await new Promise((resolve) => setTimeout(resolve, 10));
      process.off("unhandledRejection", unhandled);
      expect(unhandled).not.toHaveBeenCalled();
    },
  );

  test.each(["subjectClaim", "displayNameClaim"])("%s that throws is 500, and the logger's to know", async (option) => {
    const logger = recordingLogger();
    const url = await mount({ [option]: throwing(new Error(PRIVATE)) }, { logger });
    const { status, body } = await loginWith(url, token());
    expect(status).toBe(500);
    expect(body).toEqual(INTERNAL);
    expect(logger.lines).toHaveLength(1);
  });

  test.each(["subjectClaim", "displayNameClaim"])(
    "%s is answered as any callback: our TokenError is 500",
    async (option) => {
      const url = await mount({ [option]: throwing(new TokenError("expired", PRIVATE)) });
      const { status, body } = await loginWith(url, token());
      expect(status).toBe(500);
      expect(body).toEqual(INTERNAL);
    },
  );

  test.each(["subjectClaim", "displayNameClaim"])(
    "%s is answered as any callback: an errcode reaches the client",
    async (option) => {
      const url = await mount({ [option]: throwing({ errcode: "M_NO", status: 404, error: "No such tenant" }) });
      const { status, body } = await loginWith(url, token());
      expect(status).toBe(404);
      expect(body).toEqual({ errcode: "M_NO", error: "No such tenant" });
    },
  );

  test("no answer and no log of a refused token shows the token or the secret", async () => {
    const logger = recordingLogger();
    const seen: string[] = [];
    const bad = [
      token({ exp: 1 }),
      token({ sub: 5 }),
      token({ aud: "somebody" }),
      token({ iat: 9e12 }),
      token({}, { algorithm: "HS512" }),
      token({}, { header: { crit: ["x"], x: 1 } }),
      token().slice(0, -5),
      `${token()}.${token()}`,
      "not-a-token-at-all",
    ];
    const url = await mount({ algorithms: ["HS256"] }, { logger });
    for (const each of bad) {
      const { status, body } = await loginWith(url, each);
      expect(status).toBe(403);
      expect(Object.keys(body).sort()).toEqual(["errcode", "error"]);
      seen.push(JSON.stringify(body));
    }
    const said = seen.join("\n") + JSON.stringify(logger.lines);
    for (const part of bad.flatMap((each) => each.split(".")).filter((part) => part !== "")) {
      expect(said).not.toContain(part);
    }
    expect(said).not.toContain(SECRET);
    expect(said).not.toMatch(/\bat .*:\d+:\d+/);
  });
});
