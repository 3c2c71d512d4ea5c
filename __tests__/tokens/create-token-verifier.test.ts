import { createSecretKey } from "node:crypto";

import { afterEach, describe, expect, jest, test } from "@jest/globals";
import {
  createTokenVerifier,
  KeysUnavailableError,
  MatrixError,
  TokenError,
  type Claims,
  type LoginTypeOptions,
  type TokenVerifierContext,
} from "matrix-jwt-login";

import { expectOptionsError } from "../helpers/bad-options.js";
import { recordingLogger, rejection } from "../helpers/core.js";
import { serveJwks, text, type JwksServer } from "../helpers/jwks-server.js";
import { jwk, RSA, SECRET } from "../helpers/keys.js";
import { inSeconds, token } from "../helpers/tokens.js";

function verifier(options: Partial<Record<keyof LoginTypeOptions, unknown>> = {}) {
  return createTokenVerifier({ secret: SECRET, ...options } as LoginTypeOptions);
}

describe("a token verifier", () => {
  test("resolves to the claims of an honest token", async () => {
    const exp = inSeconds(60);
    await expect(verifier().verify(token({ exp, admin: true }))).resolves.toEqual({ sub: "alice", exp, admin: true });
  });

  test.each<[string, object, () => unknown, string]>([
    ["no string", {}, () => undefined, "missing"],
    ["an object", {}, () => ({ token: token() }), "missing"],
    ["no token", {}, () => "nonsense", "malformed"],
    ["forged", { secret: "another secret, and long enough for HS512: 64 bytes, or a little more" }, token, "signature"],
    ["expired", {}, () => token({ exp: 1 }), "expired"],
    ["for an audience", {}, () => token({ aud: "a" }), "audience"],
    ["without a subject", {}, () => token({ sub: undefined }), "subject"],
  ])("rejects with TokenError where the token is %s", async (_, options, made, code) => {
    const error = await rejection(verifier(options).verify(made() as string));
    expect(error).toBeInstanceOf(TokenError);
    expect(error).not.toBeInstanceOf(MatrixError);
    expect(error).toMatchObject({ name: "TokenError", code });
  });

  test.each<[string, object, Readonly<Record<string, unknown>>]>([
    ["allowRegistration", { allowRegistration: true }, {}],
    ["identifier", { identifier: "require" }, {}],
    ["subjectFormat", { subjectFormat: "userId" }, { sub: "alice" }],
    ["subjectFormat", { subjectFormat: "localpart" }, { sub: "@alice:anywhere.example" }],
    ["localpart", { localpart: "escape" }, { sub: "é".repeat(200) }],
    ["displayNameClaim", { displayNameClaim: "name" }, { name: 1 }],
  ])("does not act on %s", async (_, options, claims) => {
    await expect(verifier(options).verify(token(claims))).resolves.toMatchObject({ ...claims });
  });

  test("does not hold a subject to the grammar of user IDs", async () => {
    await expect(verifier().verify(token({ sub: "a b\0" }))).resolves.toHaveProperty("sub", "a b\0");
  });

  describe("with authorize", () => {
    test("asks it for the claims, with an empty submission", async () => {
      const authorize = jest.fn<(claims: Claims, submission: object) => Promise<boolean>>().mockResolvedValue(true);
      await expect(verifier({ authorize }).verify(token({ n: 1 }))).resolves.toHaveProperty("n", 1);
      expect(authorize.mock.calls).toEqual([[expect.objectContaining({ sub: "alice", n: 1 }), {}]]);
    });

    test.each<[string, () => unknown]>([
      ["says false", () => false],
      ["says false later", () => Promise.resolve(false)],
      ["says 1", () => 1],
      ["says nothing", () => undefined],
      [
        "throws",
        () => {
          throw new Error("private");
        },
      ],
      ["rejects", () => Promise.reject(new Error("private"))],
      ["rejects with a MatrixError", () => Promise.reject(new MatrixError("M_FORBIDDEN", "private"))],
    ])("rejects with TokenError where it %s", async (_, authorize) => {
      const error = await rejection(verifier({ authorize }).verify(token()));
      expect(error).toBeInstanceOf(TokenError);
      expect(error).toMatchObject({ code: "unauthorized" });
      expect((error as TokenError).message).not.toContain("private");
    });
  });

  test("rejects with TokenError if a function for the subject throws", async () => {
    const cause = new Error("private");
    const subjectClaim = () => {
      throw cause;
    };
    const error = await rejection(verifier({ subjectClaim }).verify(token()));
    expect(error).toBeInstanceOf(TokenError);
    expect((error as TokenError).message).not.toContain("private");
    expect((error as TokenError).cause).toBe(cause);
  });

  test("may have its methods called apart from it", async () => {
    const one = verifier();
    await expect(one.verify.bind(undefined)(token())).resolves.toHaveProperty("sub", "alice");
    await expect(one.ready.bind(undefined)()).resolves.toBeUndefined();
  });

  describe("of an endpoint's keys", () => {
    let jwks: JwksServer | undefined;
    afterEach(async () => {
      jest.restoreAllMocks();
      await jwks?.close();
    });
    const honest = () => token({}, { algorithm: "RS256", header: { kid: "one" } });

    test("fetches them ahead with ready()", async () => {
      jwks = await serveJwks([jwk(RSA, { kid: "one" })]);
      const { verify, ready } = bound(createTokenVerifier({ jwksUri: jwks.url }));
      await ready();
      await expect(verify(honest())).resolves.toHaveProperty("sub", "alice");
      expect(jwks.requests).toHaveLength(1);
    });

    test("rejects with KeysUnavailableError if they are unavailable, and warns once", async () => {
      const warn = jest.spyOn(console, "warn").mockReturnValue();
      jwks = await serveJwks();
      jwks.answer(text("down", 500));
      const { verify, ready } = bound(createTokenVerifier({ jwksUri: jwks.url, jwksOptions: { cooldown: 0 } }));

      await expect(ready()).rejects.toBeInstanceOf(KeysUnavailableError);
      const error = await rejection(verify(honest()));
      expect(error).toBeInstanceOf(KeysUnavailableError);
      expect(error).toMatchObject({ name: "KeysUnavailableError", code: "keys_unavailable" });
      expect(warn).toHaveBeenCalledTimes(1);
    });

    test("tells the logger and the callback that it is given, and no console", async () => {
      const warn = jest.spyOn(console, "warn").mockReturnValue();
      jwks = await serveJwks();
      jwks.answer(text("down", 500));
      const logger = recordingLogger();
      const onKeysError = jest.fn(() => {
        throw new Error("failing");
      });
      const options = { jwksUri: jwks.url, jwksOptions: { cooldown: 0 } };
      await expect(createTokenVerifier(options, { logger, onKeysError }).ready()).rejects.toThrow();
      await expect(createTokenVerifier(options, { logger: false }).ready()).rejects.toThrow();

      expect(logger.lines.map(({ level }) => level)).toEqual(["warn", "error"]);
      expect(onKeysError.mock.calls).toEqual([[{ error: expect.any(KeysUnavailableError), source: "keys" }]]);
      expect(warn).not.toHaveBeenCalled();
    });
  });

  test("remembers no tokens, so that singleUse is refused", () => {
    expectOptionsError(() => verifier({ singleUse: true }), "singleUse", /must not be true: .* remembers no tokens/);
    expect(() => verifier({ singleUse: false })).not.toThrow();
  });

  test.each<[string, unknown, string, RegExp]>([
    ["no object", 1, "", /must be an object/],
    ["an unknown name", { loger: false }, "loger", /the options here are logger, onKeysError/],
    ["no logger", { logger: console.log }, "logger", /must be an object/],
    ["half a logger", { logger: { warn: console.warn } }, "logger.debug", /must be a function/],
    ["no callback", { onKeysError: true }, "onKeysError", /must be a function/],
  ])("refuses %s as its context", (_, context, path, problem) => {
    expectOptionsError(() => createTokenVerifier({ secret: SECRET }, context as TokenVerifierContext), path, problem);
  });

  test("may be given undefined for what its context leaves out", () => {
    const context: object = { logger: undefined, onKeysError: undefined };
    expect(() => createTokenVerifier({ secret: SECRET }, context)).not.toThrow();
    expect(() => createTokenVerifier({ secret: SECRET }, undefined)).not.toThrow();
  });
});

describe("the stack traces of the host's own errors", () => {
  test("are as long after a refusal as they were", async () => {
    const before = Error.stackTraceLimit;
    expect(before).toBeGreaterThan(1);
    for (const made of ["rubbish", token({}, { key: createSecretKey(Buffer.from("another")) }), token({ exp: 1 })]) {
      const error = await rejection(verifier().verify(made));
      expect(error).toBeInstanceOf(TokenError);
      expect((error as Error).stack).not.toContain("\n");
      expect(Error.stackTraceLimit).toBe(before);
    }
  });

  test("are so too if the cause of a TokenError can't be read", () => {
    const before = Error.stackTraceLimit;
    const unreadable = {
      get cause(): never {
        throw new Error("unreadable");
      },
    };
    expect(() => new TokenError("unauthorized", "no", unreadable)).toThrow("unreadable");
    expect(Error.stackTraceLimit).toBe(before);
    expect(new TokenError("unauthorized", "no", { cause: 1 })).toMatchObject({ code: "unauthorized", cause: 1 });
  });
});

function bound(made: ReturnType<typeof createTokenVerifier>) {
  return { verify: made.verify.bind(made), ready: made.ready.bind(made) };
}
