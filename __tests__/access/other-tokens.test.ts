import { describe, expect, jest, test } from "@jest/globals";
import { CompactEncrypt } from "jose";
import { createAccessTokens, matrixBearerAuth } from "matrix-jwt-login";

import { expectOptionsError } from "../helpers/bad-options.js";
import { KEYS, RSA, SECRET } from "../helpers/keys.js";
import { encode, signed } from "../helpers/tokens.js";
import { accessToken, auth, bearer, guarded } from "./helpers/guarded.js";

const ISSUER = "https://id.example.org";
const NEXT = { otherTokens: "next" };
const PASSED = { reached: true, has: false };

const json = encode({});

describe('tokens of somebody else, with otherTokens: "next"', () => {
  const theirs: readonly (readonly [string, string | undefined, object?])[] = [
    ["no token at all", undefined],
    ["another scheme", "Basic YTpi"],
    ["an opaque token", bearer("syt_YWxpY2U_abc_123")],
    ["two parts", bearer("a.b")],
    ["three parts that are no JWT", bearer("a.b.c")],
    ["three parts, the first a JSON list", bearer(`${encode("[]")}.${json}.x`)],
    ["three parts, the first a JSON string", bearer(`${encode('"x"')}.${json}.x`)],
    ["three parts, the first JSON null", bearer(`${encode("null")}.${json}.x`)],
    ["five parts, without decryption", bearer(`${json}.a.b.c.d`)],
    ["six parts", bearer(`${json}.a.b.c.d.e`)],
    ["a JWT of another issuer", bearer(accessToken({ iss: "https://host.example.org" })), { issuer: ISSUER }],
    [
      "a JWT of another issuer, too long for us",
      bearer(accessToken({ iss: "x" })),
      { issuer: ISSUER, maxTokenLength: 9 },
    ],
    ["a JWT without issuer", bearer(accessToken()), { issuer: [ISSUER, "https://two.example.org"] }],
    ["a JWT whose issuer is a list", bearer(accessToken({ iss: [ISSUER] })), { issuer: ISSUER }],
  ];

  test.each(theirs)("%s: the host's own check comes after", async (_, authorization, tokens = {}) => {
    const onReject = jest.fn();
    const check = auth(tokens, { ...NEXT, onReject });
    for (const handler of [check, check.optional]) {
      const { ask } = await guarded(handler);
      expect((await ask(authorization)).json).toEqual(PASSED);
    }
    expect(onReject).not.toHaveBeenCalled();
  });

  const ours: readonly (readonly [string, string, object?])[] = [
    ["a forged one", bearer(`${accessToken()}AA`)],
    ["a malformed header", "Bearer a b"],
    ["claims that are not JSON", bearer(signed("x", { header: { typ: "at+jwt" } })), { issuer: ISSUER }],
    ["claims that are null", bearer(signed("null", { header: { typ: "at+jwt" } })), { issuer: ISSUER }],
    ["our issuer, expired", bearer(accessToken({ iss: ISSUER, exp: 1 })), { issuer: ISSUER }],
    ["any issuer, where none is configured", bearer(accessToken({ iss: "x", aud: "y" }))],
  ];

  test.each(ours)("of ours that are bad are refused: %s", async (_, authorization, tokens = {}) => {
    const { ask } = await guarded(auth(tokens, NEXT));
    expect((await ask(authorization)).json).toMatchObject({ errcode: "M_UNKNOWN_TOKEN" });
  });

  test("two headers are refused: the host's check might look at the other one", async () => {
    const { ask } = await guarded(auth({}, NEXT));
    expect((await ask(["Bearer a", "Bearer b"])).status).toBe(401);
  });

  test("good ones of ours are let in", async () => {
    const { ask } = await guarded(auth({ issuer: ISSUER }, NEXT));
    const { matrix } = (await ask(bearer(accessToken({ iss: ISSUER })))).json;
    expect(matrix).toMatchObject({ userId: "@alice:example.org" });
  });
});

test('tokens of somebody else are refused by default, and with otherTokens: "reject"', async () => {
  for (const options of [{}, { otherTokens: "reject" }]) {
    const { ask } = await guarded(auth({ issuer: ISSUER }, options));
    expect((await ask(bearer("syt_abc"))).json).toMatchObject({ errcode: "M_UNKNOWN_TOKEN", soft_logout: false });
    expect((await ask()).json).toMatchObject({ errcode: "M_MISSING_TOKEN" });
  }
});

test("a token that names no issuer is asked about where introspection alone proves tokens", async () => {
  let asked = 0;
  const fetch = (url: string) => {
    if (url.endsWith("/introspect")) asked += 1;
    const document = { issuer: ISSUER, introspection_endpoint: `${ISSUER}/introspect` };
    return Promise.resolve(Response.json(url.endsWith("/introspect") ? { active: true, sub: "alice" } : document));
  };
  const tokens = { issuer: ISSUER, audience: null, introspection: { discover: true, fetch } };
  const check = matrixBearerAuth({ serverName: "example.org", tokens, otherTokens: "next", logger: false });
  const { ask } = await guarded(check);
  expect((await ask(bearer(accessToken()))).json["matrix"]).toMatchObject({ localpart: "alice" });
  expect((await ask(bearer(accessToken({ iss: "https://host.example.org" })))).json).toEqual(PASSED);
  expect(asked).toBe(1);
});

describe("a list of token options by issuer", () => {
  const ONE = "https://one.example.org";
  const TWO = "https://two.example.org";
  const jwks = { keys: [{ ...KEYS.ES256.publicKey.export({ format: "jwk" }), kid: "two" }] };
  const list = [
    { issuer: ONE, secret: SECRET, tokenType: "at+jwt" },
    { issuer: [TWO], jwks, requiredScopes: ["matrix"], subjectClaim: "username" },
  ];
  const ofTwo = (claims: object) =>
    accessToken({ iss: TWO, username: "bob", ...claims }, { algorithm: "ES256", header: { kid: "two" } });

  test("applies to a token the rules of its issuer, and those alone", async () => {
    const { ask } = await guarded(auth(list, { externalIds: false }));
    const userOf = async (text: string) => {
      const { status, json } = await ask(bearer(text));
      return (json["matrix"] as { userId?: string } | undefined)?.userId ?? status;
    };
    expect(await userOf(accessToken({ iss: ONE }))).toBe("@alice:example.org");
    expect(await userOf(ofTwo({ scope: "matrix" }))).toBe("@bob:example.org");
    expect(await userOf(ofTwo({}))).toBe(403);
    expect(await userOf(accessToken({ iss: TWO, username: "bob", scope: "matrix" }))).toBe(401);
    expect(await userOf(ofTwo({ iss: ONE }))).toBe(401);
  });

  test.each([["opaque"], ["a.b"], ["a.b.c"], [`${json}.a.b.c.d`]])("refuses what can't be read: %s", async (text) => {
    const { ask } = await guarded(auth(list, { externalIds: false }));
    expect((await ask(bearer(text))).json).toMatchObject({ errcode: "M_UNKNOWN_TOKEN", soft_logout: false });
  });

  test("says of a token that is too long, or can't be read, what one issuer's options would", async () => {
    const reasons: unknown[] = [];
    const onReject = ({ reason }: { reason: string }) => reasons.push(reason);
    const { ask } = await guarded(auth(list, { externalIds: false, onReject }));
    await ask(bearer("a.".repeat(4_200)));
    await ask(bearer("a.b.c"));
    expect(reasons).toEqual(["too_long", "malformed"]);
  });

  test("lets in tokens of each of its issuers, and leaves to the host those of none", async () => {
    const { ask } = await guarded(auth(list, { ...NEXT, externalIds: false }));
    expect((await ask(bearer(accessToken({ iss: ONE })))).json["matrix"]).toMatchObject({ localpart: "alice" });
    expect((await ask(bearer(ofTwo({ scope: "matrix" })))).json["matrix"]).toMatchObject({ localpart: "bob" });
    expect((await ask(bearer(accessToken({ iss: "https://three.example.org" })))).json).toEqual(PASSED);
  });

  test.each([[{}], [{ iss: "https://three.example.org" }], [{ iss: [ONE] }], [{ iss: null }]])(
    "refuses a token of no issuer of it: %p",
    async (claims) => {
      const reasons: unknown[] = [];
      const onReject = ({ reason }: { reason: string }) => reasons.push(reason);
      const { ask } = await guarded(auth(list, { externalIds: false, onReject }));
      expect((await ask(bearer(accessToken(claims)))).json).toMatchObject({
        errcode: "M_UNKNOWN_TOKEN",
        soft_logout: false,
      });
      expect(reasons).toEqual(["issuer"]);
    },
  );
});

test("with decryption, a signed token that is not encrypted is ours to refuse, and one of six parts the host's", async () => {
  const { ask } = await guarded(auth({ decryption: { key: RSA.privateKey } }, { ...NEXT, cache: false }));
  expect((await ask(bearer(accessToken()))).status).toBe(401);
  expect((await ask(bearer(`${json}.a.b.c.d.e`))).json).toEqual(PASSED);
});

test("with decryption, five parts are ours to refuse and an opaque token is the host's", async () => {
  const { ask } = await guarded(auth({ decryption: { key: RSA.privateKey } }, { ...NEXT, cache: false }));
  expect((await ask(bearer(`${json}.a.b.c.d`))).status).toBe(401);
  expect((await ask(bearer("opaque"))).json).toEqual(PASSED);
});

describe("a list of issuers whose tokens are encrypted", () => {
  const decryption = { key: RSA.privateKey };
  const one = { issuer: ISSUER, secret: SECRET, tokenType: "at+jwt", decryption };
  const two = { ...one, issuer: "https://two.example.org" };
  const encrypted = (content: string): Promise<string> =>
    new CompactEncrypt(Buffer.from(content))
      .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", cty: "JWT" })
      .encrypt(RSA.publicKey);

  test("chooses by the issuer of the token within, and takes the host's own as they are", async () => {
    const own = createAccessTokens({ issuer: "https://host.example.org", audience: "a", secret: SECRET });
    const { ask } = await guarded(auth([one, two, own.verification]));
    const askWith = async (text: string) => (await ask(bearer(text))).status;
    expect(await askWith(await encrypted(accessToken({ iss: ISSUER })))).toBe(200);
    expect(await askWith(await encrypted(accessToken({ iss: two.issuer })))).toBe(200);
    expect(await askWith(await encrypted(accessToken({ iss: "https://three.example.org" })))).toBe(401);
    expect(await askWith(accessToken({ iss: ISSUER }))).toBe(401);
    expect(await askWith(own.issue({ userId: "@alice:example.org", deviceId: "A" }).accessToken)).toBe(200);
  });

  test('takes encrypted ones for its own with otherTokens: "next", though not every entry decrypts', async () => {
    const own = createAccessTokens({ issuer: "https://host.example.org", audience: "a", secret: SECRET });
    const { ask } = await guarded(auth([one, own.verification], NEXT));
    expect((await ask(bearer(await encrypted(accessToken({ iss: ISSUER }))))).json["matrix"]).toMatchObject({
      localpart: "alice",
    });
    expect((await ask(bearer(await encrypted("x")))).status).toBe(401);
  });

  test("must be decrypted alike", () => {
    expectOptionsError(
      () => auth([one, { ...two, decryption: { ...decryption } }]),
      "tokens[1].decryption",
      /same object/,
    );
  });
});
