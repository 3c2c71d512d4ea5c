import crypto, { generateKeyPairSync } from "node:crypto";
import { setImmediate } from "node:timers/promises";

import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";

import { keySet, serveJwks, type JwksServer } from "../../helpers/jwks-server.js";
import { jwk, KEYS, P256, RSA } from "../../helpers/keys.js";
import { remoteLogin } from "../../helpers/remote-login.js";
import { token } from "../../helpers/tokens.js";

const DOWN = "503 keys_unavailable";
const P521 = jwk(KEYS.ES512);
const OFF_CURVE = { ...P521, x: P521["y"] };
const secp256k1 = jwk(generateKeyPairSync("ec", { namedCurve: "secp256k1" }));
const many = (member: object, count = 4_000) => Array.from({ length: count }, () => member);

let server: JwksServer;
let parse: jest.SpiedFunction<typeof crypto.createPublicKey>;

beforeEach(async () => {
  server = await serveJwks();
  parse = jest.spyOn(crypto, "createPublicKey");
});

afterEach(async () => {
  parse.mockRestore();
  await server.close();
});

describe("no key is parsed whose members rule it out:", () => {
  test.each<[string, object]>([
    ["an unknown curve", secp256k1],
    ["a curve whose coordinates are longer", { ...secp256k1, crv: "P-521" }],
    ["RSA and nothing else", { kty: "RSA" }],
    ["RSA without an exponent", { ...jwk(RSA), e: undefined }],
    ["RSA of 1024 bits", { ...jwk(RSA), n: "A".repeat(171) }],
    ["RSA of a thousand times the length", { ...jwk(RSA), n: "A".repeat(342_000) }],
    ["RSA with an exponent as long as its modulus", { ...jwk(RSA), e: jwk(RSA)["n"] }],
    ["half a point", { ...jwk(P256), y: undefined }],
    ["a point with a coordinate in padding", { ...jwk(P256), x: `${String(jwk(P256)["x"])}=` }],
    ["Ed25519 without a point", { kty: "OKP", crv: "Ed25519" }],
    ["another use", { ...jwk(RSA), use: "enc" }],
    ["another kind's algorithm", { ...jwk(RSA), alg: "ES256" }],
  ])("%s", async (_, member) => {
    const { attempt } = remoteLogin(server.url, { timeout: 10 });
    const count = "n" in member && String(member.n).length > 1_000 ? 2 : 1_000;
    server.answer(keySet([...many(member, count)]));
    expect(await attempt(token({}, { algorithm: "RS256" }))).toBe(DOWN);
    expect(parse).not.toHaveBeenCalled();
    server.answer(keySet([...many(member, count), jwk(RSA, { kid: "rsa" })]));
    expect(await attempt(token({}, { algorithm: "RS256" }))).toBe("200");
    expect(parse).toHaveBeenCalledTimes(1);
  });
});

describe("keys that have to be parsed to be ruled out", () => {
  /** How the parsing was spread over turns of the event loop while something is waited for. */
  async function spread(work: Promise<unknown>): Promise<{ readonly turns: number; readonly mostInOne: number }> {
    const state = { over: false };
    const end = () => (state.over = true);
    void work.then(end, end);
    let [turns, before, mostInOne] = [0, 0, 0];
    for (; !state.over; turns += 1) {
      await setImmediate();
      mostInOne = Math.max(mostInOne, parse.mock.calls.length - before);
      before = parse.mock.calls.length;
    }
    return { turns, mostInOne };
  }

  test("block the event loop for a slice at a time, if none is usable", async () => {
    server.answer(keySet(many(OFF_CURVE)));
    const { attempt } = remoteLogin(server.url, { timeout: 20 });
    const work = attempt(token({}, { algorithm: "ES512" }));
    expect((await spread(work)).mostInOne).toBeLessThan(2_000);
    expect(await work).toBe(DOWN);
    expect(parse).toHaveBeenCalledTimes(4_000);
  }, 30_000);

  test.each([
    ["without a kid", undefined],
    ["of the kid that they share", "one"],
  ])(
    "do so for tokens %s too, once for all of them, and a good key behind them is found",
    async (_, kid) => {
      const named = kid === undefined ? {} : { kid };
      server.answer(keySet([jwk(P256), ...many({ ...OFF_CURVE, ...named }), { ...P521, ...named }]));
      const { attempt } = remoteLogin(server.url, { timeout: 20 });
      const made = token({}, { algorithm: "ES512", header: named });
      const logins = Promise.all([attempt(made), attempt(made), attempt(made)]);
      expect((await spread(logins)).turns).toBeGreaterThan(5);
      expect(await logins).toEqual(["200", "200", "200"]);
      expect(parse).toHaveBeenCalledTimes(4_002);
      expect(await attempt(made)).toBe("200");
      expect(parse).toHaveBeenCalledTimes(4_002);
    },
    30_000,
  );

  test("that another snapshot has too are not parsed again", async () => {
    server.answer(keySet([jwk(P256, { kid: "ec" }), ...many(OFF_CURVE, 20)]));
    const { attempt } = remoteLogin(server.url);
    expect(await attempt(token({}, { algorithm: "ES512" }))).toBe("403 unknown_key");
    expect(await attempt(token({}, { algorithm: "ES256", header: { kid: "ec" } }))).toBe("200");
    const calls = parse.mock.calls.length;
    expect(await attempt(token({}, { algorithm: "ES256", header: { kid: "new" } }))).toBe("403 unknown_key");
    expect(await attempt(token({}, { algorithm: "ES256", header: { kid: "ec" } }))).toBe("200");
    expect(server.requests.length).toBe(2);
    expect(parse).toHaveBeenCalledTimes(calls);
  });
});

test("a good key behind many damaged ones is found in a set that is there already", async () => {
  server.answer(keySet([jwk(RSA, { kid: "rsa" }), ...many(OFF_CURVE, 30), P521]));
  const { attempt } = remoteLogin(server.url);
  expect(await attempt(token({}, { algorithm: "RS256" }))).toBe("200");
  expect(await Promise.all([1, 2, 3].map(() => attempt(token({}, { algorithm: "ES512" }))))).toEqual([
    "200",
    "200",
    "200",
  ]);
  expect(server.requests).toHaveLength(1);
});
