import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { SignJWT } from "jose";
import type { Algorithm } from "matrix-jwt-login";

import { certificate } from "../helpers/certificates.js";
import { EXPRESS_VERSIONS, type RunningServer } from "../helpers/hosts.js";
import { keySet, serveJwks, type JwksServer } from "../helpers/jwks-server.js";
import { jwk, KEYS, pem, SECRET, type KeyPair } from "../helpers/keys.js";
import { host, loginWith, optionsWith } from "../helpers/login.js";
import { token } from "../helpers/tokens.js";
import { errorOf, verdict, verifierOf, type AnyOptions } from "../helpers/verdict.js";

const ALL = Object.keys(KEYS) as Algorithm[];
const HMAC = ALL.filter((algorithm) => algorithm.startsWith("HS"));
const PUBLIC_KEY = ALL.filter((algorithm) => !algorithm.startsWith("HS"));
const RSA_FAMILY = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const;

let directory: string;
let jwksServer: JwksServer;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "matrix-jwt-login-"));
  jwksServer = await serveJwks();
});

afterAll(async () => {
  rmSync(directory, { recursive: true });
  await jwksServer.close();
});

function inFile(content: string): string {
  const path = join(directory, `key-${String(Math.random())}`);
  writeFileSync(path, content);
  return path;
}

const SECRET_SOURCES: readonly (readonly [string, (pair: KeyPair) => AnyOptions])[] = [
  ["a secret as text", () => ({ secret: SECRET })],
  ["a secret as a Buffer", () => ({ secret: Buffer.from(SECRET) })],
  ["a secret as a KeyObject", ({ publicKey }) => ({ secret: publicKey })],
  [
    "a list of secrets",
    ({ publicKey }) => ({ secret: ["another secret, as long as the hash of each of the algorithms", publicKey] }),
  ],
];

const PUBLIC_KEY_SOURCES: readonly (readonly [string, (pair: KeyPair) => AnyOptions])[] = [
  ["a public key as PEM", (pair) => ({ publicKey: pem(pair) })],
  ["a public key as bytes", (pair) => ({ publicKey: Buffer.from(pem(pair)) })],
  ["a public KeyObject", ({ publicKey }) => ({ publicKey })],
  ["a list of public keys", (pair) => ({ publicKey: [...Object.values(OTHERS), pem(pair)] })],
  ["a file with PEM", (pair) => ({ keyFile: inFile(pem(pair)) })],
  ["a file with a JWK", (pair) => ({ keyFile: inFile(JSON.stringify(jwk(pair))) })],
  ["a file with a JWK Set", (pair) => ({ keyFile: inFile(JSON.stringify({ keys: [jwk(pair)] })) })],
  ["a JWK Set inline", (pair) => ({ jwks: { keys: [jwk(pair)] } })],
  [
    "a JWKS endpoint",
    (pair) => {
      jwksServer.answer(keySet([jwk(pair)]));
      return { jwksUri: jwksServer.url };
    },
  ],
];

const OTHERS: Readonly<Record<string, KeyObject>> = {
  P256: generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey,
  ed25519: generateKeyPairSync("ed25519").publicKey,
};

describe.each(EXPRESS_VERSIONS)("a login on %s", (_, express) => {
  const servers: RunningServer[] = [];
  afterAll(async () => {
    for (const { close } of servers) await close();
  });

  describe.each([
    ...SECRET_SOURCES.map(([name, options]) => ({ name, options, algorithms: HMAC })),
    ...PUBLIC_KEY_SOURCES.map(([name, options]) => ({ name, options, algorithms: PUBLIC_KEY })),
  ])("by $name", ({ options, algorithms }) => {
    test.each(algorithms)("%s", async (algorithm) => {
      const server = await host(optionsWith({ secret: undefined, ...options(KEYS[algorithm]) }), express);
      servers.push(server);
      const honest = await loginWith(server.url, token({}, { algorithm }));
      expect(honest).toMatchObject({ status: 200, body: { user_id: "@alice:example.org" } });

      const [signingInput] = token({}, { algorithm }).split(/\.(?=[^.]*$)/);
      const forged = await loginWith(
        server.url,
        `${String(signingInput)}.${Buffer.alloc(64, 7).toString("base64url")}`,
      );
      expect(forged).toMatchObject({ status: 403, body: { errcode: "M_FORBIDDEN" } });
    });
  });
});

test.each(ALL)("takes a token that jose made: %s", async (algorithm) => {
  const made = await new SignJWT({ scope: "openid" })
    .setProtectedHeader({ alg: algorithm, typ: "JWT" })
    .setSubject("alice")
    .setIssuedAt()
    .setExpirationTime("5m")
    .sign(KEYS[algorithm].privateKey);
  const options = algorithm.startsWith("HS") ? { secret: SECRET } : { publicKey: KEYS[algorithm].publicKey };
  await expect(verifierOf(options).verify(made)).resolves.toMatchObject({ sub: "alice", scope: "openid" });
});

test.each(["RS256", "ES384", "EdDSA"] as const)("takes the key out of an X.509 certificate: %s", async (algorithm) => {
  const options = { publicKey: certificate(KEYS[algorithm]) };
  expect(await verdict(options, token({}, { algorithm }))).toBe("accepted");
});

describe("without `algorithms`, those are allowed that fit the key", () => {
  test.each<[string, AnyOptions, readonly Algorithm[]]>([
    ["a secret", { secret: SECRET }, HMAC],
    ["an RSA key", { publicKey: KEYS.RS256.publicKey }, RSA_FAMILY],
    ["P-256", { publicKey: KEYS.ES256.publicKey }, ["ES256"]],
    ["P-384", { publicKey: KEYS.ES384.publicKey }, ["ES384"]],
    ["P-521", { publicKey: KEYS.ES512.publicKey }, ["ES512"]],
    ["Ed25519", { publicKey: KEYS.EdDSA.publicKey }, ["EdDSA", "Ed25519"]],
  ])("%s", async (_, options, fitting) => {
    const verifier = verifierOf(options);
    for (const algorithm of ALL) {
      const expected = fitting.includes(algorithm) ? "accepted" : "algorithm";
      expect([algorithm, await verdict(verifier, token({}, { algorithm }))]).toEqual([algorithm, expected]);
    }
  });

  test("of a list of keys, those that fit any", async () => {
    const verifier = verifierOf({ publicKey: [pem(KEYS.ES256), pem(KEYS.EdDSA)] });
    expect(await verdict(verifier, token({}, { algorithm: "ES256" }))).toBe("accepted");
    expect(await verdict(verifier, token({}, { algorithm: "EdDSA" }))).toBe("accepted");
    expect(await verdict(verifier, token({}, { algorithm: "ES384" }))).toBe("algorithm");
  });

  test("a JWKS endpoint's keys may be any public ones, and never a secret", async () => {
    jwksServer.answer(keySet(PUBLIC_KEY.map((algorithm) => jwk(KEYS[algorithm], { kid: algorithm, alg: algorithm }))));
    const verifier = verifierOf({ jwksUri: jwksServer.url });
    for (const algorithm of PUBLIC_KEY) {
      expect(await verdict(verifier, token({}, { algorithm, header: { kid: algorithm } }))).toBe("accepted");
    }
    expect(await verdict(verifier, token({}, { algorithm: "HS256" }))).toBe("algorithm");
  });
});

describe("an RSA-PSS key", () => {
  const unbound = generateKeyPairSync("rsa-pss", { modulusLength: 2048 });
  const bound = generateKeyPairSync("rsa-pss", {
    modulusLength: 2048,
    hashAlgorithm: "sha384",
    mgf1HashAlgorithm: "sha384",
  });
  // Node's types have the salt's length as text, and Node takes a number.
  const withSalt = (bytes: number) => ({
    ...{ modulusLength: 2048, hashAlgorithm: "sha256", mgf1HashAlgorithm: "sha256" },
    ...({ saltLength: bytes } as object),
  });

  test.each(["PS256", "PS384", "PS512"] as const)("that names no hash serves %s", async (algorithm) => {
    const made = token({}, { algorithm, key: unbound.privateKey });
    expect(await verdict({ publicKey: unbound.publicKey }, made)).toBe("accepted");
  });

  test("that names a hash serves that one alone", async () => {
    const verifier = verifierOf({ publicKey: bound.publicKey });
    expect(await verdict(verifier, token({}, { algorithm: "PS384", key: bound.privateKey }))).toBe("accepted");
    expect(await verdict(verifier, token({}, { algorithm: "PS256" }))).toBe("algorithm");
    expect(await verdict(verifier, token({}, { algorithm: "RS384" }))).toBe("algorithm");
  });

  test("may ask for as much salt as its hash is long", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa-pss", withSalt(32));
    const verifier = verifierOf({ publicKey });
    expect(await verdict(verifier, token({}, { algorithm: "PS256", key: privateKey }))).toBe("accepted");
    expect(await verdict(verifier, token({}, { algorithm: "PS256" }))).toBe("signature");
  });

  test.each([
    ["is short", { modulusLength: 1024 }],
    // RFC 7518 section 3.5: MGF1 is used with the hash of the algorithm.
    ["names two hashes", { modulusLength: 2048, hashAlgorithm: "sha256", mgf1HashAlgorithm: "sha512" }],
    // And the salt is as long as the hash.
    ["asks for more salt than its hash is long", withSalt(33)],
  ])("is an options error if it %s", (_, options) => {
    const { publicKey } = generateKeyPairSync("rsa-pss", options);
    expect(errorOf(() => verifierOf({ publicKey }))).toMatchObject({ path: "publicKey" });
  });
});

describe("`algorithms`", () => {
  test("narrows what the key could do", async () => {
    const verifier = verifierOf({ publicKey: KEYS.RS256.publicKey, algorithms: ["RS512", "PS256"] });
    for (const algorithm of RSA_FAMILY) {
      const expected = algorithm === "RS512" || algorithm === "PS256" ? "accepted" : "algorithm";
      expect([algorithm, await verdict(verifier, token({}, { algorithm }))]).toEqual([algorithm, expected]);
    }
  });

  test.each<[string, AnyOptions, string, RegExp]>([
    ["none", { secret: SECRET, algorithms: ["none"] }, "algorithms[0]", /none/],
    ["nOnE", { secret: SECRET, algorithms: ["HS256", "nOnE"] }, "algorithms[1]", /none/],
    ["RS256 by a secret", { secret: SECRET, algorithms: ["RS256"] }, "algorithms[0]", /HS256/],
    ["HS256 by a public key", { publicKey: pem(KEYS.RS256), algorithms: ["HS256"] }, "algorithms[0]", /RS256/],
    ["HS256 by an endpoint", { jwksUri: "https://idp/", algorithms: ["HS256"] }, "algorithms[0]", /ES256/],
    ["HS256 by a JWK Set", { jwks: { keys: [jwk(KEYS.RS256)] }, algorithms: ["HS256"] }, "algorithms[0]", /RS256/],
    ["ES256 by P-384", { publicKey: pem(KEYS.ES384), algorithms: ["ES256"] }, "algorithms[0]", /ES384/],
    ["ES256K", { publicKey: pem(KEYS.ES256), algorithms: ["ES256K"] }, "algorithms[0]", /one of/],
    ["lower case", { secret: SECRET, algorithms: ["hs256"] }, "algorithms[0]", /"HS256"/],
    ["a number", { secret: SECRET, algorithms: [256] }, "algorithms[0]", /one of/],
    ["text", { secret: SECRET, algorithms: "HS256" }, "algorithms", /list/],
    ["an empty list", { secret: SECRET, algorithms: [] }, "algorithms", /empty/],
  ])("can't hold %s", (_, options, path, message) => {
    const error = errorOf(() => verifierOf(options));
    expect(error).toMatchObject({ name: "OptionsError", path });
    expect(error.message).toMatch(message);
  });
});

const FORGER = generateKeyPairSync("ed25519").privateKey;

describe("Ed25519 and EdDSA are two names of one algorithm", () => {
  const NAMES = ["EdDSA", "Ed25519"] as const;

  test.each(NAMES)("%s in `algorithms` allows both", async (name) => {
    for (const algorithm of NAMES) {
      const options = { publicKey: KEYS.EdDSA.publicKey, algorithms: [name] };
      expect(await verdict(options, token({}, { algorithm }))).toBe("accepted");
    }
    expect(
      await verdict(
        { publicKey: [pem(KEYS.ES256), pem(KEYS.EdDSA)], algorithms: [name] },
        token({}, { algorithm: "ES256" }),
      ),
    ).toBe("algorithm");
  });

  test.each(NAMES)("a JWK whose `alg` is %s serves both", async (alg) => {
    for (const algorithm of NAMES) {
      const options = { jwks: { keys: [jwk(KEYS.EdDSA, { alg, kid: "ed" })] } };
      expect(await verdict(options, token({}, { algorithm }))).toBe("accepted");
      expect(await verdict(options, token({}, { algorithm, header: { kid: "ed" } }))).toBe("accepted");
    }
  });

  test.each(["ed25519", "EDDSA", "Ed448", "ES256", ["Ed25519"]])("a JWK whose `alg` is %j is for neither", (alg) => {
    const options = { jwks: { keys: [jwk(KEYS.EdDSA, { alg })] } };
    expect(errorOf(() => verifierOf(options)).message).toMatch(/no key/);
  });

  test.each(NAMES)("a token that says %s needs a good signature", async (alg) => {
    const options = { publicKey: KEYS.EdDSA.publicKey };
    expect(await verdict(options, token({}, { algorithm: "EdDSA", header: { alg }, key: FORGER }))).toBe("signature");
  });
});
