import crypto, { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type { Fetch } from "matrix-jwt-login";

import { RemoteJwks, type JwksEndpoint } from "../../../lib/tokens/keys/remote-jwks.js";
import { movableClock, type Clock } from "../../helpers/clock.js";
import { FAULTS } from "../../helpers/faults.js";
import { EXPRESS_VERSIONS } from "../../helpers/hosts.js";
import { keySet, serveJwks, text, type JwksAnswer, type JwksServer } from "../../helpers/jwks-server.js";
import { ED25519, jwk, P256, RSA } from "../../helpers/keys.js";
import { host, loginWith, optionsWith } from "../../helpers/login.js";
import { portToComeBackTo } from "../../helpers/ports.js";
import { QUICK, remoteLogin } from "../../helpers/remote-login.js";
import { inSeconds, token } from "../../helpers/tokens.js";
import { until } from "../../helpers/until.js";
import { unusableKeys } from "../../helpers/unusable-keys.js";

const exp = inSeconds(10 * 86_400);
const good = token({ exp }, { algorithm: "RS256", header: { kid: "rsa" } });
const withoutKid = token({ exp }, { algorithm: "RS256" });
const unknownKid = token({ exp }, { algorithm: "RS256", header: { kid: "unknown" } });
const ofNewKey = token({ exp }, { algorithm: "ES256", header: { kid: "ec" } });
const forged = token(
  { exp },
  { algorithm: "RS256", header: { kid: "rsa" }, key: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey },
);
const GOOD_SET = keySet([jwk(RSA, { kid: "rsa" })]);

let server: JwksServer;
let clock: Clock;

beforeEach(async () => {
  server = await serveJwks();
  server.answer(GOOD_SET);
  clock = movableClock();
});

afterEach(async () => {
  clock.restore();
  await server.close();
});

describe("an endpoint that", () => {
  test.each(FAULTS)("%s", async (name, fault) => {
    // Only what never ends need wait it out.
    const settings = { ...QUICK, cooldown: 0.005, timeout: /hangs|drips/.test(name) ? 0.4 : 5 };
    const settles = (settings.cooldown + settings.timeout + 1) * 1_000;
    server.answer(fault);
    const { attempt, timed, errors, logger } = remoteLogin(server.url, settings);
    const outcomes = async (...made: readonly string[]): Promise<string[]> => {
      const results = await Promise.all(made.map(timed));
      expect(Math.max(...results.map(({ ms }) => ms))).toBeLessThan(settles);
      return results.map(({ outcome }) => outcome);
    };

    // Without any key nothing can be told of a token, but for what is wrong with it by itself.
    const down = "503 keys_unavailable";
    expect(await outcomes(good, forged, unknownKid, withoutKid)).toEqual([down, down, down, down]);
    expect(await outcomes("rubbish", token())).toEqual(["403 malformed", "403 algorithm"]);
    expect(server.requests.length).toBe(1);
    expect([errors.length, logger.warn.mock.calls.length]).toEqual([1, 1]);

    server.answer(GOOD_SET);
    await until(async () => (await attempt(good)) === "200");
    expect(await outcomes(withoutKid, forged)).toEqual(["200", "403 signature"]);

    // With keys at hand known ones serve, and only what the endpoint alone could tell is left open.
    server.answer(fault);
    clock.move(QUICK.cacheMaxAge + 1);
    expect(await outcomes(good, forged, unknownKid, ofNewKey)).toEqual(["200", "403 signature", down, down]);
    clock.move(QUICK.cacheMaxAge * 5);
    // Meanwhile nobody tried: the first login tries, and then serves by what there is.
    expect(await outcomes(good, forged, unknownKid)).toEqual(["200", "403 signature", down]);
    expect(logger.warn).toHaveBeenCalledTimes(2);

    server.answer(keySet([jwk(P256, { kid: "ec" }), jwk(RSA, { kid: "rsa" })]));
    await until(async () => (await attempt(ofNewKey)) === "200");
    expect(await outcomes(good, forged, unknownKid)).toEqual(["200", "403 signature", "403 unknown_key"]);
    expect(logger.info).toHaveBeenCalledTimes(2);
  });
});

describe("the log says why keys are unavailable, if the endpoint", () => {
  const redirecting: JwksAnswer = (req, res) => {
    if (req.url === "/elsewhere") GOOD_SET(req, res);
    else res.writeHead(302, { Location: "/elsewhere" }).end();
  };
  const invalidUtf8: JwksAnswer = (_, res) => {
    const [head = "", tail = ""] = JSON.stringify({ keys: [jwk(RSA, { kid: "rsa" })], note: "|" }).split("|");
    res.writeHead(200).end(Buffer.concat([Buffer.from(head), Buffer.from([0xff]), Buffer.from(tail)]));
  };

  test.each<[string, JwksAnswer, RegExp, Fetch]>([
    ["hangs", () => undefined, /^no complete answer within 0.15 s$/, fetch],
    ["answers 404", text("{}", 404), /^answered with status 404$/, fetch],
    ["answers 204", text("", 204), /^answered with status 204$/, fetch],
    ["answers with HTML", text("<!doctype html>"), /^answered with something that is not JSON$/, fetch],
    ["answers with null", text("null"), /^answered with something that is not a JWK Set$/, fetch],
    ["answers with a list", text("[]"), /^answered with something that is not a JWK Set$/, fetch],
    [
      "answers with text in place of keys",
      text('{"keys":"rsa"}'),
      /^answered with something that is not a JWK Set$/,
      fetch,
    ],
    ["answers with no key", keySet([]), /^answered with a JWK Set that has no usable key$/, fetch],
    ["answers with too much", text(" ".repeat(1_048_577)), /^answered with more than 1048576 bytes$/, fetch],
    ["answers with what is not UTF-8, in a set that would do", invalidUtf8, /not valid.*utf-8/i, fetch],
    [
      "redirects, and the host's own `fetch` follows",
      redirecting,
      /^answered with a redirect$/,
      (url, init) => fetch(url, { ...init, redirect: "follow" }),
    ],
    [
      "is asked by a `fetch` of the host's that gives no body",
      GOOD_SET,
      /^answered without a body$/,
      () => Promise.resolve(new Response(null)),
    ],
  ])("%s", async (_, answer, why, ownFetch) => {
    server.answer(answer);
    const { attempt, errors } = remoteLogin(server.url, { timeout: 0.15, fetch: ownFetch });
    expect(await attempt(good)).toBe("503 keys_unavailable");
    expect(errors[0]?.error.message).toBe("keys could not be fetched");
    expect((errors[0]?.error.cause as Error).message).toMatch(why);
  });
});

test("if keys are available from the start, nothing is logged", async () => {
  const { attempt, logger } = remoteLogin(server.url);
  expect(await attempt(good)).toBe("200");
  for (const tell of Object.values(logger)) expect(tell).not.toHaveBeenCalled();
});

describe.each(EXPRESS_VERSIONS)("a client on %s", (_, express) => {
  test("gets 503 for the keys and 403 for the token", async () => {
    const loginType = { secret: undefined, jwksUri: server.url, jwksOptions: QUICK };
    const running = await host(optionsWith(loginType), express);
    server.answer(text("", 500));
    const unavailable = await loginWith(running.url, good);
    expect(unavailable.status).toBe(503);
    expect(unavailable.body).toEqual({ errcode: "M_UNKNOWN", error: expect.stringContaining("keys") as unknown });
    expect(unavailable.headers.get("retry-after")).toBe("1");
    expect(unavailable.headers.get("cache-control")).toBe("no-store");
    expect(JSON.stringify(unavailable.body)).not.toMatch(/127\.0\.0\.1|500|answered/);
    expect(await loginWith(running.url, "rubbish")).toMatchObject({ status: 403, body: { errcode: "M_FORBIDDEN" } });

    server.answer(GOOD_SET);
    expect((await loginWith(running.url, good)).status).toBe(200);
    const refused = await loginWith(running.url, forged);
    expect(refused).toMatchObject({ status: 403, body: { errcode: "M_FORBIDDEN" } });
    expect(refused.headers.get("retry-after")).toBeNull();

    server.answer(text("", 500));
    expect(await loginWith(running.url, unknownKid)).toMatchObject({ status: 503, body: { errcode: "M_UNKNOWN" } });
    expect((await loginWith(running.url, good)).status).toBe(200);
    await running.close();
  });

  test("is told to come back after the cooldown, in whole seconds", async () => {
    server.answer(text("", 500));
    const loginType = { secret: undefined, jwksUri: server.url, jwksOptions: { cooldown: 2.1 } };
    const running = await host(optionsWith(loginType), express);
    const { headers } = await loginWith(running.url, good);
    await running.close();
    expect(headers.get("retry-after")).toBe("3");
  });
});

test("an endpoint that refuses connections, and comes back", async () => {
  await server.close();
  const port = await portToComeBackTo();
  const { attempt, timed, errors, logger } = remoteLogin(`http://127.0.0.1:${String(port)}/jwks`, { cooldown: 0 });
  expect(await timed(good)).toMatchObject({ outcome: "503 keys_unavailable" });
  expect(errors[0]?.error.cause).toMatchObject({ cause: { code: "ECONNREFUSED" } });

  server = await serveJwks([], port);
  server.answer(GOOD_SET);
  expect(await attempt(good)).toBe("200");
  expect(logger.info).toHaveBeenCalledTimes(1);
  await server.close();

  clock.move(QUICK.cacheMaxAge + 1);
  expect(await attempt(good)).toBe("200");
  expect(await attempt(unknownKid)).toBe("503 keys_unavailable");
  server = await serveJwks();
});

test("an endpoint that accepts connections and never answers", async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as { port: number };
  const { outcome, ms } = await remoteLogin(`http://127.0.0.1:${String(port)}/`, { timeout: 0.25 }).timed(good);
  silent.close();
  expect(outcome).toBe("503 keys_unavailable");
  expect(ms).toBeGreaterThan(200);
  expect(ms).toBeLessThan(1_300);
});

test("an outage and its end are logged once", async () => {
  server.answer(text("", 500));
  const { attempt, errors, logger } = remoteLogin(server.url, { cooldown: 0 });
  for (let count = 0; count < 5; count += 1) expect(await attempt(good)).toBe("503 keys_unavailable");
  expect(errors.length).toBe(5);
  expect(errors[0]).toMatchObject({ loginType: "org.matrix.login.jwt", error: { name: "KeysUnavailableError" } });
  expect((errors[0]?.error.cause as Error).message).toMatch(/500/);
  expect(logger.warn).toHaveBeenCalledTimes(1);
  expect(logger.info).not.toHaveBeenCalled();
  server.answer(GOOD_SET);
  expect(await attempt(good)).toBe("200");
  expect(logger.info).toHaveBeenCalledTimes(1);
  expect(logger.error).not.toHaveBeenCalled();
});

describe("a set that is fetched", () => {
  test("ignores keys that can't be used", async () => {
    server.answer(
      keySet([...unusableKeys("rsa").map(([, key]) => key), jwk(RSA, { kid: "rsa" }), jwk(P256, { kid: "ec" })]),
    );
    const { attempt } = remoteLogin(server.url);
    expect(await attempt(good)).toBe("200");
    expect(await attempt(withoutKid)).toBe("200");
    expect(await attempt(ofNewKey)).toBe("200");
    expect(await attempt(forged)).toBe("403 signature");
  });

  test("may be as long as the limit to the byte", async () => {
    const body = JSON.stringify({ keys: [jwk(RSA, { kid: "rsa" })] }).padEnd(2_000);
    server.answer(text(body));
    expect(await remoteLogin(server.url, { maxResponseSize: 2_000 }).attempt(good)).toBe("200");
    expect(await remoteLogin(server.url, { maxResponseSize: 1_999 }).attempt(good)).toBe("503 keys_unavailable");
  });

  test.each<[string, Readonly<Record<string, string>>, string]>([
    ["the type of a JWK Set", { "Content-Type": "application/jwk-set+json" }, ""],
    ["any other type", { "Content-Type": "text/plain" }, ""],
    ["a byte order mark", {}, "\ufeff"],
    ["headers about its age, which the options overrule", { "Cache-Control": "no-store", Age: "9999" }, ""],
  ])("may have %s", async (_, headers, prefix) => {
    server.answer(text(prefix + JSON.stringify({ keys: [jwk(RSA, { kid: "rsa" })] }), 200, headers));
    const { attempt } = remoteLogin(server.url);
    expect(await attempt(good)).toBe("200");
    expect(await attempt(good)).toBe("200");
    expect(server.requests.length).toBe(1);
  });

  test("is asked for with GET and the types of JSON", async () => {
    let seen: unknown;
    server.answer((req, res) => {
      seen = [req.method, req.headers.accept, req.headers.authorization, req.headers.cookie];
      GOOD_SET(req, res);
    });
    await remoteLogin(server.url).attempt(good);
    expect(seen).toEqual(["GET", expect.stringContaining("application/json"), undefined, undefined]);
  });

  test("of 4,000 keys has each parsed when it is first used, and once", async () => {
    const filler = jwk(RSA);
    const keys = Array.from({ length: 4_000 }, (_, index) => ({ ...filler, kid: `key ${String(index)}` }));
    server.answer(keySet([...keys, jwk(RSA, { kid: "rsa" })]));
    const parse = jest.spyOn(crypto, "createPublicKey");
    const { attempt } = remoteLogin(server.url, { maxResponseSize: 5_000_000, timeout: 5 });
    const outcomes = await Promise.all(Array.from({ length: 1_000 }, () => attempt(good)));
    expect(new Set(outcomes)).toEqual(new Set(["200"]));
    // One to see that the set is of any use, and the token's own: the rest is of no use yet.
    expect(parse.mock.calls.length).toBe(2);
    expect(server.requests.length).toBe(1);
    parse.mockRestore();
  });
});

test("1,000 cold logins at once are one fetch, and all get in", async () => {
  server.answer((req, res) => {
    setTimeout(() => {
      GOOD_SET(req, res);
    }, 50);
  });
  const { attempt } = remoteLogin(server.url, { timeout: 5 });
  const outcomes = await Promise.all(Array.from({ length: 1_000 }, () => attempt(good)));
  expect(new Set(outcomes)).toEqual(new Set(["200"]));
  expect(server.requests.length).toBe(1);
});

describe("a warm login", () => {
  test("never asks the endpoint while the set is fresh", async () => {
    const { attempt } = remoteLogin(server.url);
    expect(await attempt(good)).toBe("200");
    clock.move(QUICK.cacheMaxAge - 1);
    for (let count = 0; count < 20; count += 1) expect(await attempt(good)).toBe("200");
    expect(await attempt(forged)).toBe("403 signature");
    await sleep(2 * QUICK.cooldown * 1_000);
    expect(server.requests.length).toBe(1);
  });

  test("is not held up by the refresh, which is one", async () => {
    const { attempt, timed } = remoteLogin(server.url, { timeout: 3 });
    expect(await attempt(good)).toBe("200");
    server.answer(() => undefined);
    clock.move(QUICK.cacheMaxAge + 1);
    for (let count = 0; count < 20; count += 1) {
      const { outcome, ms } = await timed(good);
      expect(outcome).toBe("200");
      expect(ms).toBeLessThan(1_000);
    }
    await until(() => server.requests.length > 1);
    expect(server.requests.length).toBe(2);
  });

  test("is not held up by a refresh that was begun in time, however old the keys are by now", async () => {
    const { attempt, timed } = remoteLogin(server.url, { timeout: 3 });
    expect(await attempt(good)).toBe("200");
    server.answer(() => undefined);
    clock.move(QUICK.cacheMaxAge * 2 - 1);
    expect(await attempt(good)).toBe("200");
    clock.move(2);
    const { outcome, ms } = await timed(good);
    expect(outcome).toBe("200");
    expect(ms).toBeLessThan(1_000);
  });

  test("starts the refresh, and the next one has the new keys", async () => {
    const { attempt } = remoteLogin(server.url);
    expect(await attempt(good)).toBe("200");
    server.answer(keySet([jwk(P256, { kid: "ec" })]));
    clock.move(QUICK.cacheMaxAge * 2 - 1);
    expect(await attempt(good)).toBe("200");
    await until(async () => (await attempt(good)) === "403 unknown_key");
    expect(await attempt(ofNewKey)).toBe("200");
  });
});

describe("a key that was withdrawn", () => {
  const withdraw = (): void => {
    server.answer(keySet([jwk(P256, { kid: "ec" })]));
  };

  test.each([2.01, 5, 144, 1_000])(
    "is refused at once by a server that stood idle for %p times the age",
    async (times) => {
      const { attempt } = remoteLogin(server.url);
      expect(await attempt(good)).toBe("200");
      withdraw();
      clock.move(QUICK.cacheMaxAge * times);
      expect(await attempt(good)).toBe("403 unknown_key");
      expect(await attempt(ofNewKey)).toBe("200");
      expect(server.requests.length).toBe(2);
    },
  );

  test("is refused at once by a server that stood idle since the endpoint failed", async () => {
    const { attempt, errors } = remoteLogin(server.url);
    expect(await attempt(good)).toBe("200");
    server.answer(text("down", 500));
    clock.move(QUICK.cacheMaxAge + 1);
    expect(await attempt(good)).toBe("200");
    await until(() => errors.length === 1);
    withdraw();
    clock.move(QUICK.cacheMaxAge * 2);
    expect(await attempt(good)).toBe("403 unknown_key");
  });

  test("is refused by a server that stood idle, whichever login comes first", async () => {
    const { attempt } = remoteLogin(server.url);
    expect(await attempt(good)).toBe("200");
    withdraw();
    clock.move(QUICK.cacheMaxAge * 3);
    const outcomes = await Promise.all([good, ofNewKey, good, withoutKid, forged].map((made) => attempt(made)));
    expect(outcomes).toEqual(["403", "200", "403", "403", "403"].map((status) => expect.stringContaining(status)));
    expect(server.requests.length).toBe(2);
  });

  test("is refused if the refresh that began in time has ended, and the endpoint hung so long", async () => {
    const { attempt } = remoteLogin(server.url, { timeout: 0.6 });
    expect(await attempt(good)).toBe("200");
    let answer = (): void => undefined;
    server.answer((req, res) => {
      answer = () => {
        keySet([jwk(P256, { kid: "ec" })])(req, res);
      };
    });
    clock.move(QUICK.cacheMaxAge * 1.9);
    expect(await attempt(good)).toBe("200");
    await until(() => server.requests.length === 2);
    clock.move(QUICK.cacheMaxAge * 0.2);
    expect(await attempt(good)).toBe("200");
    answer();
    withdraw();
    await until(async () => (await attempt(good)) === "403 unknown_key");
  });

  test("is refused although a flood of other tokens waits for the same refresh", async () => {
    const { attempt } = remoteLogin(server.url, { timeout: 2 });
    expect(await attempt(good)).toBe("200");
    clock.move(QUICK.cacheMaxAge * 3);
    server.answer((req, res) => {
      setTimeout(() => {
        keySet([jwk(P256, { kid: "ec" })])(req, res);
      }, 300);
    });
    const flood = Array.from({ length: 1_000 }, () => attempt(unknownKid));
    // The endpoint lives, so the idle server's old set must not serve: not even where no more tokens may wait.
    expect(await attempt(good)).toBe("503 keys_unavailable");
    expect(new Set(await Promise.all(flood))).toEqual(new Set(["403 unknown_key"]));
    expect(await attempt(good)).toBe("403 unknown_key");
  });
});

test("a set is as old as the question that it answers, however late the answer came", async () => {
  const { attempt } = remoteLogin(server.url);
  server.answer((req, res) => {
    // As if the answer took so long.
    clock.move(QUICK.cacheMaxAge - 10);
    GOOD_SET(req, res);
  });
  expect(await attempt(good)).toBe("200");
  server.answer(keySet([jwk(P256, { kid: "ec" })]));
  clock.move(20);
  expect(await attempt(good)).toBe("200");
  await until(() => server.requests.length === 2);
});

describe("while the endpoint is down", () => {
  test("the older set serves on while attempts fail, although they are rarer than `cacheMaxAge`", async () => {
    const settings = { cacheMaxAge: 1, cooldown: 30, timeout: 10 };
    const { attempt, timed, errors } = remoteLogin(server.url, settings);
    expect(await attempt(good)).toBe("200");
    server.answer(text("", 500));
    clock.move(31);
    // Nobody asked for long: the login tries, and then serves by what there is.
    expect(await attempt(good)).toBe("200");
    expect(errors.length).toBe(1);
    // The last failure is younger than a cooldown and a timeout: the next attempt may still be under way.
    server.answer(() => undefined);
    clock.move(35);
    const { outcome, ms } = await timed(good);
    expect(outcome).toBe("200");
    expect(ms).toBeLessThan(2_000);
    await until(() => server.requests.length === 3);
  });

  test("known keys work throughout an hour of it, and nobody waits", async () => {
    const { attempt, timed, logger } = remoteLogin(server.url, { cooldown: 0.01 });
    expect(await attempt(good)).toBe("200");
    server.answer(text("", 503));
    for (let minute = 0; minute < 60; minute += 1) {
      clock.move(60);
      const { outcome, ms } = await timed(good);
      expect([minute, outcome]).toEqual([minute, "200"]);
      expect(ms).toBeLessThan(1_000);
      expect(await attempt(forged)).toBe("403 signature");
      await sleep(2);
    }
    expect(logger.warn).toHaveBeenCalledTimes(1);
    expect(await attempt(unknownKid)).toBe("503 keys_unavailable");
    server.answer(keySet([jwk(ED25519, { kid: "ed" })]));
    await sleep(20);
    expect(await attempt(unknownKid)).toBe("403 unknown_key");
    expect(await attempt(good)).toBe("403 unknown_key");
    expect(logger.info).toHaveBeenCalledTimes(1);
  });

  test("known keys work up to `staleIfError`, and not beyond", async () => {
    const { attempt } = remoteLogin(server.url, { cacheMaxAge: 100, staleIfError: 1_000, cooldown: 0 });
    expect(await attempt(good)).toBe("200");
    server.answer(text("", 500));
    clock.move(150);
    expect(await attempt(good)).toBe("200");
    expect(await attempt(unknownKid)).toBe("503 keys_unavailable");
    clock.move(840);
    expect(await attempt(good)).toBe("200");
    clock.move(20);
    expect(await attempt(good)).toBe("503 keys_unavailable");
    expect(await attempt(forged)).toBe("503 keys_unavailable");
    server.answer(GOOD_SET);
    expect(await attempt(good)).toBe("200");
  });

  test("an idle server's older set serves up to `staleIfError` as well", async () => {
    const { attempt } = remoteLogin(server.url, { cacheMaxAge: 100, staleIfError: 1_000 });
    expect(await attempt(good)).toBe("200");
    server.answer(text("", 500));
    clock.move(900);
    expect(await attempt(good)).toBe("200");
    expect(await attempt(unknownKid)).toBe("503 keys_unavailable");
    clock.move(200);
    expect(await attempt(good)).toBe("503 keys_unavailable");
  });

  test("nothing serves beyond its age if `staleIfError` is 0", async () => {
    const { attempt } = remoteLogin(server.url, { cacheMaxAge: 100, staleIfError: 0, cooldown: 0 });
    expect(await attempt(good)).toBe("200");
    server.answer(text("", 500));
    clock.move(101);
    await attempt(good);
    await until(async () => (await attempt(good)) === "503 keys_unavailable");
  });

  test("the older set serves at once although the last attempt hangs", async () => {
    const { attempt, timed } = remoteLogin(server.url, { timeout: 1.5, cooldown: 0 });
    expect(await attempt(good)).toBe("200");
    server.answer(text("", 500));
    clock.move(QUICK.cacheMaxAge * 1.5);
    expect(await attempt(good)).toBe("200");
    expect(await attempt(unknownKid)).toBe("503 keys_unavailable");
    server.answer(() => undefined);
    clock.move(QUICK.cacheMaxAge * 0.9);
    for (let count = 0; count < 5; count += 1) {
      const { outcome, ms } = await timed(good);
      expect(outcome).toBe("200");
      expect(ms).toBeLessThan(1_000);
    }
  });
});

test("a clock that is set back makes the set old, and not new for ever", async () => {
  const { attempt } = remoteLogin(server.url);
  clock.move(10 * 86_400);
  const made = token({ exp: exp + 20 * 86_400 }, { algorithm: "RS256", header: { kid: "rsa" } });
  expect(await attempt(made)).toBe("200");
  server.answer(keySet([jwk(P256, { kid: "ec" })]));
  clock.move(-10 * 86_400);
  expect(await attempt(made)).toBe("403 unknown_key");
});

describe("ready()", () => {
  test("fetches the keys ahead, so that the first login need not", async () => {
    const { core, attempt } = remoteLogin(server.url);
    expect(server.requests.length).toBe(0);
    await core.ready();
    expect(server.requests.length).toBe(1);
    await core.ready();
    expect(await attempt(good)).toBe("200");
    expect(server.requests.length).toBe(1);
  });

  test("rejects while keys are unavailable, and resolves when they can", async () => {
    server.answer(text("", 500));
    const { core } = remoteLogin(server.url);
    await expect(core.ready()).rejects.toMatchObject({ name: "KeysUnavailableError", code: "keys_unavailable" });
    server.answer(GOOD_SET);
    await expect(core.ready()).resolves.toBeUndefined();
    server.answer(text("", 500));
    clock.move(QUICK.cacheMaxAge + 1);
    await expect(core.ready()).resolves.toBeUndefined();
    // The refresh in the background is part of this test: none may outlast it.
    await until(() => Promise.resolve(server.requests.length === 3));
  });
});

test("an endpoint that is found too late is not asked", async () => {
  const fetch = jest.fn<Fetch>().mockRejectedValue(new Error("asked"));
  let found: Promise<unknown> = Promise.resolve();
  const endpoint: JwksEndpoint = {
    load: (fetchSet) => {
      const late = sleep(100).then(() => fetchSet(server.url));
      found = late.catch((error: unknown) => error);
      return late;
    },
  };
  const settings = { ...QUICK, timeout: 0.02, fetch, maxResponseSize: 1_000, allowHttp: false };
  const jwks = new RemoteJwks(endpoint, settings, { failed: jest.fn(), recovered: jest.fn() });
  await expect(jwks.ready()).rejects.toMatchObject({ code: "keys_unavailable" });
  expect(await found).toMatchObject({ name: "AbortError" });
  expect(fetch).not.toHaveBeenCalled();
});
