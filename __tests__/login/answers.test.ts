import { describe, expect, jest, test } from "@jest/globals";
import type { IssuedToken, VerifiedLogin } from "matrix-jwt-login";

import { recordingLogger } from "../helpers/core.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { serveJwks, text } from "../helpers/jwks-server.js";
import { LOGIN_PATH, LOGIN_TYPE, login, loginWith, type User } from "../helpers/login.js";
import { mounting } from "../helpers/mounted.js";
import { inSeconds, token } from "../helpers/tokens.js";

type IssueToken = (user: User, login: VerifiedLogin) => IssuedToken;

const SURE = { accessToken: "an access token" };

describe.each(EXPRESS_VERSIONS)("a login under %s", (_, express) => {
  const mount = mounting(express);

  test("is answered with the spec's four members, and home_server", async () => {
    const { status, headers, body } = await loginWith(await mount(), token());
    expect(status).toBe(200);
    expect(headers.get("Content-Type")).toBe("application/json");
    expect(headers.get("Cache-Control")).toBe("no-store");
    expect(body).toEqual({
      user_id: "@alice:example.org",
      access_token: "an access token",
      device_id: expect.stringMatching(/^[A-Z]{10}$/),
      home_server: "example.org",
    });
  });

  test.each<[string, object, object]>([
    ["deviceId", { deviceId: "THEIRS" }, { device_id: "THEIRS" }],
    ["userId", { userId: "@Alice:example.org" }, { user_id: "@Alice:example.org" }],
    ["refreshToken", { refreshToken: "again" }, { refresh_token: "again" }],
    ["expiresInMs", { expiresInMs: 60_000 }, { expires_in_ms: 60_000 }],
    ["expiresInMs of 0", { expiresInMs: 0 }, { expires_in_ms: 0 }],
    ["expiresInMs with a fraction", { expiresInMs: 1_000.9 }, { expires_in_ms: 1_000 }],
    [
      "a database row's nulls",
      { deviceId: null, userId: null, refreshToken: null, expiresInMs: null },
      { user_id: "@alice:example.org", device_id: "GIVEN" },
    ],
    ["members of its own", { id: 7, password: "hash" }, {}],
  ])("is answered with what issueToken gave: %s", async (_, given, expected) => {
    const url = await mount({}, { issueToken: () => ({ ...SURE, ...given }) });
    const { status, body } = await loginWith(url, token(), { device_id: "GIVEN" });
    expect(status).toBe(200);
    expect(body).toEqual({
      user_id: "@alice:example.org",
      access_token: "an access token",
      device_id: "GIVEN",
      home_server: "example.org",
      ...expected,
    });
  });

  test("is answered with well_known if it is set", async () => {
    const wellKnown = { "m.homeserver": { base_url: "https://matrix.example.org" } };
    const url = await mount({}, { wellKnown });
    expect((await loginWith(url, token())).body["well_known"]).toEqual(wellKnown);
  });

  test.each([
    ["of another name", { homeserver: { base_url: "https://matrix.example.org" } }, 1],
    ["of no object", { "m.homeserver": "https://matrix.example.org" }, 1],
    ["of an unset variable", { "m.homeserver": { base_url: "" } }, 1],
    ["of null", { "m.homeserver": null }, 1],
    [
      "of a URL object, which JSON makes a text of",
      { "m.homeserver": { base_url: new URL("https://matrix.example.org") } },
      0,
    ],
    ["with more beside it", { "m.homeserver": { base_url: "https://matrix.example.org" }, "org.example": 1 }, 0],
  ])("is warned of once, if well_known does not name the server: %s", async (_, wellKnown, warnings) => {
    const logger = recordingLogger();
    const url = await mount({}, { wellKnown, logger });
    expect((await loginWith(url, token())).status).toBe(200);
    await loginWith(url, token());
    expect(logger.lines).toHaveLength(warnings);
    for (const { message } of logger.lines) expect(message).toContain('["m.homeserver"].base_url');
  });

  test("has another device ID each time, unless the client gives one", async () => {
    const issueToken = jest.fn<IssueToken>().mockReturnValue(SURE);
    const url = await mount({}, { issueToken });

    const answers = [await loginWith(url, token()), await loginWith(url, token())];
    const given = await loginWith(url, token(), { device_id: "GIVEN" });

    const made = answers.map(({ body }) => body["device_id"]);
    expect(new Set(made).size).toBe(2);
    expect(given.body["device_id"]).toBe("GIVEN");
    expect(issueToken.mock.calls.map(([, { deviceId, deviceIdGiven }]) => [deviceId, deviceIdGiven])).toEqual([
      [made[0], false],
      [made[1], false],
      ["GIVEN", true],
    ]);
  });

  test("tells the callbacks all that is known of it", async () => {
    const logins: VerifiedLogin[] = [];
    const url = await mount(
      { displayNameClaim: "name" },
      {
        findUser: (id, seen) => {
          logins.push(seen);
          return { id };
        },
        issueToken: (_, seen) => {
          logins.push(seen);
          return SURE;
        },
      },
    );
    const exp = inSeconds(300);
    await login(
      url,
      {
        type: LOGIN_TYPE,
        token: token({ name: "Alice", admin: true, exp }),
        device_id: "GIVEN",
        initial_device_display_name: "Phone",
        refresh_token: true,
      },
      { headers: { "User-Agent": "a client" } },
    );

    expect(logins).toHaveLength(2);
    expect(logins[1]).toBe(logins[0]);
    const { req, ...seen } = logins[0] ?? {};
    expect(seen).toEqual({
      loginType: LOGIN_TYPE,
      userId: "@alice:example.org",
      localpart: "alice",
      displayName: "Alice",
      claims: { sub: "alice", name: "Alice", admin: true, exp },
      deviceId: "GIVEN",
      deviceIdGiven: true,
      initialDeviceDisplayName: "Phone",
      refreshToken: true,
      ip: expect.stringContaining("127.0.0.1"),
      userAgent: "a client",
    });
    expect(req).toMatchObject({ method: "POST", originalUrl: LOGIN_PATH });
  });

  test.each<[string, unknown, string | undefined]>([
    ["a text", "Alice 😀", "Alice 😀"],
    ["an empty text", "", ""],
    ["a number", 1, undefined],
    ["null", null, undefined],
    ["a list", ["Alice"], undefined],
    ["an object", { en: "Alice" }, undefined],
    ["a text with NUL", "Al\0ice", undefined],
    ["a text with a lone surrogate", "Alice \ud83d", undefined],
    ["missing", undefined, undefined],
  ])("takes the display name from a claim that is %s", async (_, name, displayName) => {
    const findUser = jest.fn<(id: string, login: VerifiedLogin) => User>().mockReturnValue({ id: "alice" });
    const url = await mount({ displayNameClaim: "name" }, { findUser });
    expect((await loginWith(url, token({ name }))).status).toBe(200);
    const seen = findUser.mock.calls[0]?.[1];
    expect(seen?.displayName).toBe(displayName);
    expect(Object.hasOwn(seen ?? {}, "displayName")).toBe(displayName !== undefined);
  });

  test.each<[string, unknown, object]>([
    ["a path", ["profile", "name"], { profile: { name: "Alice" } }],
    ["a name with dots", "https://idp.example/name", { "https://idp.example/name": "Alice" }],
    ["a function", ({ first }: { first: string }) => `${first}ice`, { first: "Al" }],
  ])("takes the display name from %s", async (_, displayNameClaim, claims) => {
    const findUser = jest.fn<(id: string, login: VerifiedLogin) => User>().mockReturnValue({ id: "alice" });
    await loginWith(await mount({ displayNameClaim }, { findUser }), token({ ...claims }));
    expect(findUser.mock.calls[0]?.[1].displayName).toBe("Alice");
  });

  test("has no display name unless a claim is named", async () => {
    const findUser = jest.fn<(id: string, login: VerifiedLogin) => User>().mockReturnValue({ id: "alice" });
    await loginWith(await mount({}, { findUser }), token({ name: "Alice", displayname: "Alice" }));
    expect(findUser.mock.calls[0]?.[1]).not.toHaveProperty("displayName");
  });

  test.each(["Bearer an-old-token", "Basic YWxpY2U6cGFzcw==", "nonsense"])(
    "does not look at an Authorization header (%s)",
    async (authorization) => {
      const url = await mount();
      const headers = { Authorization: authorization };
      expect((await login(url, { type: LOGIN_TYPE, token: token() }, { headers })).status).toBe(200);
      expect((await login(url, { type: LOGIN_TYPE, token: "no" }, { headers })).status).toBe(403);
    },
  );

  test.each(["constructor", "__proto__", "toString", "m.login.jwt"])("may be of a type called %s", async (name) => {
    const loginTypes = Object.fromEntries([
      [name, { secret: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }],
    ]);
    const url = await mount({}, { loginTypes, unknownLoginType: "reject" });
    const { status, body } = await login(url, { type: name, token: token() });
    expect(status).toBe(403);
    expect(body["error"]).toContain("signature");
  });

  test.each(["constructor", "__proto__", "toString", "hasOwnProperty", ""])(
    "of a type called %j is unknown if nobody set it",
    async (type) => {
      const url = await mount({}, { unknownLoginType: "reject" });
      const { status, body } = await login(url, { type, token: token() });
      expect([status, body["errcode"]]).toEqual([400, "M_UNKNOWN"]);
    },
  );

  test("runs to its end when the client hangs up meanwhile", async () => {
    const hungUp = new AbortController();
    let finish: () => void = () => undefined;
    const hangUpSeen = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let finished = 0;
    const url = await mount(
      {},
      {
        issueToken: async () => {
          hungUp.abort();
          await hangUpSeen;
          finished += 1;
          return SURE;
        },
      },
    );

    await expect(login(url, { type: LOGIN_TYPE, token: token() }, { signal: hungUp.signal })).rejects.toThrow(/abort/);
    expect(finished).toBe(0);
    finish();
    const next = await loginWith(url, token());

    expect(next.status).toBe(200);
    expect(finished).toBe(2);
  });

  test("is 503 with Retry-After in whole seconds if keys are unavailable", async () => {
    const jwks = await serveJwks();
    try {
      jwks.answer(text("down", 500));
      const url = await mount({ secret: undefined, jwksUri: jwks.url });
      const { status, headers, body } = await loginWith(url, token({}, { algorithm: "RS256" }));
      expect(status).toBe(503);
      expect(headers.get("Retry-After")).toBe("5");
      expect(body).toEqual({ errcode: "M_UNKNOWN", error: expect.any(String) });
      expect(body["error"]).not.toContain(jwks.url);
    } finally {
      await jwks.close();
    }
  });
});
