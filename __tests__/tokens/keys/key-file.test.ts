import crypto, { generateKeyPairSync } from "node:crypto";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";

import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { createJwtLogin, createTokenVerifier, type JwtLogin, type KeysErrorEvent, type Logger } from "matrix-jwt-login";

import { certificate } from "../../helpers/certificates.js";
import { movableClock, type Clock } from "../../helpers/clock.js";
import { recordingLogger } from "../../helpers/core.js";
import { EXPRESS_VERSIONS } from "../../helpers/hosts.js";
import { ED25519, jwk, P256, pem, privatePem, RSA } from "../../helpers/keys.js";
import { host, LOGIN_TYPE, loginWith, optionsWith } from "../../helpers/login.js";
import { inSeconds, token } from "../../helpers/tokens.js";
import { until } from "../../helpers/until.js";
import { errorOf, verdict, verifierOf } from "../../helpers/verdict.js";

/** By when a change must be in use, in seconds. */
const SOON = 5;

let directory: string;
let file: string;
let clock: Clock;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "matrix-jwt-login-"));
  file = join(directory, "key.pem");
  writeFileSync(file, pem(RSA));
  clock = movableClock();
});

afterEach(() => {
  clock.restore();
  rmSync(directory, { recursive: true });
});

const OTHER_RSA = generateKeyPairSync("rsa", { modulusLength: 2048 });
const RSA_1024 = generateKeyPairSync("rsa", { modulusLength: 1024 });

const exp = inSeconds(86_400);
const byRsa = token({ exp }, { algorithm: "RS256" });
const byOtherRsa = token({ exp }, { algorithm: "RS256", key: OTHER_RSA.privateKey });
const byEc = token({ exp }, { algorithm: "ES256" });
const byEd = token({ exp }, { algorithm: "EdDSA" });

interface Watched {
  readonly core: JwtLogin;
  readonly errors: KeysErrorEvent[];
  readonly logger: Readonly<Record<keyof Logger, jest.Mock>>;
}

/** A login by the file, and what its operator is told. */
function watched(options: object = {}): Watched {
  const errors: KeysErrorEvent[] = [];
  const logger = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error: jest.fn() };
  const core = createJwtLogin(
    optionsWith(
      { secret: undefined, keyFile: file, ...options },
      { logger, onKeysError: (event) => errors.push(event) },
    ),
  );
  return { core, errors, logger };
}

async function statusOf(core: JwtLogin, made: string): Promise<number> {
  try {
    await core.login({ type: LOGIN_TYPE, token: made });
    return 200;
  } catch (error) {
    return (error as { statusCode: number }).statusCode;
  }
}

describe.each(EXPRESS_VERSIONS)("a login by a key file on %s", (_, express) => {
  test("goes on with the new key if the file was replaced", async () => {
    const server = await host(optionsWith({ secret: undefined, keyFile: file }), express);
    expect((await loginWith(server.url, byRsa)).status).toBe(200);
    writeFileSync(file, pem(OTHER_RSA));
    clock.move(SOON);
    const refused = await loginWith(server.url, byRsa);
    const taken = await loginWith(server.url, byOtherRsa);
    await server.close();
    expect(refused).toMatchObject({ status: 403, body: { errcode: "M_FORBIDDEN" } });
    expect(taken.status).toBe(200);
  });
});

describe("a key file may hold", () => {
  const set = (...keys: unknown[]): string => JSON.stringify({ keys });

  test.each<[string, string, string]>([
    ["PEM", pem(RSA), byRsa],
    ["PEM with a byte order mark and white space", `\ufeff\n  ${pem(RSA)}\n`, byRsa],
    ["an X.509 certificate", certificate(RSA), byRsa],
    ["an X.509 certificate that has lapsed", certificate(P256, new Date("2002-01-01T00:00:00Z")), byEc],
    ["a JWK", JSON.stringify(jwk(RSA)), byRsa],
    ["a JWK with white space and a byte order mark", `\ufeff\n${JSON.stringify(jwk(ED25519), null, 2)}\n`, byEd],
    ["a JWK Set", set(jwk(P256), jwk(RSA)), byRsa],
    ["a JWK Set with what is of no use", set(jwk(RSA, { use: "enc" }), null, {}, jwk(ED25519)), byEd],
  ])("%s", async (_, content, made) => {
    writeFileSync(file, content);
    expect(await verdict({ keyFile: file }, made)).toBe("accepted");
    expect(await verdict({ keyFile: [file] }, made)).toBe("accepted");
  });

  test("a JWK whose kid is not looked at, as a PEM's would not be", async () => {
    writeFileSync(file, JSON.stringify(jwk(RSA, { kid: "ours" })));
    const verifier = verifierOf({ keyFile: file });
    for (const kid of ["ours", "theirs", undefined]) {
      expect(await verdict(verifier, token({}, { algorithm: "RS256", header: { kid } }))).toBe("accepted");
    }
  });

  test("a JWK of which the operator is told why it does not fit: by its algorithm, and never by its kid", async () => {
    writeFileSync(file, JSON.stringify(jwk(RSA, { kid: "ours" })));
    const logger = recordingLogger();
    const { verify } = createTokenVerifier({ keyFile: file }, { logger });
    const made = token({}, { algorithm: "ES256", key: P256.privateKey, header: { kid: "theirs" } });
    await expect(verify(made)).rejects.toMatchObject({ code: "unknown_key" });
    expect(JSON.stringify(logger.lines)).toContain("RSA");
    expect(JSON.stringify(logger.lines)).toContain("alg ES256");
    expect(JSON.stringify(logger.lines)).not.toContain("another kid");
  });

  test("a JWK Set whose kids are", async () => {
    writeFileSync(file, set(jwk(RSA, { kid: "ours" }), jwk(P256, { kid: "other" })));
    const verifier = verifierOf({ keyFile: file });
    const withKid = (kid: string | undefined): string => token({}, { algorithm: "RS256", header: { kid } });
    expect(await verdict(verifier, withKid("ours"))).toBe("accepted");
    expect(await verdict(verifier, withKid(undefined))).toBe("accepted");
    expect(await verdict(verifier, withKid("theirs"))).toBe("unknown_key");
    expect(await verdict(verifier, withKid("other"))).toBe("unknown_key");
    const numbered = token({}, { algorithm: "RS256", header: { kid: 1 } });
    expect(await verdict(verifier, numbered)).toBe("malformed");
    writeFileSync(file, pem(RSA));
    expect(await verdict({ keyFile: file }, numbered)).toBe("accepted");
  });

  test("a JWK that names its algorithm, and serves no other", async () => {
    writeFileSync(file, JSON.stringify(jwk(RSA, { alg: "RS512" })));
    const verifier = verifierOf({ keyFile: file });
    expect(await verdict(verifier, token({}, { algorithm: "RS512" }))).toBe("accepted");
    // Whether the allow-list says so or the key: another key may come into the file.
    expect(["algorithm", "unknown_key"]).toContain(await verdict(verifier, byRsa));
  });
});

test("several files are one source, and each is followed", async () => {
  const second = join(directory, "second.json");
  const third = join(directory, "third.pem");
  writeFileSync(second, JSON.stringify({ keys: [jwk(P256, { kid: "ec" })] }));
  writeFileSync(third, pem(ED25519));
  const { core } = watched({ keyFile: [file, second, third] });
  for (const made of [byRsa, byEc, byEd]) expect(await statusOf(core, made)).toBe(200);
  clock.move(SOON);
  writeFileSync(third, pem(RSA));
  expect(await statusOf(core, byEd)).toBe(403);
  for (const made of [byRsa, byEc]) expect(await statusOf(core, made)).toBe(200);
  await expect(core.ready()).resolves.toBeUndefined();
});

test("several files may be used with the algorithms of any of them, and with no other", async () => {
  const second = join(directory, "second.pem");
  writeFileSync(second, pem(P256));
  const keyFile = [file, second];
  for (const made of [byRsa, byEc]) {
    expect(await verdict({ keyFile, algorithms: ["RS256", "ES256"] }, made)).toBe("accepted");
  }
  expect(errorOf(() => verifierOf({ keyFile, algorithms: ["RS256", "EdDSA"] }))).toMatchObject({
    path: "algorithms[1]",
    message: expect.stringContaining("ES256 would"),
  });
});

test("one of several files may hang while the others are known", async () => {
  const second = join(directory, "second.pem");
  writeFileSync(second, pem(P256));
  const { core } = watched({ keyFile: [file, second] });
  const { readFile } = fs;
  const hanging = jest
    .spyOn(fs, "readFile")
    .mockImplementation(((path: string) =>
      path === file ? new Promise<never>(() => undefined) : readFile(path)) as typeof readFile);
  clock.move(SOON);
  const first = statusOf(core, byRsa);
  // By now the second file has been looked at, and the first has not.
  await sleep(100);
  expect(await Promise.all([first, statusOf(core, byRsa), statusOf(core, byEc), statusOf(core, byEd)])).toEqual([
    200, 200, 200, 403,
  ]);
  hanging.mockRestore();
});

describe("an options error:", () => {
  const privateJwk = RSA.privateKey.export({ format: "jwk" });

  test.each<[string, () => void, RegExp]>([
    [
      "no file",
      () => {
        unlinkSync(file);
      },
      /can't be read/,
    ],
    [
      "a directory",
      () => {
        unlinkSync(file);
        mkdirSync(file);
      },
      /can't be read/,
    ],
    [
      "an empty file",
      () => {
        writeFileSync(file, "");
      },
      /PEM/,
    ],
    [
      "a file of text",
      () => {
        writeFileSync(file, "a secret");
      },
      /PEM/,
    ],
    [
      "damaged PEM",
      () => {
        writeFileSync(file, pem(RSA).slice(0, 99));
      },
      /damaged/,
    ],
    [
      "damaged JSON",
      () => {
        writeFileSync(file, `{"keys":[`);
      },
      /damaged/,
    ],
    [
      "a private key",
      () => {
        writeFileSync(file, privatePem(RSA));
      },
      /private key/,
    ],
    [
      "a private JWK",
      () => {
        writeFileSync(file, JSON.stringify(privateJwk));
      },
      /private/,
    ],
    [
      "a private JWK in a set",
      () => {
        writeFileSync(file, JSON.stringify({ keys: [jwk(RSA), privateJwk] }));
      },
      /private/,
    ],
    [
      "a shared secret as JWK",
      () => {
        writeFileSync(file, JSON.stringify({ kty: "oct", k: "AAAA" }));
      },
      /secret/,
    ],
    [
      "a set whose keys are no list",
      () => {
        writeFileSync(file, `{"keys":{}}`);
      },
      /list/,
    ],
    [
      "a set whose keys are null",
      () => {
        writeFileSync(file, `{"keys":null}`);
      },
      /no key/,
    ],
    [
      "an empty set",
      () => {
        writeFileSync(file, `{"keys":[]}`);
      },
      /no key/,
    ],
    [
      "an empty object",
      () => {
        writeFileSync(file, "{}");
      },
      /no key/,
    ],
    [
      "a JWK for encryption",
      () => {
        writeFileSync(file, JSON.stringify(jwk(RSA, { use: "enc" })));
      },
      /no key/,
    ],
    [
      "DER",
      () => {
        writeFileSync(file, RSA.publicKey.export({ type: "spki", format: "der" }));
      },
      /PEM/,
    ],
  ])("%s", (_, prepare, message) => {
    prepare();
    const error = errorOf(() => verifierOf({ keyFile: file }));
    expect(error).toMatchObject({ name: "OptionsError", path: "keyFile" });
    expect(error.message).toMatch(message);
    const good = join(directory, "good.pem");
    writeFileSync(good, pem(RSA));
    expect(errorOf(() => verifierOf({ keyFile: [good, file] }))).toMatchObject({ path: "keyFile[1]" });
  });

  test.each<[unknown, string]>([
    ["", "keyFile"],
    [[], "keyFile"],
    [null, "keyFile"],
    [5, "keyFile"],
    [[""], "keyFile[0]"],
    [Buffer.from("key.pem"), "keyFile"],
  ])("%p", (keyFile, path) => {
    expect(errorOf(() => verifierOf({ keyFile }))).toMatchObject({ name: "OptionsError", path });
  });
});

describe("a file that changes is used within 5 seconds, where it is", () => {
  test.each<[string, () => void]>([
    [
      "written over",
      () => {
        writeFileSync(file, pem(OTHER_RSA));
      },
    ],
    [
      "replaced by a rename",
      () => {
        writeFileSync(`${file}.new`, pem(OTHER_RSA));
        renameSync(`${file}.new`, file);
      },
    ],
    [
      "removed and made again",
      () => {
        unlinkSync(file);
        writeFileSync(file, pem(OTHER_RSA));
      },
    ],
    [
      "a link that points elsewhere now, as clusters mount secrets",
      () => {
        writeFileSync(`${file}.2`, pem(OTHER_RSA));
        symlinkSync(`${file}.2`, `${file}.link`);
        renameSync(`${file}.link`, file);
      },
    ],
    [
      "a JWK now",
      () => {
        writeFileSync(file, JSON.stringify(jwk(OTHER_RSA)));
      },
    ],
    [
      "a JWK Set now",
      () => {
        writeFileSync(file, JSON.stringify({ keys: [jwk(OTHER_RSA)] }));
      },
    ],
    [
      "a certificate now",
      () => {
        writeFileSync(file, certificate(OTHER_RSA));
      },
    ],
  ])("%s", async (_, change) => {
    const { core, logger, errors } = watched();
    expect(await statusOf(core, byRsa)).toBe(200);
    expect(await statusOf(core, byOtherRsa)).toBe(403);
    change();
    clock.move(SOON);
    // The first token that comes afterwards is judged by the new key already.
    expect(await statusOf(core, byRsa)).toBe(403);
    expect(await statusOf(core, byOtherRsa)).toBe(200);
    expect([errors, logger.warn.mock.calls, logger.info.mock.calls]).toEqual([[], [], []]);
  });

  test("of another kind now, if `algorithms` are left to the key", async () => {
    const { core } = watched();
    writeFileSync(file, pem(P256));
    clock.move(SOON);
    expect(await statusOf(core, byEc)).toBe(200);
    expect(await statusOf(core, byRsa)).toBe(403);
  });

  test("of names no more, though every token has a kid that is no string", async () => {
    writeFileSync(file, JSON.stringify({ keys: [jwk(RSA, { kid: "rsa" })] }));
    const { core } = watched();
    const made = token({ exp }, { algorithm: "RS256", header: { kid: 5 } });
    expect(await statusOf(core, made)).toBe(403);
    writeFileSync(file, pem(RSA));
    clock.move(SOON);
    // The first one has the file read again.
    await until(async () => (await statusOf(core, made)) === 200);
  });

  test("changed while the clock is set back", async () => {
    const { core } = watched();
    writeFileSync(file, pem(OTHER_RSA));
    clock.move(-3_600);
    expect(await statusOf(core, byOtherRsa)).toBe(200);
  });

  test("changed by the real clock", async () => {
    clock.restore();
    const { core } = watched();
    writeFileSync(file, pem(OTHER_RSA));
    const startedAt = Date.now();
    while ((await statusOf(core, byOtherRsa)) !== 200) {
      expect(Date.now() - startedAt).toBeLessThan(SOON * 1_000);
      await sleep(50);
    }
  }, 15_000);
});

test("the file is read once for many logins at the same time, and not for each login", async () => {
  const { core } = watched();
  const read = jest.spyOn(fs, "readFile");
  expect(await Promise.all(Array.from({ length: 50 }, () => statusOf(core, byRsa)))).not.toContain(403);
  expect(read).not.toHaveBeenCalled();
  clock.move(SOON);
  expect(await Promise.all(Array.from({ length: 50 }, () => statusOf(core, byRsa)))).not.toContain(403);
  expect(read).toHaveBeenCalledTimes(1);
  expect(await statusOf(core, byRsa)).toBe(200);
  expect(read).toHaveBeenCalledTimes(1);
  read.mockRestore();
});

test("the file is parsed again only if its content changed", async () => {
  const { core } = watched();
  const parsed = jest.spyOn(crypto, "createPublicKey");
  clock.move(SOON);
  expect(await statusOf(core, byRsa)).toBe(200);
  expect(parsed).not.toHaveBeenCalled();
  writeFileSync(file, pem(OTHER_RSA));
  clock.move(SOON);
  expect(await statusOf(core, byOtherRsa)).toBe(200);
  expect(parsed).toHaveBeenCalledTimes(1);
  parsed.mockRestore();
});

test("an error of a file that can't be read any more says why, and when to come back", async () => {
  const { core, errors, logger } = watched();
  unlinkSync(file);
  clock.move(SOON);
  expect(await statusOf(core, byRsa)).toBe(200);
  const message = `loginTypes["${LOGIN_TYPE}"].keyFile can't be read any more; its last good key stays in use`;
  expect(errors[0]?.error).toMatchObject({ message, retryAfter: 2 });
  expect(String(logger.warn.mock.calls[0]?.[0])).toContain(`${message}: ENOENT`);
});

test("an options error of a file that can't be read has the cause", () => {
  unlinkSync(file);
  expect(errorOf(() => verifierOf({ keyFile: file }))).toMatchObject({ cause: { code: "ENOENT" } });
});

test("a broken file is an outage until it changes again, however often it is looked at", async () => {
  const { core, logger, errors } = watched();
  writeFileSync(file, "broken");
  for (let look = 1; look <= 3; look += 1) {
    clock.move(SOON);
    expect(await statusOf(core, byRsa)).toBe(200);
    expect([errors.length, logger.warn.mock.calls.length, logger.info.mock.calls.length]).toEqual([look, 1, 0]);
  }
});

describe("the last good key stays in use, and this is logged once, where the file is", () => {
  test.each<[string, () => void]>([
    [
      "removed",
      () => {
        unlinkSync(file);
      },
    ],
    [
      "empty",
      () => {
        writeFileSync(file, "");
      },
    ],
    [
      "half written",
      () => {
        writeFileSync(file, pem(OTHER_RSA).slice(0, 120));
      },
    ],
    [
      "rubbish",
      () => {
        writeFileSync(file, Buffer.alloc(100, 0xff));
      },
    ],
    [
      "half a JWK Set",
      () => {
        writeFileSync(file, JSON.stringify({ keys: [jwk(OTHER_RSA)] }).slice(0, -9));
      },
    ],
    [
      "a JWK Set without a usable key",
      () => {
        writeFileSync(file, '{"keys":[]}');
      },
    ],
    [
      "a private key",
      () => {
        writeFileSync(file, privatePem(OTHER_RSA));
      },
    ],
    [
      "a key that is too short",
      () => {
        writeFileSync(file, pem(RSA_1024));
      },
    ],
    [
      "a directory",
      () => {
        unlinkSync(file);
        mkdirSync(file);
      },
    ],
    [
      "a link to nothing",
      () => {
        unlinkSync(file);
        symlinkSync(join(directory, "nothing"), file);
      },
    ],
  ])("%s", async (_, spoil) => {
    const { core, logger, errors } = watched();
    spoil();
    for (let check = 0; check < 3; check += 1) {
      clock.move(SOON);
      expect(await statusOf(core, byRsa)).toBe(200);
      expect(await statusOf(core, byOtherRsa)).toBe(403);
    }
    expect(logger.warn).toHaveBeenCalledTimes(1);
    expect(logger.error).not.toHaveBeenCalled();
    const [warning] = logger.warn.mock.calls[0] ?? [];
    expect(warning).toContain(LOGIN_TYPE);
    expect(errors.length).toBeGreaterThan(0);
    expect(errors[0]).toMatchObject({ loginType: LOGIN_TYPE, error: { code: "keys_unavailable" } });
    expect(errors[0]?.error.message).toMatch(/keyFile.*last good key/);
    expect(errors[0]?.error.cause).toMatchObject({ message: expect.any(String) });
    expect(logger.info).not.toHaveBeenCalled();

    rmSync(file, { recursive: true, force: true });
    writeFileSync(file, pem(OTHER_RSA));
    clock.move(SOON);
    expect(await statusOf(core, byOtherRsa)).toBe(200);
    expect(await statusOf(core, byRsa)).toBe(403);
    // An outage's end is told once, not at each reading after it.
    clock.move(SOON);
    expect(await statusOf(core, byOtherRsa)).toBe(200);
    expect(logger.info).toHaveBeenCalledTimes(1);
    expect(logger.warn).toHaveBeenCalledTimes(1);

    unlinkSync(file);
    clock.move(SOON);
    expect(await statusOf(core, byOtherRsa)).toBe(200);
    expect(logger.warn).toHaveBeenCalledTimes(2);
  });

  test("one of several, and the others are followed", async () => {
    const second = join(directory, "second.pem");
    writeFileSync(second, pem(P256));
    const { core, logger } = watched({ keyFile: [file, second] });
    unlinkSync(file);
    clock.move(SOON);
    expect(await statusOf(core, byRsa)).toBe(200);
    expect(await statusOf(core, byEc)).toBe(200);
    expect(logger.warn).toHaveBeenCalledTimes(1);
  });

  test("back as it was", async () => {
    const { core, logger } = watched();
    unlinkSync(file);
    clock.move(SOON);
    expect(await statusOf(core, byRsa)).toBe(200);
    writeFileSync(file, pem(RSA));
    clock.move(SOON);
    expect(await statusOf(core, byRsa)).toBe(200);
    expect(logger.info).toHaveBeenCalledTimes(1);
    expect(logger.warn).toHaveBeenCalledTimes(1);
  });
});

test("a file system that hangs holds no login up for long", async () => {
  const { core } = watched();
  const hanging = jest.spyOn(fs, "readFile").mockReturnValue(new Promise<never>(() => undefined));
  clock.move(SOON);
  const startedAt = performance.now();
  expect(await Promise.all([statusOf(core, byRsa), statusOf(core, byRsa), statusOf(core, byOtherRsa)])).toEqual([
    200, 200, 403,
  ]);
  expect(performance.now() - startedAt).toBeLessThan(4_000);
  const again = performance.now();
  expect(await statusOf(core, byRsa)).toBe(200);
  expect(performance.now() - again).toBeLessThan(900);
  hanging.mockRestore();
});

test("is ready when it is made", async () => {
  const ready = verifierOf({ keyFile: file }).ready();
  expect(ready).toBeInstanceOf(Promise);
  await expect(ready).resolves.toBeUndefined();
});

test("a private key that got into the file, damaged, is quoted to nobody", async () => {
  const { core, errors, logger } = watched();
  const slip = JSON.stringify(RSA.privateKey.export({ format: "jwk" })).replace('"d":"', '"d":');
  writeFileSync(file, slip);
  clock.move(SOON);
  expect(await statusOf(core, byRsa)).toBe(200);

  const start = errorOf(() => verifierOf({ keyFile: file }));
  const told = inspect([start, errors, ...Object.values(logger).map(({ mock }) => mock.calls)], { depth: 10 });
  expect(errors).toHaveLength(1);
  expect(told).toContain("neither PEM nor JSON");
  expect(told).not.toContain(String(RSA.privateKey.export({ format: "jwk" }).d).slice(0, 6));
});
