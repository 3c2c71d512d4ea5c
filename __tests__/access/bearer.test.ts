import { describe, expect, jest, test } from "@jest/globals";
import { MatrixError, type MatrixAccess } from "matrix-jwt-login";

import { hostOf, serveForTest } from "../helpers/test-hosts.js";
import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { send, valuesOf, type Received } from "../helpers/http-client.js";
import { KEYS, SECRET } from "../helpers/keys.js";
import { given } from "../helpers/login.js";
import { forged, inSeconds, signed } from "../helpers/tokens.js";
import { accessToken, auth, bearer, guarded, HOSTS } from "./helpers/guarded.js";

const ALICE = { userId: "@alice:example.org", localpart: "alice" };

const challengeOf = ({ headers }: Received) => headers["www-authenticate"];

/** An answer by which clients keep or discard their encryption keys. */
const unknownToken = (softLogout: boolean) => ({ errcode: "M_UNKNOWN_TOKEN", soft_logout: softLogout });

describe.each(HOSTS)("matrixBearerAuth on %s", (...host) => {
  test("lets a good token through, and says whose it is", async () => {
    const { ask } = await guarded(auth(), host);
    const exp = inSeconds(300);
    const { status, json } = await ask(bearer(accessToken({ exp, scope: "openid urn:matrix:client:device:PHONE" })));
    expect(status).toBe(200);
    expect(json["matrix"]).toEqual({
      ...ALICE,
      deviceId: "PHONE",
      scopes: ["openid", "urn:matrix:client:device:PHONE"],
      claims: { sub: "alice", exp, scope: "openid urn:matrix:client:device:PHONE" },
      expiresAt: exp,
    });
  });

  test.each([
    ["no header", undefined],
    ["another scheme", "Basic YTpi"],
  ])("answers a request with %s by 401 M_MISSING_TOKEN", async (_, authorization) => {
    const { ask } = await guarded(auth(), host);
    const answer = await ask(authorization);
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({ errcode: "M_MISSING_TOKEN", error: expect.any(String) });
    expect(challengeOf(answer)).toBe("Bearer");
  });

  test.each([
    ["two headers", ["Bearer a", "Bearer b"]],
    ["two headers, one of another scheme", ["Bearer a", "Basic YTpi"]],
    ["a malformed header", "Bearer a b"],
    ["no token in its header", "Bearer"],
    ["no JWT", "Bearer abc"],
  ])("answers a request with %s by 401 M_UNKNOWN_TOKEN", async (_, authorization) => {
    const { ask } = await guarded(auth(), host);
    const answer = await ask(authorization);
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({ ...unknownToken(false), error: expect.any(String) });
    expect(challengeOf(answer)).toBe('Bearer error="invalid_token"');
  });

  test("answers in JSON that nobody may cache, with CORS headers that are never doubled", async () => {
    const { ask } = await guarded(auth(), host);
    const answer = await ask();
    expect(answer.headers["content-type"]).toMatch(/^application\/json/);
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(valuesOf(answer, "Access-Control-Allow-Origin")).toEqual(["*"]);
  });

  test("has no CORS headers with cors: false", async () => {
    const { ask } = await guarded(auth({}, { cors: false }), host);
    expect(valuesOf(await ask(), "Access-Control-Allow-Origin")).toEqual([]);
  });

  test("lets OPTIONS through without a user, whatever its header", async () => {
    const { ask } = await guarded(auth(), host);
    const { status, json } = await ask(bearer(accessToken()), "OPTIONS");
    expect(status).toBe(200);
    expect(json).toEqual({ reached: true, has: false });
  });

  test("lets requests without a good token through, without a user, if it is optional", async () => {
    const { ask } = await guarded(auth().optional, host);
    for (const authorization of [undefined, "Basic YTpi", "Bearer a b", "Bearer abc", ["Bearer a", "Bearer b"]]) {
      expect((await ask(authorization)).json).toEqual({ reached: true, has: false });
    }
    expect((await ask(bearer(accessToken()))).json["matrix"]).toMatchObject(ALICE);
  });
});

test("lets a token without a required scope through, without a user, if it is optional", async () => {
  const { ask } = await guarded(auth({ requiredScopes: ["matrix"] }).optional);
  expect((await ask(bearer(accessToken({ scope: "openid" })))).json).toEqual({ reached: true, has: false });
});

test("reads no token but the header's", async () => {
  const { url } = await guarded(auth());
  const text = accessToken();
  const request = {
    method: "POST",
    path: `/_matrix/client/v3/x?access_token=${text}`,
    headers: { Cookie: `access_token=${text}` },
  };
  const { json } = await send(url, { ...request, body: JSON.stringify({ access_token: text }) });
  expect(json["errcode"]).toBe("M_MISSING_TOKEN");
});

describe("a refused token", () => {
  const refused: readonly (readonly [string, boolean, string, object?])[] = [
    ["expired", true, accessToken({ exp: inSeconds(-100) })],
    ["not yet valid", true, accessToken({ nbf: inSeconds(100) })],
    ["issued in the future", true, accessToken({ iat: inSeconds(100) })],
    ["too old", true, accessToken({ iat: inSeconds(-1_000) }), { maxTokenAge: 10 }],
    [
      "of an unknown key",
      true,
      accessToken({}, { algorithm: "ES256", header: { kid: "x" } }),
      { secret: undefined, jwks: { keys: [{ ...KEYS.ES256.publicKey.export({ format: "jwk" }), kid: "y" }] } },
    ],
    ["forged", false, forged(accessToken())],
    ["of another type", false, accessToken({}, { header: { typ: "JWT" } })],
    ["without expiry", false, accessToken({ exp: undefined })],
    ["of another issuer", false, accessToken({ iss: "x" }), { issuer: "https://id.example.org" }],
    ["for another audience", false, accessToken({ aud: "x" }), { audience: "matrix" }],
    ["for an audience that is not configured", false, accessToken({ aud: "x" })],
    ["of another algorithm", false, accessToken({}, { algorithm: "HS512" }), { algorithms: ["HS256"] }],
    ["without subject", false, accessToken({ sub: "" })],
    ["of another server's user", false, accessToken({ sub: "@alice:evil.org" }), { subjectFormat: "userId" }],
    ["of a user ID where there should be a localpart", false, accessToken({ sub: "@alice:example.org" })],
    ["of no user that there can be", false, accessToken({ sub: "al ice" })],
    ["for two devices", false, accessToken({ scope: "urn:matrix:client:device:A urn:matrix:client:device:B" })],
    ["that authorize refuses", false, accessToken(), { authorize: () => false }],
    ["over maxTokenLength", false, accessToken({ x: "x".repeat(200) }), { maxTokenLength: 200 }],
    ["malformed", false, signed("[]", { header: { typ: "at+jwt" } })],
  ];

  const rows = refused.map(([name, softLogout, text, tokens]) => [name, softLogout, text, tokens ?? {}] as const);

  test.each(rows)("%s is 401, soft_logout: %p", async (_, softLogout, text, tokens) => {
    const { ask } = await guarded(auth(given({ secret: SECRET, ...tokens })));
    const answer = await ask(bearer(text));
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({
      ...unknownToken(softLogout),
      error: expect.stringMatching(/^Access token refused: /),
    });
    expect(answer.text).not.toContain(text);
    expect(challengeOf(answer)).toBe('Bearer error="invalid_token"');
  });

  test("that lacks a required scope is 403 with the scopes that it takes", async () => {
    const { ask } = await guarded(auth({ requiredScopes: ["urn:matrix:client:api:*", "more"] }));
    const answer = await ask(bearer(accessToken({ scope: "urn:matrix:client:api:*" })));
    expect(answer.status).toBe(403);
    expect(answer.json).toEqual({ errcode: "M_FORBIDDEN", error: expect.any(String) });
    expect(challengeOf(answer)).toBe('Bearer error="insufficient_scope", scope="urn:matrix:client:api:* more"');
  });

  test.each([
    [{ scope: "urn:matrix:client:api:*" }],
    [{ scope: "openid urn:matrix:org.matrix.msc2967.client:api:*" }],
    [{ scp: ["urn:matrix:client:api:*"] }],
  ])("is none if its scopes are there: %p", async (claims) => {
    const { ask } = await guarded(auth({ requiredScopes: ["urn:matrix:client:api:*"] }));
    expect((await ask(bearer(accessToken(claims)))).status).toBe(200);
  });
});

describe("findUser", () => {
  const answerWith = async (findUser: unknown) => {
    const { ask } = await guarded(auth({}, { findUser }));
    return ask(bearer(accessToken({ device_id: "PHONE" })));
  };

  test.each([
    ["synchronous", (userId: string) => ({ userId })],
    ["async", (userId: string) => Promise.resolve({ userId })],
    [
      "a query that is thenable and no promise",
      (userId: string) => ({
        then: (f: (user: object) => void) => {
          f({ userId });
        },
      }),
    ],
    [
      "a function that is thenable",
      (userId: string) =>
        Object.assign(() => undefined, {
          then: (f: (user: object) => void) => {
            f({ userId });
          },
        }),
    ],
  ])("may be %s", async (_, findUser) => {
    const { json } = await answerWith(findUser);
    expect(json["matrix"]).toMatchObject({ ...ALICE, deviceId: "PHONE", user: { userId: ALICE.userId } });
  });

  test.each([[() => undefined], [() => null], [() => Promise.resolve(undefined)], [() => Promise.resolve(null)]])(
    "that finds nobody is 401 M_UNKNOWN_TOKEN",
    async (findUser) => {
      const answer = await answerWith(findUser);
      expect(answer.status).toBe(401);
      expect(answer.json).toMatchObject(unknownToken(false));
      expect(challengeOf(answer)).toBe('Bearer error="invalid_token"');
    },
  );

  const locked = () =>
    new MatrixError("M_USER_LOCKED", "This account is locked", { statusCode: 401, fields: { soft_logout: true } });

  test.each([
    [
      "throws",
      () => {
        throw locked();
      },
    ],
    ["rejects with", () => Promise.reject(locked())],
  ])("%s a MatrixError: that is the answer", async (_, findUser) => {
    const answer = await answerWith(findUser);
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({ errcode: "M_USER_LOCKED", error: "This account is locked", soft_logout: true });
    expect(challengeOf(answer)).toBe('Bearer error="invalid_token"');
  });

  test("refuses with 403: the challenge names no error of the token", async () => {
    const answer = await answerWith(() => Promise.reject(new MatrixError("M_USER_DEACTIVATED")));
    expect(answer.status).toBe(403);
    expect(challengeOf(answer)).toBe("Bearer");
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("the database's secret");
      },
    ],
    ["rejects", () => Promise.reject(new Error("the database's secret"))],
    ["returns a list", () => []],
    ["returns false", () => Promise.resolve(false)],
  ])("%s: 500, and nothing of the error is sent", async (_, findUser) => {
    const answer = await answerWith(findUser);
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({ errcode: "M_UNKNOWN", error: "Internal server error" });
    expect(challengeOf(answer)).toBeUndefined();
  });

  test("is asked on every request, so that a logout works at once", async () => {
    const users = new Set([ALICE.userId]);
    const { ask } = await guarded(auth({}, { findUser: (userId: string) => (users.has(userId) ? {} : null) }));
    const authorization = bearer(accessToken());
    expect((await ask(authorization)).status).toBe(200);
    users.clear();
    expect((await ask(authorization)).status).toBe(401);
  });

  test("that answers at once is not waited for, and one that does not is", async () => {
    const letInAtOnce: boolean[] = [];
    for (const findUser of [() => ({ id: 1 }), () => Promise.resolve({ id: 1 })]) {
      const check = auth({}, { findUser });
      const { ask } = await guarded((req, res, next) => {
        let isIn = false;
        check(req, res, () => {
          isIn = true;
          next();
        });
        letInAtOnce.push(isIn);
      });
      expect((await ask(bearer(accessToken()))).status).toBe(200);
    }
    expect(letInAtOnce).toEqual([true, false]);
  });

  test("decides for optional endpoints too, but for its faults", async () => {
    const answers = [() => undefined, () => Promise.reject(locked()), () => Promise.reject(new Error("down"))];
    const statuses = answers.map(async (findUser) => {
      const { ask } = await guarded(auth({}, { findUser }).optional);
      const { status, json } = await ask(bearer(accessToken()));
      return [status, json["has"]];
    });
    expect(await Promise.all(statuses)).toEqual([
      [200, false],
      [200, false],
      [500, undefined],
    ]);
  });
});

test.each([undefined, { find: () => "@alice:example.org" }])(
  "authorize may change the claims that it is given, as at a login: externalIds %j",
  async (externalIds) => {
    const authorize = ({ groups }: { readonly groups?: unknown }) => (groups as string[]).sort()[0] === "a";
    const { ask } = await guarded(auth({ authorize }, externalIds && { externalIds }));
    const text = accessToken({ iss: "https://id.example.org", groups: ["b", "a"] });
    const { matrix } = (await ask(bearer(text))).json;
    // What is kept is what was verified.
    expect(matrix).toMatchObject({ userId: "@alice:example.org", claims: { groups: ["b", "a"] } });
  },
);

test("authorize may look at claims of any depth", async () => {
  let deep: unknown = "end";
  for (let i = 0; i < 2_000; i += 1) deep = [deep];
  const { ask } = await guarded(
    auth({ authorize: ({ groups }: { readonly groups?: unknown }) => Array.isArray(groups) }),
  );
  expect((await ask(bearer(accessToken({ groups: deep })))).status).toBe(200);
});

describe("req.matrix", () => {
  test("is frozen deeply but for the user", async () => {
    const seen: MatrixAccess[] = [];
    const check = auth({}, { findUser: () => ({ rooms: [] }) });
    const { url } = await serveForTest((req, res) => {
      check(req, res, () => {
        seen.push(check.of(req));
        res.end();
      });
    });
    await send(url, { method: "GET", headers: { Authorization: bearer(accessToken({ deep: { list: [{}] } })) } });
    const [access] = seen as [MatrixAccess<{ rooms: unknown[] }>];
    const { deep } = access.claims as { deep: { list: object[] } };
    for (const part of [access, access.claims, access.scopes, deep, deep.list, deep.list[0]]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
    access.user.rooms.push("a room");
    expect(access.user.rooms).toHaveLength(1);
  });

  test("of an earlier check is removed first", async () => {
    const earlier = auth();
    const later = auth({ audience: "another" });
    const { ask } = await guarded((req, res, next) => {
      earlier(req, res, () => {
        later.optional(req, res, next);
      });
    });
    expect((await ask(bearer(accessToken()))).json).toEqual({ reached: true, has: false });
  });

  test("is given by of, which throws on a request that its handler did not see", async () => {
    const check = auth();
    const other = auth();
    const seen: unknown[] = [];
    const { ask } = await guarded((req, res, next) => {
      expect(() => check.of(req)).toThrow("did not run");
      check(req, res, () => {
        seen.push(check.of(req), (req as { matrix?: unknown }).matrix);
        expect(() => other.of(req)).toThrow("did not run");
        next();
      });
    });
    expect((await ask(bearer(accessToken()))).status).toBe(200);
    expect(seen[0]).toBe(seen[1]);
    expect(seen[0]).toMatchObject(ALICE);
  });

  test("may be nothing where the user is optional, and of says so", async () => {
    const check = auth().optional;
    const seen: (MatrixAccess | undefined)[] = [];
    const { ask } = await guarded((req, res, next) => {
      expect(() => check.of(req)).toThrow("give the request of Node.js (req.raw)");
      check(req, res, () => {
        seen.push(check.of(req));
        next();
      });
    });
    await ask();
    await ask(bearer(accessToken()));
    expect(seen).toEqual([undefined, expect.objectContaining(ALICE)]);
  });
});

describe.each(EXPRESS_VERSIONS)("the README's route on %s", (_, express) => {
  test("answers whoami", async () => {
    const check = auth();
    const app = express();
    app.get("/_matrix/client/v3/account/whoami", check, (req, res) => {
      const { userId, deviceId } = check.of(req);
      res.json({ user_id: userId, device_id: deviceId });
    });
    const { url } = await hostOf(express, app);
    const path = "/_matrix/client/v3/account/whoami";
    const headers = { Authorization: bearer(accessToken({ device_id: "PHONE" })) };
    const { json } = await send(url, { method: "GET", path, headers });
    expect(json).toEqual({ user_id: "@alice:example.org", device_id: "PHONE" });
  });
});

describe("subjects and devices", () => {
  test.each([
    [{ subjectClaim: "username" }, { username: "bob" }, "@bob:example.org", undefined],
    [{ subjectFormat: "userId" }, { sub: "@bob:example.org" }, "@bob:example.org", undefined],
    [{ subjectFormat: "either" }, { sub: "@bob:example.org" }, "@bob:example.org", undefined],
    [{ localpart: "lowercase" }, { sub: "Bob" }, "@bob:example.org", undefined],
    [{ localpart: "escape" }, { sub: "auth0|1" }, "@auth0=7c1:example.org", undefined],
    [{ deviceClaim: "sid" }, { sid: "A", device_id: "B" }, "@alice:example.org", "A"],
    [{ deviceClaim: ["x", "y"] }, { x: { y: "A" } }, "@alice:example.org", "A"],
    [{ deviceClaim: () => "A" }, {}, "@alice:example.org", "A"],
    [{ deviceClaim: "sid" }, { device_id: "B" }, "@alice:example.org", undefined],
  ])("follow the options %p", async (tokens, claims, userId, deviceId) => {
    const { ask } = await guarded(auth(tokens));
    const { matrix } = (await ask(bearer(accessToken(claims)))).json as { matrix: MatrixAccess };
    expect([matrix.userId, matrix.deviceId]).toEqual([userId, deviceId]);
  });

  test("a deviceClaim that gives no device ID refuses the token", async () => {
    const { ask } = await guarded(auth({ deviceClaim: "sid" }));
    expect((await ask(bearer(accessToken({ sid: 5 })))).json).toMatchObject(unknownToken(false));
  });
});

test("a handler after it that throws is the host's own fault, and its token is not refused", async () => {
  const onReject = jest.fn();
  const check = auth({}, { onReject });
  for (const [, express] of EXPRESS_VERSIONS) {
    const { url } = await hostOf(express, check as never, () => {
      throw Object.assign(new Error("teapot"), { status: 418 });
    });
    const { status } = await send(url, { method: "GET", headers: { Authorization: bearer(accessToken()) } });
    expect(status).toBe(418);
  }
  expect(onReject).not.toHaveBeenCalled();
});
