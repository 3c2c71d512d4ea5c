import crypto, { generateKeyPairSync } from "node:crypto";

import { afterAll, describe, expect, jest, test } from "@jest/globals";
import type { Algorithm } from "matrix-jwt-login";

import { EXPRESS_VERSIONS, type RunningServer } from "../../helpers/hosts.js";
import { ED25519, jwk, KEYS, P256, pem, RSA } from "../../helpers/keys.js";
import { host, loginWith, optionsWith } from "../../helpers/login.js";
import { token } from "../../helpers/tokens.js";
import { unusableKeys } from "../../helpers/unusable-keys.js";
import { errorOf, verdict, verifierOf } from "../../helpers/verdict.js";

const OTHER_EC = Array.from({ length: 9 }, () => generateKeyPairSync("ec", { namedCurve: "P-256" }));

const by = (algorithm: Algorithm, kid?: string): string => token({}, { algorithm, header: { kid } });
const verifierWith = (...keys: readonly unknown[]): ReturnType<typeof verifierOf> => verifierOf({ jwks: { keys } });

describe.each(EXPRESS_VERSIONS)("a login by a JWK Set on %s", (_, express) => {
  const servers: RunningServer[] = [];
  afterAll(async () => {
    for (const { close } of servers) await close();
  });

  test("by the key that the token's kid names", async () => {
    const jwks = { keys: [jwk(P256, { kid: "ec" }), jwk(RSA, { kid: "rsa" }), jwk(ED25519, { kid: "ed" })] };
    const server = await host(optionsWith({ secret: undefined, jwks }), express);
    servers.push(server);
    for (const made of [by("RS256", "rsa"), by("ES256", "ec"), by("EdDSA", "ed"), by("RS256"), by("EdDSA")]) {
      expect((await loginWith(server.url, made)).status).toBe(200);
    }
    for (const made of [by("RS256", "unknown"), by("RS256", "ec"), by("ES384")]) {
      expect(await loginWith(server.url, made)).toMatchObject({ status: 403, body: { errcode: "M_FORBIDDEN" } });
    }
  });
});

describe("a key that can't be used", () => {
  test.each(unusableKeys("rsa"))("is never used, and spoils no other: %s", async (_, unusable) => {
    // Beside another kid: the token's kid names the unusable key alone.
    const alone = verifierWith(unusable, jwk(P256, { kid: "ec" }), jwk(RSA, { kid: "other", alg: "RS256" }));
    expect(await verdict(alone, by("RS256", "rsa"))).toBe("unknown_key");
    expect(await verdict(alone, by("ES256", "ec"))).toBe("accepted");
    // Under the same kid as a good one: the good one is found.
    const namesake = verifierWith(unusable, jwk(RSA, { kid: "rsa" }), unusable);
    expect(await verdict(namesake, by("RS256", "rsa"))).toBe("accepted");
    expect(await verdict(namesake, by("RS256"))).toBe("accepted");
  });

  test.each(unusableKeys())("makes no set by itself: %s", (_, unusable) => {
    const error = errorOf(() => verifierWith(unusable));
    expect(error).toMatchObject({ name: "OptionsError", path: "jwks" });
    expect(error.message).toMatch(/no key/);
  });
});

describe("a key of a set", () => {
  test.each<[string, Readonly<Record<string, unknown>>]>([
    ["that says nothing of its use", {}],
    ["for signatures", { use: "sig" }],
    ["with the operation verify", { key_ops: ["verify"] }],
    ["with the operation verify among others", { key_ops: ["sign", "verify"] }],
    ["with the token's algorithm", { alg: "RS256" }],
    ["with members that nobody knows", { x5t: "AA", "urn:example": { a: 1 }, exp: 0, x5c: ["rubbish"] }],
    ["whose kid is a number, and so none", { kid: 5 }],
  ])("%s is used", async (_, members) => {
    expect(await verdict(verifierWith(jwk(RSA, members)), by("RS256"))).toBe("accepted");
  });

  test("that names its algorithm serves no other", async () => {
    const verifier = verifierWith(jwk(RSA, { kid: "rsa", alg: "PS384" }), jwk(P256));
    expect(await verdict(verifier, by("PS384", "rsa"))).toBe("accepted");
    expect(await verdict(verifier, by("PS384"))).toBe("accepted");
    for (const algorithm of ["RS256", "RS384", "PS256"] as const) {
      expect(await verdict(verifier, by(algorithm, "rsa"))).toBe("algorithm");
    }
  });

  test("that names its algorithm is passed over for another that doesn't", async () => {
    const verifier = verifierWith(jwk(RSA, { kid: "a", alg: "PS384" }), jwk(RSA, { kid: "b" }));
    expect(await verdict(verifier, by("RS256"))).toBe("accepted");
    expect(await verdict(verifier, by("RS256", "b"))).toBe("accepted");
    expect(await verdict(verifier, by("RS256", "a"))).toBe("unknown_key");
  });

  test("whose kid is no text has none", async () => {
    const verifier = verifierWith(jwk(RSA, { kid: 5 }), jwk(P256, { kid: "ec" }));
    expect(await verdict(verifier, by("RS256", "5"))).toBe("unknown_key");
    expect(await verdict(verifier, by("RS256"))).toBe("accepted");
  });

  test("without a kid is not the one that a token's kid names", async () => {
    expect(await verdict(verifierWith(jwk(RSA)), by("RS256", "rsa"))).toBe("unknown_key");
  });

  test.each(["", "__proto__", "constructor", "toString", "\u{1f511}"])("may have any text as kid: %p", async (kid) => {
    const verifier = verifierWith(JSON.parse(JSON.stringify(jwk(P256, { kid }))), jwk(RSA, { kid: "rsa" }));
    expect(await verdict(verifier, by("ES256", kid))).toBe("accepted");
    expect(await verdict(verifierWith(jwk(RSA, { kid: "rsa" })), by("RS256", kid))).toBe("unknown_key");
  });
});

describe("keys of one kid", () => {
  const pairs = OTHER_EC.slice(0, 3);

  test("are all tried", async () => {
    const verifier = verifierWith(...pairs.map((pair) => jwk(pair, { kid: "same" })));
    for (const { privateKey: key } of pairs) {
      expect(await verdict(verifier, token({}, { algorithm: "ES256", key, header: { kid: "same" } }))).toBe("accepted");
    }
    expect(await verdict(verifier, by("ES256", "same"))).toBe("signature");
  });

  test("of several kinds are told apart by the algorithm", async () => {
    const verifier = verifierWith(...[RSA, P256, ED25519].map((pair) => jwk(pair, { kid: "same" })));
    for (const algorithm of ["RS256", "ES256", "EdDSA"] as const) {
      expect(await verdict(verifier, by(algorithm, "same"))).toBe("accepted");
    }
  });
});

describe("a token without a kid", () => {
  const [first, ...others] = OTHER_EC;
  const ninth = others[7];

  test("is tried against 8 keys that fit, and no more", async () => {
    const fillers = [jwk(RSA), jwk(ED25519), null, jwk(P256, { use: "enc" })];
    const keys = [...fillers, ...OTHER_EC.slice(0, 7).map((pair) => jwk(pair)), jwk(P256), jwk(ninth ?? RSA)];
    const verifier = verifierWith(...keys);
    expect(await verdict(verifier, token({}, { algorithm: "ES256", key: first?.privateKey ?? RSA.privateKey }))).toBe(
      "accepted",
    );
    expect(await verdict(verifier, by("ES256"))).toBe("accepted");
    const tooFar = token({}, { algorithm: "ES256", key: ninth?.privateKey ?? RSA.privateKey });
    expect(await verdict(verifier, tooFar)).toBe("signature");
  });

  test("that no key fits is refused", async () => {
    const verifier = verifierOf({ jwks: { keys: [jwk(RSA, { alg: "RS256" }), jwk(RSA, { alg: "PS256" })] } });
    expect(await verdict(verifier, by("RS512"))).toBe("algorithm");
  });
});

test("a set given inline is ready at once", async () => {
  const ready = verifierWith(jwk(RSA)).ready();
  expect(ready).toBeInstanceOf(Promise);
  await ready;
});

describe("a set that is fetched is asked for again", () => {
  // By a `fetch` of the host's: what an endpoint does is remote-jwks.test.ts's.
  const fetched = async () => {
    const keys = [jwk(RSA, { kid: "rsa" }), jwk(P256, { kid: "ec" })];
    const fetch = jest.fn(() => Promise.resolve(Response.json({ keys })));
    const verifier = verifierOf({ jwksUri: "https://idp.example.org/jwks", jwksOptions: { fetch, cooldown: 0 } });
    await verifier.ready();
    return { verifier, fetch };
  };

  test.each<[string, string]>([
    ["a kid that it has not", by("RS256", "unknown")],
    ["a token without a kid that none of its keys fits", by("EdDSA")],
  ])("for %s", async (_, made) => {
    const { verifier, fetch } = await fetched();
    expect(await verdict(verifier, made)).toBe("unknown_key");
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  test.each<[string, string, string]>([
    ["a kid that it has", by("RS256", "rsa"), "accepted"],
    ["a kid that it has, for another algorithm", by("ES256", "rsa"), "unknown_key"],
    ["a token without a kid that a key fits", by("ES256"), "accepted"],
  ])("but not for %s", async (_, made, outcome) => {
    const { verifier, fetch } = await fetched();
    expect(await verdict(verifier, made)).toBe(outcome);
    expect(fetch).toHaveBeenCalledTimes(1);
  });
});

test("a set is followed no further once it was handed over", async () => {
  const keys = [{ ...jwk(RSA, { kid: "rsa" }) }];
  const verifier = verifierOf({ jwks: { keys } });
  keys.push({ ...jwk(P256, { kid: "ec" }) });
  expect(await verdict(verifier, by("ES256", "ec"))).not.toBe("accepted");
  expect(await verdict(verifier, by("RS256", "rsa"))).toBe("accepted");
});

test("each key is parsed once", async () => {
  const parse = jest.spyOn(crypto, "createPublicKey");
  const verifier = verifierWith(jwk(RSA, { kid: "rsa" }), jwk(P256, { kid: "ec" }), { kty: "RSA", kid: "rubbish" });
  for (let count = 0; count < 20; count += 1) {
    await verdict(verifier, by("RS256", "rsa"));
    await verdict(verifier, by("ES256"));
    await verdict(verifier, by("RS256", "rubbish"));
  }
  expect(parse.mock.calls.length).toBeLessThanOrEqual(3);
  parse.mockRestore();
});

test("no key is parsed for a token without a kid whose algorithm the key does not name", async () => {
  const keys = [jwk(RSA, { alg: "RS256" }), jwk(P256), jwk(ED25519)];
  const fetch = () => Promise.resolve(Response.json({ keys }));
  const verifier = verifierOf({ jwksUri: "https://idp.example.org/jwks", jwksOptions: { fetch, cooldown: 0 } });
  await verifier.ready();
  const hopeless = (["RS512", "PS256", "ES384", "ES512"] as const).map((algorithm) => by(algorithm));
  const parse = jest.spyOn(crypto, "createPublicKey");
  for (const made of hopeless) expect(await verdict(verifier, made)).toBe("unknown_key");
  // The first key of each fetched set, to see that the set is of any use.
  expect(parse.mock.calls.length).toBeLessThanOrEqual(hopeless.length);
  for (const algorithm of ["RS256", "ES256", "EdDSA"] as const) {
    expect(await verdict(verifier, by(algorithm))).toBe("accepted");
  }
  parse.mockRestore();
});

describe("an options error:", () => {
  test.each<[string, unknown, RegExp]>([
    ["null", null, /JWK Set/],
    ["text", JSON.stringify({ keys: [jwk(RSA)] }), /JWK Set/],
    ["a list of keys", [jwk(RSA)], /JWK Set/],
    ["a key", jwk(RSA), /JWK Set/],
    ["an empty object", {}, /JWK Set/],
    ["keys that are no list", { keys: jwk(RSA) }, /JWK Set/],
    ["keys that are null", { keys: null }, /JWK Set/],
    ["an empty set", { keys: [] }, /no key/],
    ["PEM in place of keys", { keys: [pem(RSA)] }, /no key/],
    ["KeyObjects in place of keys", { keys: [KEYS.RS256.publicKey] }, /no key/],
  ])("%s", (_, jwks, message) => {
    const error = errorOf(() => verifierOf({ jwks }));
    expect(error).toMatchObject({ name: "OptionsError", path: "jwks" });
    expect(error.message).toMatch(message);
  });
});
