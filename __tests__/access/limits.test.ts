import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { beforeEach, describe, expect, jest, test } from "@jest/globals";
import { createBearerAuth, type AccessContext, type AccessRejectEvent, type MatrixError } from "matrix-jwt-login";

import { movableClock } from "../helpers/clock.js";
import { rejection } from "../helpers/core.js";
import { send } from "../helpers/http-client.js";
import { jwk, P256, P384, SECRET } from "../helpers/keys.js";
import { until } from "../helpers/until.js";
import { limiter, scripted, stoppedTimers, usedUp } from "../limits/helpers.js";
import { accessToken, auth, bearer, guarded, HOSTS } from "./helpers/guarded.js";

const FROM = { ip: "192.0.2.1" };
const good = bearer(accessToken());
const forged = bearer(`${accessToken().slice(0, -4)}AAAA`);

const check = (failures: object, options: object = {}) =>
  createBearerAuth({
    serverName: "example.org",
    tokens: { secret: SECRET, tokenType: "at+jwt" },
    rateLimits: { failures: failures as never },
    logger: false,
    ...options,
  });

describe("rateLimits.failures", () => {
  test("counts bad tokens by address, and refuses what comes after them", async () => {
    const { authenticate } = check(limiter({ points: 3 }));
    const statusOf = async (authorization: string, context: AccessContext = FROM) => {
      const error = await authenticate(authorization, context).catch((reason: unknown) => reason);
      return (error as { statusCode?: number }).statusCode ?? 200;
    };
    const other = bearer(accessToken({ jti: "2" }));
    for (let i = 0; i < 10; i += 1) expect(await statusOf(bearer(accessToken({ jti: i })))).toBe(200);
    for (let i = 0; i < 3; i += 1) expect(await statusOf(forged)).toBe(401);
    expect(await statusOf(other)).toBe(429);
    expect(await statusOf(other, { ip: "192.0.2.2" })).toBe(200);
    expect(await rejection(authenticate(bearer(accessToken({ jti: "3" })), FROM))).toMatchObject({
      errcode: "M_LIMIT_EXCEEDED",
      retryAfterMs: expect.any(Number),
    });
  });

  test("is not asked for tokens that are cached", async () => {
    const failures = scripted();
    const { authenticate } = check(failures);
    await authenticate(good, FROM);
    failures.consume.mockRejectedValue(usedUp());
    expect(await authenticate(good, FROM)).toMatchObject({ localpart: "alice" });
    expect(failures.consume.mock.calls).toEqual([["failures:192.0.2.1"]]);
  });

  test("lets in all that one client asks at once with one good token, however few points there are", async () => {
    const { authenticate } = check(limiter({ points: 2 }));
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => authenticate(good, FROM)));
    expect(all.map(({ status }) => status)).toEqual(Array(10).fill("fulfilled"));
    // Each point has come back.
    for (let i = 0; i < 2; i += 1)
      expect(((await rejection(authenticate(forged, FROM))) as MatrixError).statusCode).toBe(401);
    const other = bearer(accessToken({ jti: "2" }));
    expect(await rejection(authenticate(other, FROM))).toMatchObject({ statusCode: 429 });
  });

  test.each(["introspection", "an introspection that fails"])(
    "waits for a verification that is under way elsewhere: %s",
    async (what) => {
      const fails = what !== "introspection";
      let answer: (response: Response) => void = () => undefined;
      const fetch = jest.fn(() => new Promise<Response>((resolve) => (answer = resolve)));
      const introspection = { endpoint: "https://id.example.org/introspect", fetch };
      const { authenticate } = check(limiter({ points: 1 }), { tokens: { introspection, audience: null } });
      const both = [authenticate(bearer("opaque"), FROM), authenticate(bearer("opaque"), FROM)];
      await until(() => fetch.mock.calls.length > 0);
      answer(Response.json({ active: !fails, sub: "alice" }));
      const statuses = (await Promise.allSettled(both)).map((one) =>
        one.status === "fulfilled" ? 200 : (one.reason as MatrixError).statusCode,
      );
      expect(statuses).toEqual(fails ? [401, 429] : [200, 200]);
      expect(fetch).toHaveBeenCalledTimes(1);
    },
  );

  describe("over the limit, while another request has the token verified", () => {
    let answer: (response: Response) => void;
    const underWay = async () => {
      const fetch = jest.fn(() => new Promise<Response>((resolve) => (answer = resolve)));
      const introspection = { endpoint: "https://id.example.org/introspect", fetch, timeout: 10 };
      const { authenticate } = check(limiter({ points: 1 }), { tokens: { introspection, audience: null } });
      const first = authenticate(bearer("opaque"), FROM);
      await until(() => fetch.mock.calls.length > 0);
      return { first, authenticate };
    };

    test("waits two seconds for it, and no longer", async () => {
      const { first, authenticate } = await underWay();
      const { pass } = stoppedTimers();
      const settled = jest.fn();
      const second = rejection(authenticate(bearer("opaque"), FROM)).finally(settled);
      await pass(1_999);
      expect(settled).not.toHaveBeenCalled();
      await pass(1);
      expect(await second).toMatchObject({ statusCode: 429 });
      jest.useRealTimers();
      answer(Response.json({ active: true, sub: "alice" }));
      expect(await first).toMatchObject({ localpart: "alice" });
    });

    test("goes no further if its client has hung up meanwhile", async () => {
      const { first, authenticate } = await underWay();
      const signal = { aborted: false };
      const second = rejection(authenticate(bearer("opaque"), { ...FROM, signal }));
      await new Promise(setImmediate);
      signal.aborted = true;
      answer(Response.json({ active: true, sub: "alice" }));
      expect(await second).toMatchObject({ statusCode: 499 });
      expect(await first).toMatchObject({ localpart: "alice" });
    });
  });

  test("is not asked for requests without a token", async () => {
    const failures = scripted();
    await rejection(check(failures).authenticate(undefined, FROM));
    expect(failures.consume).not.toHaveBeenCalled();
  });

  test.each([
    ["a good token", good, {}],
    ["a user who is not found", good, { findUser: () => null }],
  ])("is given back for %s", async (_, authorization, options) => {
    const failures = scripted();
    await check(failures, options)
      .authenticate(authorization, FROM)
      .catch(() => undefined);
    expect(failures.reward).toHaveBeenCalledTimes(1);
  });

  const find = (): null => null;

  test.each([
    ["a forged token", forged, {}, 0],
    ["a token whose subject has not the format", bearer(accessToken({ sub: "a:b" })), {}, 0],
    ["a token of no user that there can be", bearer(accessToken({ sub: "al ice" })), {}, 0],
    ["a token of no device that there can be", bearer(accessToken({ device_id: "" })), {}, 0],
    ["an identity that is linked to nobody", bearer(accessToken({ iss: "x" })), { externalIds: { find } }, 1],
  ])("is used up by tokens that are to blame, and by no others: %s", async (_, authorization, options, times) => {
    const failures = scripted();
    expect(await rejection(check(failures, options).authenticate(authorization, FROM))).toMatchObject({
      statusCode: 401,
    });
    expect(failures.reward).toHaveBeenCalledTimes(times);
  });

  test("that is down is 503", async () => {
    const failures = scripted();
    failures.consume.mockRejectedValue(new Error("down"));
    expect(await rejection(check(failures).authenticate(good, FROM))).toMatchObject({
      statusCode: 503,
      errcode: "M_UNKNOWN",
      retryAfterMs: 5_000,
    });
  });

  test("counts by the request's address", async () => {
    const failures = scripted();
    const { url } = await guarded(auth({}, { rateLimits: { failures } }));
    await send(url, { method: "GET", headers: { Authorization: good } });
    expect(failures.consume.mock.calls).toEqual([["failures:127.0.0.1"]]);
  });

  test("counts by the address that clientAddress gives", async () => {
    const failures = scripted();
    const clientAddress = ({ headers }: { readonly headers: IncomingHttpHeaders }) => headers["x-real-ip"] as string;
    const { url } = await guarded(auth({}, { rateLimits: { failures }, clientAddress }));
    await send(url, { method: "GET", headers: { Authorization: good, "X-Real-IP": "192.0.2.1" } });
    expect(failures.consume.mock.calls).toEqual([["failures:192.0.2.1"]]);
  });

  test.each([() => null, () => 7, () => Promise.reject(new Error("later"))])(
    "is not asked if clientAddress gives no text (%p), which is the host's fault",
    async (clientAddress) => {
      const failures = scripted();
      const { ask } = await guarded(auth({}, { rateLimits: { failures }, clientAddress }));
      expect((await ask(good)).status).toBe(500);
      expect(failures.consume).not.toHaveBeenCalled();
    },
  );

  test("stays an answer if the user is optional", async () => {
    const failures = scripted();
    failures.consume.mockRejectedValue(usedUp());
    const { ask } = await guarded(auth({}, { rateLimits: { failures } }).optional);
    const { status, headers, json } = await ask(good);
    expect([status, headers["retry-after"], json["errcode"]]).toEqual([429, "2", "M_LIMIT_EXCEEDED"]);
  });
});

describe("a client that hangs up", () => {
  const authorize = jest.fn(() => true);
  beforeEach(() => {
    authorize.mockClear();
  });

  test("before its limit is asked is counted by none", async () => {
    const failures = scripted();
    const onReject = jest.fn();
    const { authenticate } = check(failures, { onReject, tokens: { secret: SECRET, authorize } });
    const context = { ...FROM, signal: AbortSignal.abort() };
    expect(await rejection(authenticate(good, context))).toMatchObject({ statusCode: 499 });
    for (const mock of [authorize, onReject, failures.consume]) expect(mock).not.toHaveBeenCalled();
  });

  test("while its limit is asked has no token verified, and its point given back", async () => {
    const failures = scripted();
    const signal = { aborted: false };
    failures.consume.mockImplementation(() => {
      signal.aborted = true;
      return Promise.resolve({});
    });
    const onReject = jest.fn();
    const { authenticate } = check(failures, { onReject, tokens: { secret: SECRET, authorize } });
    expect(await rejection(authenticate(good, { ...FROM, signal }))).toMatchObject({ statusCode: 499 });
    expect(authorize).not.toHaveBeenCalled();
    expect(onReject).not.toHaveBeenCalled();
    expect(failures.reward).toHaveBeenCalledTimes(1);
  });

  test.each(HOSTS)("while its limit is asked has no token verified, and goes no further, on %s", async (...host) => {
    let answer: (value: unknown) => void = () => undefined;
    const failures = scripted();
    const asked = new Promise<void>((resolve) => {
      failures.consume.mockImplementation(() => {
        resolve();
        return new Promise((answered) => (answer = answered));
      });
    });
    const onReject = jest.fn();
    const checked = auth({ authorize }, { rateLimits: { failures }, onReject });
    const next = jest.fn();
    const closed = jest.fn();
    const { url } = await guarded((req, res, later) => {
      req.socket.once("close", closed);
      checked.optional(req, res, (error) => {
        next();
        later(error);
      });
    }, host);
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname).on("error", () => undefined);
    socket.write(`GET / HTTP/1.1\r\nHost: a\r\nAuthorization: ${good}\r\n\r\n`);
    await asked;
    socket.resetAndDestroy();
    await until(() => closed.mock.calls.length > 0);
    answer({});
    await until(() => failures.reward.mock.calls.length > 0);
    expect(authorize).not.toHaveBeenCalled();
    expect(next).not.toHaveBeenCalled();
    expect(onReject).not.toHaveBeenCalled();
  });
});

test.each([
  ["the same key", P256, "@alice:example.org"],
  ["another key", P384, 401],
] as const)(
  "a token that was verified while its limit was asked is looked at again if the key file has to be, of %s",
  async (_, key, result) => {
    const clock = movableClock();
    const directory = mkdtempSync(join(tmpdir(), "access-limits-"));
    const keyFile = join(directory, "keys.json");
    writeFileSync(keyFile, JSON.stringify({ keys: [jwk(P256)] }));
    let letIn: (answer: object) => void = () => undefined;
    const failures = scripted();
    failures.consume.mockImplementationOnce(() => new Promise((resolve) => (letIn = resolve)));
    const { authenticate } = check(failures, { tokens: { keyFile, tokenType: "at+jwt" } });
    const authorization = bearer(accessToken({}, { algorithm: "ES256" }));
    const first = authenticate(authorization, FROM);
    await authenticate(authorization, FROM);
    writeFileSync(keyFile, JSON.stringify({ keys: [jwk(key)] }));
    clock.move(5);
    letIn({});
    const outcome = await first.then(
      ({ userId }) => userId,
      (error: unknown) => (error as MatrixError).statusCode,
    );
    expect(outcome).toBe(result);
    clock.restore();
    rmSync(directory, { recursive: true });
  },
);

test("the address of a client that hangs up while a key file is read is the one that it had", async () => {
  const directory = mkdtempSync(join(tmpdir(), "access-limits-"));
  const keyFile = join(directory, "keys.json");
  writeFileSync(keyFile, JSON.stringify({ keys: [jwk(P256)] }));
  const failures = scripted();
  const { authenticate } = check(failures, { tokens: { keyFile, tokenType: "at+jwt" } });
  const clock = movableClock();
  const known = bearer(accessToken({}, { algorithm: "ES256" }));
  await authenticate(known, FROM);
  writeFileSync(keyFile, JSON.stringify({ keys: [jwk(P384)] }));
  clock.move(5);
  const addresses = ["192.0.2.2"];
  const context = {
    get ip() {
      return addresses.pop();
    },
  };
  expect(await rejection(authenticate(known, context))).toMatchObject({ statusCode: 401 });
  expect(failures.consume.mock.calls).toEqual([["failures:192.0.2.1"], ["failures:192.0.2.2"]]);
  clock.restore();
  rmSync(directory, { recursive: true });
});

test("a context that throws is the host's fault", async () => {
  const context = {
    get ip(): string {
      throw new Error("no address");
    },
  };
  expect(await rejection(check(scripted()).authenticate(good, context))).toMatchObject({ statusCode: 500 });
});

describe("onReject", () => {
  const down = (): never => {
    throw new Error("down");
  };

  const rows: readonly (readonly [string, number, string, string | undefined, object])[] = [
    ["missing", 401, "M_MISSING_TOKEN", undefined, {}],
    ["malformed", 401, "M_UNKNOWN_TOKEN", "Bearer", {}],
    ["signature", 401, "M_UNKNOWN_TOKEN", forged, {}],
    ["user_id", 401, "M_UNKNOWN_TOKEN", bearer(accessToken({ sub: "a:b" })), {}],
    ["device", 401, "M_UNKNOWN_TOKEN", bearer(accessToken({ device_id: "" })), {}],
    ["unknown_user", 401, "M_UNKNOWN_TOKEN", good, { findUser: () => null }],
    ["unlinked", 401, "M_UNKNOWN_TOKEN", bearer(accessToken({ iss: "x" })), { externalIds: { find: () => null } }],
    ["subject", 401, "M_UNKNOWN_TOKEN", good, { externalIds: { find: () => null } }],
    ["rate_limited", 429, "M_LIMIT_EXCEEDED", good, { rateLimits: { failures: limiter({ points: 0 }) } }],
    ["host", 500, "M_UNKNOWN", good, { findUser: down }],
  ];

  test.each(rows)("says why: %s", async (reason, statusCode, errcode, authorization, options) => {
    const onReject = jest.fn<(event: AccessRejectEvent) => void>();
    const req = {};
    await rejection(check(scripted(), { onReject, ...options }).authenticate(authorization, { ...FROM, req }));
    const userId = ["unknown_user", "host"].includes(reason) ? { userId: "@alice:example.org" } : {};
    expect(onReject.mock.calls).toEqual([
      [{ ...userId, statusCode, errcode, reason, durationMs: expect.any(Number), req }],
    ]);
  });

  test("that throws changes nothing", async () => {
    const { authenticate } = check(scripted(), { onReject: down });
    expect(await rejection(authenticate(undefined))).toMatchObject({ errcode: "M_MISSING_TOKEN" });
  });
});
