import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { createBearerAuth, matrixBearerAuth, type BearerAuth } from "matrix-jwt-login";

import { movableClock, type Clock } from "../helpers/clock.js";
import { rejection } from "../helpers/core.js";
import { keySet, serveJwks, type JwksServer } from "../helpers/jwks-server.js";
import { jwk, P256, P384, SECRET, type KeyPair } from "../helpers/keys.js";
import { QUICK } from "../helpers/remote-login.js";
import { until } from "../helpers/until.js";
import { accessToken, auth, bearer, guarded } from "./helpers/guarded.js";

/** A check that counts how often its tokens are verified: `authorize` is asked each time. */
function counting(
  tokens: object = {},
  options: object = {},
  keys: object = { secret: SECRET },
): BearerAuth & { readonly verified: () => number } {
  let verified = 0;
  const authorize = () => {
    verified += 1;
    return true;
  };
  const check = createBearerAuth({
    serverName: "example.org",
    tokens: { ...keys, tokenType: "at+jwt", authorize, ...tokens } as never,
    logger: false,
    ...options,
  });
  return { ...check, verified: () => verified };
}

let clock: Clock;
beforeEach(() => {
  clock = movableClock();
});
afterEach(() => {
  clock.restore();
});

describe("verified tokens", () => {
  test("are verified once, and give the same each time", async () => {
    const { authenticate, verified } = counting();
    const authorization = bearer(accessToken());
    const first = await authenticate(authorization);
    expect(await authenticate(authorization)).toBe(first);
    expect(verified()).toBe(1);
  });

  test("are verified anew if a verification under way does not end within a minute", async () => {
    let asked = 0;
    let answer: (isGood: boolean) => void = () => undefined;
    const late = new Promise<boolean>((resolve) => (answer = resolve));
    const authorize = () => {
      asked += 1;
      return asked < 3 ? late : true;
    };
    const { authenticate } = counting({ authorize });
    const authorization = bearer(accessToken());
    void authenticate(authorization);
    const joined = jest.fn();
    void authenticate(authorization).then(joined);
    await sleep(5);
    expect([asked, joined.mock.calls.length]).toEqual([1, 0]);
    clock.move(60);
    void authenticate(authorization);
    await sleep(5);
    clock.move(60);
    await authenticate(authorization);
    await authenticate(authorization);
    expect(asked).toBe(3);
    answer(true);
    await until(() => joined.mock.calls.length === 1);
  });

  test("are verified once for concurrent first uses", async () => {
    let asked = 0;
    const authorize = async () => {
      asked += 1;
      await sleep(5);
      return true;
    };
    const { authenticate } = counting({ authorize });
    const authorization = bearer(accessToken());
    await Promise.all(Array.from({ length: 20 }, () => authenticate(authorization)));
    expect(asked).toBe(1);
  });

  const NOW = 1_700_000_000;
  const again = { refused: false, verified: 2 };
  const refused = { refused: true, verified: 1 };

  test.each([
    ["maxAge", { exp: NOW + 300 }, {}, {}, 120, again],
    ["another maxAge", { exp: NOW + 300 }, {}, { maxAge: 10 }, 10, again],
    ["exp with its leeway", { exp: NOW + 5 }, {}, {}, 65, refused],
    ["exp without leeway", { exp: NOW + 5 }, { clockTolerance: 0 }, {}, 5, refused],
    ["maxTokenAge with its leeway", { iat: NOW, exp: NOW + 300 }, { maxTokenAge: 10 }, {}, 70.1, refused],
  ])("are kept until %s", async (_, claims, rules, cache, seconds, outcome) => {
    clock.stopAt(NOW);
    const { authenticate, verified } = counting(rules, { cache });
    const authorization = bearer(accessToken(claims));
    await authenticate(authorization);
    clock.move(seconds - 0.2);
    await authenticate(authorization);
    expect(verified()).toBe(1);
    clock.move(0.2);
    const isRefused = await authenticate(authorization).then(
      () => false,
      () => true,
    );
    expect({ refused: isRefused, verified: verified() }).toEqual(outcome);
  });

  test("drop the least recently used one", async () => {
    const { authenticate, verified } = counting({}, { cache: { maxEntries: 2 } });
    const [one, two, three] = ["1", "2", "3"].map((jti) => bearer(accessToken({ jti })));
    for (const each of [one, two, one, three, one]) await authenticate(each);
    expect(verified()).toBe(3);
    await authenticate(two);
    expect(verified()).toBe(4);
  });

  test("are verified on each request with cache: false, also if that takes time", async () => {
    let asked = 0;
    const authorize = () => {
      asked += 1;
      return Promise.resolve(true);
    };
    const check = counting({ authorize }, { cache: false });
    const text = bearer(accessToken());
    await Promise.all([check.authenticate(text), check.authenticate(text)]);
    expect(asked).toBe(2);
  });

  test("need not be waited for with cache: false", async () => {
    const { ask } = await guarded(auth({}, { cache: false }));
    expect((await ask(bearer(accessToken()))).json).toMatchObject({ has: true });
  });

  test("are verified on each request with cache: false", async () => {
    const { authenticate, verified } = counting({}, { cache: false });
    const authorization = bearer(accessToken());
    await Promise.all([authenticate(authorization), authenticate(authorization)]);
    await authenticate(authorization);
    expect(verified()).toBe(3);
  });

  test("are not those that failed", async () => {
    let good = false;
    const { authenticate } = counting({ authorize: () => good });
    const authorization = bearer(accessToken());
    expect(await rejection(authenticate(authorization))).toMatchObject({ errcode: "M_UNKNOWN_TOKEN" });
    good = true;
    expect(await authenticate(authorization)).toMatchObject({ localpart: "alice" });
  });

  test("stay if many forged ones come", async () => {
    const { authenticate, verified } = counting({}, { cache: { maxEntries: 2 } });
    const authorization = bearer(accessToken());
    await authenticate(authorization);
    for (let i = 0; i < 1_000; i += 1) {
      await authenticate(bearer(`${accessToken({ jti: i }).slice(0, -4)}AAAA`)).catch(() => undefined);
    }
    await authenticate(authorization);
    expect(verified()).toBe(1);
  });
});

test("a token without expiry is kept for maxAge", async () => {
  const { authenticate, verified } = counting({ requireExpiry: false });
  const authorization = bearer(accessToken({ exp: undefined }));
  expect(await authenticate(authorization)).not.toHaveProperty("expiresAt");
  clock.move(119);
  await authenticate(authorization);
  expect(verified()).toBe(1);
  clock.move(2);
  await authenticate(authorization);
  expect(verified()).toBe(2);
});

describe("a key file", () => {
  test("that changes ends the tokens of its old key within 5 seconds, and no others", async () => {
    const directory = mkdtempSync(join(tmpdir(), "access-cache-"));
    const file = join(directory, "keys.json");
    const write = (...keys: readonly object[]) => {
      writeFileSync(file, JSON.stringify({ keys }));
      clock.move(5);
    };
    const [one, two] = [
      { ...jwk(P256), kid: "one" },
      { ...jwk(P384), kid: "two" },
    ];
    write(one, two);
    const { authenticate, verified } = counting({}, {}, { keyFile: file });
    const ofOne = bearer(accessToken({}, { algorithm: "ES256", header: { kid: "one" } }));
    const ofTwo = bearer(accessToken({}, { algorithm: "ES384", header: { kid: "two" } }));
    for (const each of [ofOne, ofTwo]) await authenticate(each);
    clock.move(5);
    await authenticate(ofTwo);
    expect(verified()).toBe(2);
    write(two);
    expect(await rejection(authenticate(ofOne))).toMatchObject({ fields: { soft_logout: true } });
    expect(await authenticate(ofTwo)).toMatchObject({ localpart: "alice" });
    rmSync(directory, { recursive: true });
  });
});

test("a known token whose key is in a file is not waited for, by whoever asks often", async () => {
  const directory = mkdtempSync(join(tmpdir(), "access-cache-"));
  const keyFile = join(directory, "keys.json");
  const write = (pair: KeyPair) => {
    writeFileSync(keyFile, JSON.stringify({ keys: [jwk(pair)] }));
  };
  write(P256);
  const check = matrixBearerAuth({
    serverName: "example.org",
    tokens: { keyFile, tokenType: "at+jwt" },
    logger: false,
  });
  const authorization = bearer(accessToken({}, { algorithm: "ES256" }));
  /** True: let through before it returned. */
  const isLetIn = (): boolean => {
    const next = jest.fn();
    const req = Object.assign(new IncomingMessage(new Socket()), { method: "GET", headers: { authorization } });
    check(req, new ServerResponse(req), next);
    return next.mock.calls.length > 0;
  };
  isLetIn();
  for (let seconds = 0; seconds < 30; seconds += 3) {
    clock.move(3);
    expect(isLetIn()).toBe(true);
    // Time to read the file.
    await sleep(100);
  }
  write(P384);
  clock.move(3);
  isLetIn();
  await until(() => !isLetIn());
  rmSync(directory, { recursive: true });
});

describe("keys of an endpoint", () => {
  let server: JwksServer;
  const OLD = { ...jwk(P256), kid: "old" };
  const NEW = { ...jwk(P384), kid: "new" };
  const old = bearer(accessToken({}, { algorithm: "ES256", header: { kid: "old" } }));
  const young = bearer(accessToken({}, { algorithm: "ES384", header: { kid: "new" } }));

  beforeEach(async () => {
    server = await serveJwks([OLD]);
  });
  afterEach(() => server.close());

  const remote = (jwksOptions: object = {}) =>
    counting({}, {}, { jwksUri: server.url, jwksOptions: { ...QUICK, ...jwksOptions } });

  test("are not asked for by requests whose tokens are known", async () => {
    const { authenticate, verified } = remote();
    for (let i = 0; i < 10; i += 1) await authenticate(old);
    expect([verified(), server.requests.length]).toEqual([1, 1]);
  });

  test("that are replaced by a set without the token's key end the token at once", async () => {
    const { authenticate } = remote();
    await authenticate(old);
    server.answer(keySet([NEW]));
    expect(await authenticate(young)).toMatchObject({ localpart: "alice" });
    expect(await rejection(authenticate(old))).toMatchObject({
      errcode: "M_UNKNOWN_TOKEN",
      fields: { soft_logout: true },
    });
  });

  test("that still have the token's key keep it", async () => {
    const { authenticate, verified } = remote();
    await authenticate(old);
    server.answer(keySet([NEW, OLD]));
    await authenticate(young);
    await authenticate(old);
    expect(verified()).toBe(2);
  });

  test("that are withdrawn end the token within the documented bound, though it alone is used", async () => {
    const { authenticate } = remote({ cacheMaxAge: 10 });
    await authenticate(old);
    server.answer(keySet([NEW]));
    clock.move(11);
    await authenticate(old);
    await until(() =>
      authenticate(old).then(
        () => false,
        () => true,
      ),
    );
  });

  test("that nobody asked for in a long time are fetched before a known token is used", async () => {
    const { authenticate } = remote({ cacheMaxAge: 10 });
    await authenticate(old);
    server.answer(keySet([NEW]));
    clock.move(21);
    expect(await rejection(authenticate(old))).toMatchObject({ fields: { soft_logout: true } });
  });

  test("that can't be had are 503 with Retry-After, and a known token goes on", async () => {
    server.answer((_, res) => {
      res.writeHead(500).end();
    });
    const { authenticate } = remote();
    expect(await rejection(authenticate(old))).toMatchObject({
      statusCode: 503,
      errcode: "M_UNKNOWN",
      retryAfterMs: 1_000,
    });
    server.answer(keySet([OLD]));
    await until(() =>
      authenticate(old).then(
        () => true,
        () => false,
      ),
    );
    server.answer((_, res) => {
      res.writeHead(500).end();
    });
    clock.move(100);
    expect(await authenticate(old)).toMatchObject({ localpart: "alice" });
  });
});
