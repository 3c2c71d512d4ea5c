import { createPrivateKey } from "node:crypto";
import fs, { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { createAccessTokens, createBearerAuth, matrixJwtLogin, type AccessTokens } from "matrix-jwt-login";

import { recordingLogger, rejection } from "../helpers/core.js";
import { movableClock, type Clock } from "../helpers/clock.js";
import { ED25519, KEYS, P256, P384, pem, privatePem, RSA, SECRET } from "../helpers/keys.js";
import { login, optionsWith } from "../helpers/login.js";
import { hostOf } from "../helpers/test-hosts.js";
import { signed, token } from "../helpers/tokens.js";
import { scripted } from "../limits/helpers.js";
import { accessToken, auth, bearer, guarded } from "./helpers/guarded.js";
import express5 from "express";

const ISSUER = "https://matrix.example.org";
const AUDIENCE = "matrix-client-api";
const ALICE = { userId: "@alice:example.org", deviceId: "PHONE" };

const tokensOf = (options: object): AccessTokens =>
  createAccessTokens({ issuer: ISSUER, audience: AUDIENCE, ...options });

const checkOf = ({ verification }: AccessTokens, more: object = {}) =>
  createBearerAuth({ serverName: "example.org", tokens: verification, logger: false, ...more });

describe("the host's own access tokens", () => {
  test.each([
    ["RS256", { signingKey: privatePem(RSA) }],
    ["ES384", { signingKey: privatePem(P384) }],
    ["EdDSA", { signingKey: privatePem(ED25519) }],
    ["HS256", { secret: SECRET }],
    ["HS512", { secret: SECRET, algorithm: "HS512" }],
    ["PS384", { signingKey: RSA.privateKey, algorithm: "PS384" }],
  ])("of %s are accepted, with user and device", async (_, options) => {
    const tokens = tokensOf(options);
    const { accessToken: text } = tokens.issue(ALICE);
    expect(await checkOf(tokens).authenticate(bearer(text))).toMatchObject({
      ...ALICE,
      localpart: "alice",
      scopes: [],
    });
  });

  const claims = { iss: ISSUER, aud: AUDIENCE, sub: "@alice:example.org", device_id: "PHONE" };
  const wrong: readonly (readonly [string, string])[] = [
    ["another type", token(claims, { header: { typ: "JWT" } })],
    ["another algorithm of the key", accessToken(claims, { algorithm: "HS512" })],
    ["another issuer", accessToken({ ...claims, iss: "x" })],
    ["another audience", accessToken({ ...claims, aud: "x" })],
    ["no audience", accessToken({ ...claims, aud: undefined })],
    ["a localpart for its subject", accessToken({ ...claims, sub: "alice" })],
    ["another server's user", accessToken({ ...claims, sub: "@alice:evil.org" })],
    ["no expiry", accessToken({ ...claims, exp: undefined })],
    ["another secret", accessToken(claims, { key: KEYS.HS256.privateKey, header: {} }).replace(/.{4}$/, "AAAA")],
    ["no claims", signed("{}", { header: { typ: "at+jwt" } })],
  ];

  test.each(wrong)("with %s are refused", async (_, text) => {
    const { authenticate } = checkOf(tokensOf({ secret: SECRET }));
    expect(await rejection(authenticate(bearer(text)))).toMatchObject({ errcode: "M_UNKNOWN_TOKEN" });
  });

  test("take the device from device_id alone", async () => {
    const { authenticate } = checkOf(tokensOf({ secret: SECRET }));
    const scope = "urn:matrix:client:device:OTHER";
    expect(await authenticate(bearer(accessToken({ ...claims, scope })))).toMatchObject({ deviceId: "PHONE" });
  });

  test("of an asymmetric key are not verified by its public key as a secret, nor without kid", async () => {
    const { authenticate } = checkOf(tokensOf({ signingKey: privatePem(P256) }));
    for (const text of [
      accessToken(claims),
      accessToken(claims, { algorithm: "ES256" }),
      accessToken(claims, { algorithm: "ES256", header: { kid: "x" } }),
    ]) {
      expect(await rejection(authenticate(bearer(text)))).toMatchObject({ errcode: "M_UNKNOWN_TOKEN" });
    }
    expect(pem(P256)).toContain("PUBLIC KEY");
  });

  test("of one key are refused if another algorithm signed them, though the key could", async () => {
    const tokens = tokensOf({ signingKey: privatePem(RSA) });
    const kid = tokens.jwks().keys[0]?.kid;
    const { authenticate } = checkOf(tokens);
    const signedBy = (algorithm: "RS256" | "PS256") =>
      bearer(accessToken(claims, { algorithm, key: RSA.privateKey, header: { kid } }));
    expect(await authenticate(signedBy("RS256"))).toMatchObject(ALICE);
    expect(await rejection(authenticate(signedBy("PS256")))).toMatchObject({ errcode: "M_UNKNOWN_TOKEN" });
  });

  test("name users whose IDs are older than the grammar of today", async () => {
    const tokens = tokensOf({ secret: SECRET });
    const { accessToken: text } = tokens.issue({ ...ALICE, userId: "@Alice|1:example.org" });
    expect(await checkOf(tokens).authenticate(bearer(text))).toMatchObject({
      userId: "@Alice|1:example.org",
      localpart: "Alice|1",
    });
  });

  test('are ours, good or bad, with otherTokens: "next"', async () => {
    const tokens = tokensOf({ secret: SECRET });
    const { ask } = await guarded(auth([], { tokens: tokens.verification, otherTokens: "next" }));
    const { accessToken: text } = tokens.issue(ALICE);
    expect((await ask(bearer(text))).json["matrix"]).toMatchObject(ALICE);
    expect((await ask(bearer(`${text.slice(0, -4)}AAAA`))).status).toBe(401);
    expect((await ask(bearer(accessToken({ ...claims, iss: "x" })))).json).toEqual({ reached: true, has: false });
  });

  test("stand in a list beside a provider's, and name users by user ID whatever externalIds say", async () => {
    const own = tokensOf({ signingKey: privatePem(P256) });
    const provider = { issuer: "https://id.example.org", secret: SECRET, tokenType: "at+jwt" };
    const find = ({ issuer, subject }: { issuer: string; subject: string }) =>
      issuer === "https://id.example.org" && subject === "1234" ? "@bob:example.org" : null;
    const { ask } = await guarded(auth([own.verification, provider], { externalIds: { find } }));
    const userOf = async (text: string) => {
      const { json, status } = await ask(bearer(text));
      return (json["matrix"] as { userId?: string } | undefined)?.userId ?? status;
    };
    expect(await userOf(own.issue(ALICE).accessToken)).toBe("@alice:example.org");
    expect(await userOf(accessToken({ iss: provider.issuer, sub: "1234" }))).toBe("@bob:example.org");
    expect(await userOf(accessToken({ iss: provider.issuer, sub: "alice" }))).toBe(401);
  });

  test("are what issueToken returns: a whole login, and a request with its token", async () => {
    const tokens = tokensOf({ signingKey: privatePem(P256), lifetime: 60 });
    const { url } = await hostOf(
      express5,
      matrixJwtLogin({
        ...optionsWith(),
        issueToken: (_user, verified) =>
          tokens.issue(verified, verified.refreshToken ? { refreshToken: "r" } : { lifetime: 86_400 }),
      }),
    );
    const submission = { type: "org.matrix.login.jwt", token: token(), device_id: "PHONE" };
    const { body } = await login(url, { ...submission, refresh_token: true });
    expect(body).toMatchObject({
      user_id: ALICE.userId,
      device_id: "PHONE",
      refresh_token: "r",
      expires_in_ms: 60_000,
    });
    expect(await checkOf(tokens).authenticate(bearer(body["access_token"] as string))).toMatchObject(ALICE);
    expect((await login(url, submission)).body).toMatchObject({ expires_in_ms: 86_400_000 });
  });
});

describe("rotation of the signing key", () => {
  test("with lists: add second, move first, remove last", async () => {
    const [oldKey, newKey] = [privatePem(P256), privatePem(ED25519)];
    const steps = [[oldKey], [oldKey, newKey], [newKey, oldKey], [newKey]].map((signingKey) =>
      tokensOf({ signingKey }),
    );
    for (const [index, issuing] of steps.entries()) {
      const { accessToken: text } = issuing.issue(ALICE);
      // A replica is at most one step ahead or behind.
      for (const verifying of steps.slice(Math.max(0, index - 1), index + 2)) {
        expect(await checkOf(verifying).authenticate(bearer(text))).toMatchObject(ALICE);
      }
    }
    const [first, , , last] = steps as [AccessTokens, AccessTokens, AccessTokens, AccessTokens];
    const refused = checkOf(last).authenticate(bearer(first.issue(ALICE).accessToken));
    expect(await rejection(refused)).toMatchObject({ errcode: "M_UNKNOWN_TOKEN", fields: { soft_logout: true } });
  });

  test("keeps what was verified by a key that is not the first", async () => {
    const keys = [privatePem(ED25519), privatePem(P256)] as const;
    const failures = scripted();
    const { authenticate } = checkOf(tokensOf({ signingKey: keys }), { rateLimits: { failures } });
    const ofSecond = bearer(tokensOf({ signingKey: keys[1] }).issue(ALICE).accessToken);
    for (let i = 0; i < 2; i += 1) await authenticate(ofSecond, { ip: "192.0.2.1" });
    expect(failures.consume).toHaveBeenCalledTimes(1);
    // Node compares keys of two types with an error that the next key in the process would meet.
    expect(createPrivateKey(privatePem(P384)).type).toBe("private");
  });

  describe("in a file", () => {
    let directory: string;
    let file: string;
    let clock: Clock;
    beforeEach(() => {
      clock = movableClock();
      directory = mkdtempSync(join(tmpdir(), "own-tokens-"));
      file = join(directory, "key.pem");
      writeFileSync(file, privatePem(P256));
    });
    afterEach(() => {
      clock.restore();
      rmSync(directory, { recursive: true });
    });

    test("ends what was verified with the old key within 5 seconds, cached or not", async () => {
      const tokens = tokensOf({ signingKeyFile: file });
      const { authenticate } = checkOf(tokens);
      const old = bearer(tokens.issue(ALICE).accessToken);
      expect(await authenticate(old)).toMatchObject(ALICE);
      writeFileSync(file, privatePem(RSA));
      clock.move(5);
      expect(await rejection(authenticate(old))).toMatchObject({ fields: { soft_logout: true } });
      expect(await authenticate(bearer(tokens.issue(ALICE).accessToken))).toMatchObject(ALICE);
    });

    test("is read once for all tokens of two seconds", () => {
      const tokens = tokensOf({ signingKeyFile: file });
      const read = jest.spyOn(fs, "readFileSync");
      for (let i = 0; i < 20; i += 1) tokens.issue(ALICE);
      expect(read).not.toHaveBeenCalled();
      clock.move(5);
      for (let i = 0; i < 20; i += 1) tokens.issue(ALICE);
      expect(read).toHaveBeenCalledTimes(1);
      read.mockRestore();
    });

    test("keeps what was verified if the file is written anew with the same key", async () => {
      const tokens = tokensOf({ signingKeyFile: file });
      let asked = 0;
      const { authenticate } = checkOf(tokens, { rateLimits: { failures: counting() } });
      function counting() {
        return {
          consume: () => {
            asked += 1;
            return Promise.resolve({});
          },
          reward: () => Promise.resolve({}),
        };
      }
      const text = bearer(tokens.issue(ALICE).accessToken);
      await authenticate(text, { ip: "192.0.2.1" });
      writeFileSync(file, `${privatePem(P256)}\n`);
      clock.move(5);
      await authenticate(text, { ip: "192.0.2.1" });
      expect(asked).toBe(1);
    });

    test("tells the logger of a file that can't be read, once, and when it can again", async () => {
      const logger = recordingLogger();
      const tokens = tokensOf({ signingKeyFile: file });
      const { authenticate } = checkOf(tokens, { logger });
      const ask = async () => {
        clock.move(5);
        return authenticate(bearer(tokens.issue(ALICE).accessToken));
      };
      await ask();
      rmSync(file);
      await ask();
      await ask();
      expect(logger.lines.map(({ level }) => level)).toEqual(["warn"]);
      writeFileSync(file, privatePem(P256));
      await ask();
      expect(logger.lines.map(({ level }) => level)).toEqual(["warn", "info"]);
    });
  });
});
