import { afterEach, describe, expect, jest, test } from "@jest/globals";
import {
  createJwtLogin,
  KeysUnavailableError,
  MatrixError,
  matrixJwtLogin,
  type JwtLogin,
  type RejectEvent,
} from "matrix-jwt-login";

import { core, recordingLogger, rejection, submission } from "../helpers/core.js";
import { serveJwks, text, type JwksServer } from "../helpers/jwks-server.js";
import { jwk, RSA, SECRET } from "../helpers/keys.js";
import { LOGIN_TYPE, optionsWith, type User } from "../helpers/login.js";
import { token } from "../helpers/tokens.js";

const LOGIN = {
  loginType: LOGIN_TYPE,
  userId: "@alice:example.org",
  localpart: "alice",
  claims: expect.objectContaining({ sub: "alice" }) as unknown,
  deviceId: expect.stringMatching(/^[A-Z]{10}$/) as unknown,
  deviceIdGiven: false,
  refreshToken: false,
};

describe.each<[string, (login: JwtLogin, json: unknown) => Promise<unknown>]>([
  ["login", (login, json) => login.login(json)],
  ["authenticate", (login, json) => login.authenticate(json)],
])("%s without Express", (_, act) => {
  test.each<[string, unknown, string]>([
    ["nothing", undefined, "M_BAD_JSON"],
    ["null", null, "M_BAD_JSON"],
    ["a text", "{}", "M_BAD_JSON"],
    ["a list", [], "M_BAD_JSON"],
    ["an object without a type", {}, "M_MISSING_PARAM"],
    ["null for a type", { type: null }, "M_INVALID_PARAM"],
    ["a number for a type", { type: 1 }, "M_INVALID_PARAM"],
    ["an unknown type", { type: "m.login.password" }, "M_UNKNOWN"],
    ["a type that every object has", { type: "constructor" }, "M_UNKNOWN"],
  ])("rejects %s as a MatrixError of 400", async (_, json, errcode) => {
    const error = await rejection(act(core(), json));
    expect(error).toBeInstanceOf(MatrixError);
    expect(error).toMatchObject({ statusCode: 400, errcode, message: expect.any(String) });
  });

  test.each<[string, object, number, string]>([
    ["a wrong field", { device_id: 1 }, 400, "M_INVALID_PARAM"],
    ["a bad token", { token: "nonsense" }, 403, "M_FORBIDDEN"],
    ["an unknown user", { token: token({ sub: "carol" }) }, 403, "M_FORBIDDEN"],
    ["an impossible user", { token: token({ sub: "a b" }) }, 400, "M_INVALID_USERNAME"],
  ])("rejects %s as a MatrixError", async (_, more, statusCode, errcode) => {
    const error = await rejection(act(core(), submission({}, more)));
    expect(error).toBeInstanceOf(MatrixError);
    expect(error).toMatchObject({ statusCode, errcode });
  });

  test.each<[string, unknown]>([
    ["an Error", new Error("down")],
    ["undefined", undefined],
    ["an object whose errcode can't be looked at", untouchable({}, "errcode")],
    ["an object whose status can't be looked at", untouchable({ errcode: "M_NO" }, "statusCode")],
  ])("rejects with a MatrixError if findUser throws %s", async (_, thrown) => {
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const findUser = () => {
      throw thrown;
    };
    const error = await rejection(act(core({}, { findUser, onReject }), submission()));
    expect(error).toBeInstanceOf(MatrixError);
    expect(error).toMatchObject({ statusCode: 500, errcode: "M_UNKNOWN", message: "Internal server error" });
    expect(onReject).toHaveBeenCalledTimes(1);
  });

  test.each(["type", "device_id"])("rejects with a MatrixError if %s itself fails to be read", async (name) => {
    const logger = recordingLogger();
    const json = untouchable(submission(), name);
    expect(await rejection(act(core({}, { logger }), json))).toMatchObject({ statusCode: 500, errcode: "M_UNKNOWN" });
    expect(logger.lines).toHaveLength(1);
  });

  test("rejects with a MatrixError if the context is null, which is none", async () => {
    const onReject = jest.fn<(event: RejectEvent) => void>();
    const { login, authenticate } = core({}, { onReject });
    for (const call of [login, authenticate]) {
      expect(await rejection(call(submission({}, { token: "x" }), null as never))).toMatchObject({ statusCode: 403 });
    }
    expect(onReject).toHaveBeenCalledTimes(2);
  });

  test("hands on the host's own MatrixError itself", async () => {
    const locked = new MatrixError("M_USER_LOCKED");
    const findUser = () => {
      throw locked;
    };
    expect(await rejection(act(core({}, { findUser }), submission()))).toBe(locked);
  });
});

describe("login without Express", () => {
  test("resolves to the body of the answer", async () => {
    expect(await core().login(submission({}, { device_id: "GIVEN" }))).toEqual({
      user_id: "@alice:example.org",
      access_token: "an access token",
      device_id: "GIVEN",
      home_server: "example.org",
    });
  });

  test("may be called apart from its object", async () => {
    const jwtLogin = core();
    const ready = jwtLogin.ready.bind(undefined);
    const authenticate = jwtLogin.authenticate.bind(undefined);
    const login = jwtLogin.login.bind(undefined);
    await expect(ready()).resolves.toBeUndefined();
    await expect(authenticate(submission())).resolves.toMatchObject({ localpart: "alice" });
    await expect(login(submission())).resolves.toHaveProperty("access_token");
  });

  test("gives findUser's user to issueToken, of whatever type", async () => {
    const issueToken = jest.fn((user: bigint) => ({ accessToken: `token of ${String(user)}` }));
    const login = createJwtLogin({
      serverName: "example.org",
      loginTypes: { [LOGIN_TYPE]: { secret: SECRET } },
      findUser: () => 7n,
      issueToken,
    });
    expect((await login.login(submission())).access_token).toBe("token of 7");
  });
});

describe("authenticate", () => {
  test("resolves to the verified login", async () => {
    expect(await core().authenticate(submission())).toEqual(LOGIN);
  });

  test("has what the caller knows of who asks", async () => {
    const req = { id: 7 };
    const login = await core().authenticate(submission(), { ip: "192.0.2.1", userAgent: "a client", req });
    expect(login).toEqual({ ...LOGIN, ip: "192.0.2.1", userAgent: "a client", req });
    expect(login.req).toBe(req);
  });

  test("registers nobody and issues nothing", async () => {
    const registerUser = jest.fn<() => User>();
    const issueToken = jest.fn<() => { accessToken: string }>();
    const onLogin = jest.fn();
    const login = core({ allowRegistration: true }, { registerUser, issueToken, onLogin });

    await expect(login.authenticate(submission())).resolves.toMatchObject({ localpart: "alice" });
    await expect(login.authenticate(submission({ sub: "carol" }))).resolves.toMatchObject({ localpart: "carol" });
    const error = await rejection(login.authenticate(submission({ sub: "CAROL" })));

    expect(error).toMatchObject({ statusCode: 400, errcode: "M_INVALID_USERNAME" });
    expect(registerUser).not.toHaveBeenCalled();
    expect(issueToken).not.toHaveBeenCalled();
    expect(onLogin).not.toHaveBeenCalled();
  });

  test("asks authorize and findUser", async () => {
    const authorize = jest.fn(() => true);
    const findUser = jest.fn(() => ({ id: "alice" }));
    await core({ authorize }, { findUser }).authenticate(submission());
    expect(authorize).toHaveBeenCalledTimes(1);
    expect(findUser).toHaveBeenCalledTimes(1);
  });
});

describe("flows", () => {
  test("are the login types in their order", () => {
    const { flows } = core({}, { loginTypes: { "b.type": { secret: SECRET }, "a.type": { secret: SECRET } } });
    expect(flows).toEqual([{ type: "b.type" }, { type: "a.type" }]);
  });

  test("can't be changed", () => {
    const { flows } = core();
    expect(Object.isFrozen(flows)).toBe(true);
    expect(flows.every((flow) => Object.isFrozen(flow))).toBe(true);
  });
});

describe("ready", () => {
  const running: JwksServer[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map(({ close }) => close()));
  });
  async function endpoint(): Promise<JwksServer> {
    const server = await serveJwks([jwk(RSA, { kid: "one" })]);
    running.push(server);
    return server;
  }
  const rsaToken = () => token({}, { algorithm: "RS256", header: { kid: "one" } });

  test("resolves at once if keys are there", async () => {
    await expect(core().ready()).resolves.toBeUndefined();
  });

  test("fetches the keys of every login type ahead", async () => {
    const [one, other] = [await endpoint(), await endpoint()];
    const login = core({}, { loginTypes: { one: { jwksUri: one.url }, other: { jwksUri: other.url } } });

    await login.ready();
    expect([one.requests.length, other.requests.length]).toEqual([1, 1]);
    await login.login(submission({}, { type: "one", token: rsaToken() }));
    expect(one.requests).toHaveLength(1);
  });

  test("rejects with KeysUnavailableError if keys are unavailable", async () => {
    const server = await endpoint();
    server.answer(text("down", 500));
    const login = core({ secret: undefined, jwksUri: server.url });
    await expect(login.ready()).rejects.toBeInstanceOf(KeysUnavailableError);
  });
});

describe("the middleware's jwtLogin", () => {
  test("is its core, with the same login types", async () => {
    const { jwtLogin } = matrixJwtLogin(optionsWith());
    expect(jwtLogin.flows).toEqual([{ type: LOGIN_TYPE }]);
    await expect(jwtLogin.login(submission())).resolves.toMatchObject({ user_id: "@alice:example.org" });
    await expect(jwtLogin.ready()).resolves.toBeUndefined();
  });
});

/** The object with a member that throws when it is read. */
function untouchable(object: object, name: string): object {
  return Object.defineProperty(object, name, {
    get: () => {
      throw new Error("hands off");
    },
  });
}
