import { describe, expect, jest, test } from "@jest/globals";
import { createJwtLogin, KeysUnavailableError, TokenError, type LoginTypeOptions } from "matrix-jwt-login";

import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { serveJwks, text } from "../helpers/jwks-server.js";
import { jwk, pem, RSA, SECRET } from "../helpers/keys.js";
import { host, loginWith, optionsWith } from "../helpers/login.js";
import { encode, inSeconds, signed, token } from "../helpers/tokens.js";
import { errorOf, verdict, verifierOf, type AnyOptions } from "../helpers/verdict.js";

describe("a token verifier", () => {
  test("gives the claims of a good token", async () => {
    const exp = inSeconds(300);
    await expect(verifierOf({ secret: SECRET }).verify(token({ exp, name: "Alice" }))).resolves.toEqual({
      sub: "alice",
      exp,
      name: "Alice",
    });
  });

  test("rejects with a TokenError that says why and gives nothing away", async () => {
    const error: unknown = await verifierOf({ secret: SECRET, issuer: "https://idp.example.org" })
      .verify(token({ iss: "https://evil.example.org" }))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TokenError);
    expect(error).toMatchObject({ name: "TokenError", code: "issuer", message: "token issuer not accepted (iss)" });
    expect(JSON.stringify([(error as Error).message, error])).not.toMatch(/example/);
  });

  test("rejects with a KeysUnavailableError if keys are unavailable", async () => {
    const warn = jest.spyOn(console, "warn").mockReturnValue();
    const server = await serveJwks();
    server.answer(text("{}", 500));
    const verifier = verifierOf({ jwksUri: server.url, jwksOptions: { cooldown: 0 } });
    const error: unknown = await verifier.verify(token({}, { algorithm: "RS256" })).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(KeysUnavailableError);
    expect(error).toMatchObject({ name: "KeysUnavailableError", code: "keys_unavailable", retryAfter: 1 });
    await expect(verifier.ready()).rejects.toBeInstanceOf(KeysUnavailableError);
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
    await server.close();
  });

  test.each<[string, AnyOptions]>([
    ["a secret", { secret: SECRET }],
    ["a public key", { publicKey: pem(RSA) }],
    ["a JWK Set", { jwks: { keys: [jwk(RSA)] } }],
  ])("is ready at once with %s", async (_, options) => {
    await expect(verifierOf(options).ready()).resolves.toBeUndefined();
  });

  test("takes options that concern users and logins, and does not act on them", async () => {
    const verifier = verifierOf({
      secret: SECRET,
      subjectFormat: "userId",
      localpart: "lowercase",
      identifier: "require",
      displayNameClaim: "name",
      allowRegistration: true,
    });
    expect(await verdict(verifier, token({ sub: "a:b:c" }))).toBe("accepted");
  });

  test.each([undefined, null, 1, {}, [], true])("refuses %p as a token", async (value) => {
    expect(await verdict({ secret: SECRET }, value as string)).toBe("missing");
  });

  test("can't be changed", () => {
    expect(Object.isFrozen(verifierOf({ secret: SECRET }))).toBe(true);
  });

  test("is not swayed by options that change later", async () => {
    const options = {
      secret: SECRET,
      algorithms: ["HS256"],
      issuer: ["a"],
      subjectClaim: ["sub"],
      requiredScopes: ["x"],
    };
    const verifier = verifierOf(options);
    options.algorithms.push("HS512");
    options.issuer.push("b");
    options.subjectClaim.push("nothing");
    options.requiredScopes.pop();
    expect(await verdict(verifier, token({ iss: "a", scope: "x" }))).toBe("accepted");
    expect(await verdict(verifier, token({ iss: "a", scope: "x" }, { algorithm: "HS512" }))).toBe("algorithm");
    expect(await verdict(verifier, token({ iss: "b", scope: "x" }))).toBe("issuer");
    expect(await verdict(verifier, token({ iss: "a" }))).toBe("scope");
  });
});

describe("`authorize`", () => {
  const answers: readonly (readonly [string, () => unknown, boolean])[] = [
    ["true", () => true, true],
    ["a promise of true", () => Promise.resolve(true), true],
    ["false", () => false, false],
    ["a promise of false", () => Promise.resolve(false), false],
    ["nothing", () => undefined, false],
    ["1", () => 1, false],
    ["text", () => "true", false],
    ["an object", () => ({}), false],
    ["a Boolean object", () => Object(true) as unknown, false],
  ];

  describe.each(EXPRESS_VERSIONS)("of a login on %s", (_, express) => {
    test.each(answers)("that gives %s", async (_, authorize, accepted) => {
      const server = await host(optionsWith({ authorize }), express);
      const { status, body } = await loginWith(server.url, token());
      await server.close();
      if (accepted) expect(status).toBe(200);
      else {
        expect(status).toBe(403);
        expect(body).toEqual({ errcode: "M_FORBIDDEN", error: "JWT validation failed: token not authorized" });
      }
    });
  });

  test.each(answers)("of a verifier that gives %s", async (_, authorize, accepted) => {
    expect(await verdict({ secret: SECRET, authorize }, token())).toBe(accepted ? "accepted" : "unauthorized");
  });

  test("is told the claims and the submission, and only of a token that is good", async () => {
    const authorize = jest.fn<NonNullable<LoginTypeOptions["authorize"]>>(() => true);
    const core = createJwtLogin(optionsWith({ authorize }));
    const submission = { type: "org.matrix.login.jwt", token: token({ name: "Alice" }), device_id: "PHONE" };
    await core.login(submission);
    expect(authorize).toHaveBeenCalledTimes(1);
    expect(authorize).toHaveBeenCalledWith(expect.objectContaining({ sub: "alice", name: "Alice" }), submission);
    await expect(core.login({ ...submission, token: token({ exp: 0 }) })).rejects.toMatchObject({ statusCode: 403 });
    expect(authorize).toHaveBeenCalledTimes(1);
  });

  test("of a verifier is told the claims and an empty submission", async () => {
    const authorize = jest.fn<NonNullable<LoginTypeOptions["authorize"]>>(() => true);
    await verifierOf({ secret: SECRET, authorize }).verify(token());
    expect(authorize).toHaveBeenCalledWith(expect.objectContaining({ sub: "alice" }), {});
  });

  test.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("the database is down");
      },
    ],
    ["rejects", () => Promise.reject(new Error("the database is down"))],
  ])("of a verifier that %s refuses the token, and keeps the cause", async (_, authorize) => {
    const error: unknown = await verifierOf({ secret: SECRET, authorize })
      .verify(token())
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TokenError);
    expect(error).toMatchObject({ code: "unauthorized", cause: { message: "the database is down" } });
    expect((error as Error).message).not.toMatch(/database/);
  });

  test("that throws is the host's failure, and no refusal of the token", async () => {
    const authorize = () => Promise.reject(new TypeError("the database is down"));
    const core = createJwtLogin(optionsWith({ authorize }));
    await expect(core.login({ type: "org.matrix.login.jwt", token: token() })).rejects.toMatchObject({
      statusCode: 500,
      errcode: "M_UNKNOWN",
      message: "Internal server error",
    });
  });
});

describe("a subject's function", () => {
  test("that throws is the host's failure", async () => {
    const subjectClaim = (): string => {
      throw new TypeError("no such claim");
    };
    const core = createJwtLogin(optionsWith({ subjectClaim }));
    await expect(core.login({ type: "org.matrix.login.jwt", token: token() })).rejects.toMatchObject({
      statusCode: 500,
    });
    expect(await verdict({ secret: SECRET, subjectClaim }, token())).toBe("unauthorized");
  });

  test("that is async and rejects is refused, and its rejection ends no process", async () => {
    const unhandled = jest.fn();
    process.on("unhandledRejection", unhandled);
    const subjectClaim = (): Promise<string> => Promise.reject(new Error("no such claim"));
    expect(await verdict({ secret: SECRET, subjectClaim }, token())).toBe("subject");
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe("options of a verifier", () => {
  const keys = { keys: [jwk(RSA)] };

  test.each<[string, AnyOptions, string, RegExp]>([
    ["no key source", {}, "", /no key source.*secret.*publicKey.*keyFile.*jwksUri.*jwks/],
    ["a key source that is undefined", { secret: undefined }, "secret", /is undefined/],
    ["a secret beside a public key", { secret: SECRET, publicKey: pem(RSA) }, "publicKey", /one key source/],
    ["a secret beside an endpoint", { secret: SECRET, jwksUri: "https://idp/jwks" }, "jwksUri", /one key source/],
    ["an endpoint beside a set", { jwksUri: "https://idp/jwks", jwks: keys }, "jwks", /one key source/],
    ["a key file beside a public key", { keyFile: "key.pem", publicKey: pem(RSA) }, "keyFile", /one key source/],
    ["jwksOptions beside a secret", { secret: SECRET, jwksOptions: {} }, "jwksOptions", /jwksUri/],
    ["jwksOptions beside a set", { jwks: keys, jwksOptions: { timeout: 1 } }, "jwksOptions", /jwksUri/],
    ["an unknown name", { secret: SECRET, algorithm: "HS256" } as AnyOptions, "algorithm", /algorithms/],
    ["a name of another case", { secret: SECRET, Issuer: "a" } as AnyOptions, "Issuer", /issuer/],
  ])("%s", (_, options, path, message) => {
    const error = errorOf(() => verifierOf(options));
    expect(error).toMatchObject({ name: "OptionsError", code: "options", path });
    expect(error.message).toMatch(message);
  });

  test.each([undefined, null, "secret", 1, []])("%p as options", (options) => {
    expect(errorOf(() => verifierOf(options as AnyOptions))).toMatchObject({ name: "OptionsError", path: "" });
  });
});

describe("a token that is malformed is refused with what is wrong with it", () => {
  const [header = "", payload = "", proof = ""] = token().split(".");

  test.each([
    ["two parts", `${header}.${payload}`, "a signed token has three parts"],
    ["four parts", `${header}.${payload}.${proof}.${proof}`, "a signed token has three parts"],
    ["a header with padding", `${header}=.${payload}.${proof}`, "a part is not base64url without padding"],
    ["a header that is no JSON", `${encode("{")}.${payload}.${proof}`, "its header is not a JSON object"],
    ["a header that is a list", `${encode("[]")}.${payload}.${proof}`, "its header is not a JSON object"],
    ["claims that are a list", `${header}.${encode("[]")}.${proof}`, "its claims are not a JSON object"],
    ["claims that are no JSON", signed("{"), "its claims are not JSON"],
  ])("%s", async (_, made, why) => {
    const refused = verifierOf({ secret: SECRET }).verify(made);
    await expect(refused).rejects.toMatchObject({ code: "malformed", message: `token malformed: ${why}` });
  });

  test("a critical extension is named as what it is", async () => {
    const refused = verifierOf({ secret: SECRET }).verify(token({}, { header: { crit: ["b64"], b64: false } }));
    await expect(refused).rejects.toMatchObject({
      code: "critical",
      message: "token has critical header parameters that are not supported",
    });
  });
});
