import { generateKeyPairSync } from "node:crypto";

import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { keySet, serveJwks, text, type JwksServer } from "../../helpers/jwks-server.js";
import { jwk, P256, RSA } from "../../helpers/keys.js";
import { remoteLogin } from "../../helpers/remote-login.js";
import { token } from "../../helpers/tokens.js";
import { until } from "../../helpers/until.js";

const good = token({}, { algorithm: "RS256", header: { kid: "rsa" } });
const ofNewKey = token({}, { algorithm: "ES256", header: { kid: "ec" } });
const FOREIGN = generateKeyPairSync("ec", { namedCurve: "P-256" });
const OLD_SET = keySet([jwk(RSA, { kid: "rsa" })]);
const BOTH = keySet([jwk(RSA, { kid: "rsa" }), jwk(P256, { kid: "ec" })]);

function forgedKid(name: number | string): string {
  return token({}, { algorithm: "ES256", header: { kid: `forged ${String(name)}` }, key: FOREIGN.privateKey });
}

let server: JwksServer;

beforeEach(async () => {
  server = await serveJwks();
  server.answer(OLD_SET);
});

afterEach(async () => {
  await server.close();
});

/** Milliseconds between each fetch and the one before. */
function pauses(): readonly number[] {
  return server.requests.slice(1).map((time, index) => time - (server.requests[index] ?? 0));
}

describe("a token of an unknown kid", () => {
  test("is answered by a fetch at once if the last one is long ago: a rotation works at once", async () => {
    const { attempt, timed } = remoteLogin(server.url, { cooldown: 0.1 });
    expect(await attempt(good)).toBe("200");
    await until(() => Date.now() - (server.requests[0] ?? 0) > 150);
    server.answer(BOTH);
    const { outcome, ms } = await timed(ofNewKey);
    expect(outcome).toBe("200");
    expect(ms).toBeLessThan(1_000);
    expect(await attempt(good)).toBe("200");
    expect(server.requests.length).toBe(2);
  });

  test("waits for the next fetch that is allowed, and gets in by it", async () => {
    const { attempt, timed } = remoteLogin(server.url, { cooldown: 0.4 });
    expect(await attempt(good)).toBe("200");
    server.answer(BOTH);
    const { outcome, ms } = await timed(ofNewKey);
    expect(outcome).toBe("200");
    expect(ms).toBeGreaterThan(300);
    expect(pauses()[0]).toBeGreaterThanOrEqual(390);
  });

  test("is refused as unknown if the fetch does not know it either", async () => {
    const { attempt } = remoteLogin(server.url);
    expect(await attempt(good)).toBe("200");
    expect(await attempt(forgedKid(1))).toBe("403 unknown_key");
    expect(server.requests.length).toBe(2);
  });

  test("is not refused if the fetch failed: the key might be there", async () => {
    const { attempt } = remoteLogin(server.url);
    expect(await attempt(good)).toBe("200");
    server.answer(text("", 500));
    expect(await attempt(forgedKid(1))).toBe("503 keys_unavailable");
    expect(await attempt(good)).toBe("200");
  });

  test("has a fetch under way count", async () => {
    const { attempt } = remoteLogin(server.url);
    expect(await attempt(good)).toBe("200");
    server.answer((req, res) => {
      setTimeout(() => {
        BOTH(req, res);
      }, 100);
    });
    const first = attempt(forgedKid(1));
    await until(() => server.requests.length === 2);
    const later = attempt(ofNewKey);
    expect([await first, await later]).toEqual(["403 unknown_key", "200"]);
    expect(server.requests.length).toBe(2);
  });

  test("that joins a fetch begun before the rotation waits for the one after it", async () => {
    const { attempt, timed } = remoteLogin(server.url, { cooldown: 0.2 });
    expect(await attempt(good)).toBe("200");
    let answer = (): void => undefined;
    server.answer((req, res) => {
      answer = () => {
        OLD_SET(req, res);
      };
    });
    const first = attempt(forgedKid(1));
    await until(() => server.requests.length === 2);
    // The endpoint rotates while the fetch is under way: what it answers was true when it was asked.
    const later = timed(ofNewKey);
    server.answer(BOTH);
    answer();
    expect(await first).toBe("403 unknown_key");
    const { outcome, ms } = await later;
    expect(outcome).toBe("200");
    expect(ms).toBeGreaterThan(150);
    expect(server.requests.length).toBe(3);
  });

  test("that joins a fetch which fails gets in by the next one", async () => {
    const { attempt } = remoteLogin(server.url, { cooldown: 0.1 });
    expect(await attempt(good)).toBe("200");
    let answer = (): void => undefined;
    server.answer((req, res) => {
      answer = () => {
        text("", 500)(req, res);
      };
    });
    const first = attempt(forgedKid(1));
    await until(() => server.requests.length === 2);
    const later = attempt(ofNewKey);
    server.answer(BOTH);
    answer();
    expect([await first, await later]).toEqual(["503 keys_unavailable", "200"]);
  });

  test("settles within the cooldown and two timeouts, however late the endpoint answers", async () => {
    const settings = { cooldown: 0.2, timeout: 0.3 };
    const { attempt, timed } = remoteLogin(server.url, settings);
    expect(await attempt(good)).toBe("200");
    server.answer(() => undefined);
    const first = attempt(forgedKid(1));
    await until(() => server.requests.length === 2);
    const { outcome, ms } = await timed(ofNewKey);
    expect(outcome).toBe("503 keys_unavailable");
    expect(ms).toBeLessThan((settings.cooldown + 2 * settings.timeout + 1) * 1_000);
    expect(await first).toBe("503 keys_unavailable");
  });

  test("holds no other login up", async () => {
    const { attempt, timed } = remoteLogin(server.url, { cooldown: 0.5 });
    expect(await attempt(good)).toBe("200");
    const waiting = attempt(forgedKid(1));
    for (let count = 0; count < 10; count += 1) {
      const { outcome, ms } = await timed(good);
      expect(outcome).toBe("200");
      expect(ms).toBeLessThan(400);
    }
    expect(await waiting).toBe("403 unknown_key");
  });
});

test("a token without a kid that no key fits waits for the next fetch as well", async () => {
  const { attempt } = remoteLogin(server.url);
  const withoutKid = token({}, { algorithm: "ES256" });
  expect(await attempt(good)).toBe("200");
  server.answer(BOTH);
  expect(await attempt(withoutKid)).toBe("200");
  expect(await attempt(token({}, { algorithm: "ES256", key: FOREIGN.privateKey }))).toBe("403 signature");
  expect(server.requests.length).toBe(2);
});

test("a kid that is known, with an algorithm that its key has not, costs no fetch", async () => {
  const { attempt } = remoteLogin(server.url);
  expect(await attempt(good)).toBe("200");
  for (let count = 0; count < 10; count += 1) {
    expect(await attempt(token({}, { algorithm: "ES256", header: { kid: "rsa" } }))).toBe("403 unknown_key");
  }
  expect(server.requests.length).toBe(1);
});

test("a bad signature under a known kid costs no fetch", async () => {
  const { attempt } = remoteLogin(server.url);
  server.answer(BOTH);
  for (let count = 0; count < 10; count += 1) {
    expect(await attempt(token({}, { algorithm: "ES256", header: { kid: "ec" }, key: FOREIGN.privateKey }))).toBe(
      "403 signature",
    );
  }
  expect(server.requests.length).toBe(1);
});

test.each([
  ["answers", OLD_SET, "403 unknown_key"],
  ["fails", text("", 500), "503 keys_unavailable"],
])("no two fetches are closer together than the cooldown, if the endpoint %s", async (_, answer, outcome) => {
  server.answer(answer);
  const cooldown = 0.15;
  const { attempt } = remoteLogin(server.url, { cooldown });
  for (let count = 0; count < 5; count += 1) {
    const outcomes = await Promise.all([1, 2, 3].map((name) => attempt(forgedKid(name))));
    expect(new Set(outcomes)).toEqual(new Set([outcome]));
  }
  expect(server.requests.length).toBe(5);
  // Timers and clocks may differ by a millisecond or so.
  expect(Math.min(...pauses())).toBeGreaterThanOrEqual(cooldown * 1_000 - 5);
});

test("5,000 forged kids: few fetches, and no honest login is lost or waits", async () => {
  const cooldown = 0.1;
  const { attempt, timed } = remoteLogin(server.url, { cooldown });
  expect(await attempt(good)).toBe("200");
  const startedAt = performance.now();
  const header = token({}, { algorithm: "ES256", key: FOREIGN.privateKey }).split(".").slice(1).join(".");
  const flood: Promise<string>[] = [];
  for (let count = 0; count < 5_000; count += 1) {
    const kid = Buffer.from(JSON.stringify({ alg: "ES256", kid: `forged ${String(count)}` })).toString("base64url");
    flood.push(attempt(`${kid}.${header}`));
    if (count % 100 === 0) {
      const { outcome, ms } = await timed(good);
      expect(outcome).toBe("200");
      expect(ms).toBeLessThan(500);
    }
  }
  server.answer(BOTH);
  const outcomes = new Set(await Promise.all(flood));
  const seconds = (performance.now() - startedAt) / 1_000;
  // Beyond a thousand that wait, a token is told to come back.
  expect([...outcomes].every((outcome) => ["403 unknown_key", "503 keys_unavailable"].includes(outcome))).toBe(true);
  expect(server.requests.length).toBeLessThanOrEqual(2 + seconds / cooldown);
  // Right after the flood a key that is new is found.
  expect(await attempt(ofNewKey)).toBe("200");
}, 20_000);

test("at most 1,000 tokens wait, and a further one is refused at once", async () => {
  const { attempt, timed } = remoteLogin(server.url);
  expect(await attempt(good)).toBe("200");
  let answer = (): void => undefined;
  server.answer((req, res) => {
    answer = () => {
      BOTH(req, res);
    };
  });
  const waiting = Array.from({ length: 999 }, (_, index) => attempt(forgedKid(index)));
  const last = attempt(ofNewKey);
  await until(() => server.requests.length === 2);
  for (const made of [forgedKid("more"), ofNewKey]) {
    const { outcome, ms } = await timed(made);
    expect(outcome).toBe("503 keys_unavailable");
    expect(ms).toBeLessThan(1_000);
  }
  expect(await attempt(good)).toBe("200");
  answer();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(["403 unknown_key"]));
  expect(await last).toBe("200");
  // There is room again.
  expect(await attempt(ofNewKey)).toBe("200");
  server.answer(BOTH);
  expect(await attempt(forgedKid("after"))).toBe("403 unknown_key");
});

test("a thousand tokens that wait for a fetch that hangs all settle in time, and make room", async () => {
  const { attempt, timed } = remoteLogin(server.url, { timeout: 0.3 });
  expect(await attempt(good)).toBe("200");
  server.answer(() => undefined);
  const waiting = await Promise.all(Array.from({ length: 1_000 }, (_, index) => timed(forgedKid(index))));
  expect(new Set(waiting.map(({ outcome }) => outcome))).toEqual(new Set(["503 keys_unavailable"]));
  expect(Math.max(...waiting.map(({ ms }) => ms))).toBeLessThan((0.05 + 0.3 + 3) * 1_000);
  server.answer(BOTH);
  await until(async () => (await attempt(ofNewKey)) === "200");
});
