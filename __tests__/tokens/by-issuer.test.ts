import { createCipheriv, publicEncrypt, randomBytes } from "node:crypto";

import { describe, expect, jest, test } from "@jest/globals";
import { createTokenVerifier, type LoginTypeOptions, type TokenVerifier } from "matrix-jwt-login";

import { expectOptionsError } from "../helpers/bad-options.js";
import { serveIdentityProvider } from "../helpers/identity-provider.js";
import { keySet } from "../helpers/jwks-server.js";
import { jwk, P256, pem, privatePem, RSA, SECRET } from "../helpers/keys.js";
import { LOGIN_TYPE } from "../helpers/login.js";
import { remoteLogins } from "../helpers/remote-login.js";
import { encode, signed, token } from "../helpers/tokens.js";
import { verdict } from "../helpers/verdict.js";

const A = { issuer: "https://a.example.org", secret: SECRET, audience: "a" };
const B = {
  issuer: ["https://b.example.org", "https://old-b.example.org"],
  publicKey: pem(RSA),
  audience: "b",
  requiredScopes: ["login"],
};

/** RFC 7516 section 5.1, with RSA-OAEP and A128GCM. */
function encrypted(content: string): string {
  const key = randomBytes(16);
  const iv = randomBytes(12);
  const header = encode({ alg: "RSA-OAEP", enc: "A128GCM" });
  const cipher = createCipheriv("aes-128-gcm", key, iv).setAAD(Buffer.from(header));
  const text = Buffer.concat([cipher.update(content), cipher.final()]);
  const parts = [publicEncrypt(RSA.publicKey, key), iv, text, cipher.getAuthTag()];
  return [header, ...parts.map((part) => part.toString("base64url"))].join(".");
}

function verifierOf(list: readonly object[]): TokenVerifier {
  return createTokenVerifier(list as readonly LoginTypeOptions[]);
}

const decryption = { key: privatePem(RSA) };

const ofA = { iss: "https://a.example.org", aud: "a" };
const ofB = { iss: "https://b.example.org", aud: "b", scope: "login" };
const rs256 = { algorithm: "RS256" } as const;

describe("a list of issuers", () => {
  test.each<[string, string, string]>([
    ["a token of the first", token(ofA), "accepted"],
    ["a token of the second", token(ofB, rs256), "accepted"],
    [
      "a token of the second under its other name",
      token({ ...ofB, iss: "https://old-b.example.org" }, rs256),
      "accepted",
    ],
    ["a token signed as the other issuer signs", token(ofA, rs256), "algorithm"],
    ["a token for the other issuer's audience", token({ ...ofA, aud: "b" }), "audience"],
    ["a token without what its issuer's rules require", token({ ...ofB, scope: "x" }, rs256), "scope"],
    ["a token of nobody known", token({ ...ofA, iss: "https://c.example.org" }), "issuer"],
    ["a token of an issuer spelled otherwise", token({ ...ofA, iss: "https://a.example.org/" }), "issuer"],
    ["a token of nobody", token({ aud: "a" }), "issuer"],
    ["a token of both", token({ ...ofA, iss: ["https://a.example.org"] }), "issuer"],
    ["a token that inherits its issuer", signed('{"__proto__":{"iss":"https://a.example.org"}}'), "issuer"],
    [
      "a token with two issuers",
      signed('{"iss":"https://b.example.org","iss":"https://a.example.org"}'),
      "expiry_missing",
    ],
    ["no token", "rubbish", "malformed"],
    ["claims that are no JSON", signed("{"), "malformed"],
    ["claims that are no object", signed("[]"), "malformed"],
    ["a token that is too long", token({ ...ofA, pad: "x".repeat(9_000) }), "too_long"],
  ])("judges %s by its issuer's rules", async (_, text, expected) => {
    expect(await verdict(verifierOf([A, B]), text)).toBe(expected);
  });

  test("decrypts a token to see whose it is", async () => {
    const verifier = verifierOf([
      { ...A, decryption },
      { ...B, decryption },
    ]);
    expect(await verdict(verifier, encrypted(token(ofA)))).toBe("accepted");
    expect(await verdict(verifier, encrypted(token(ofB, rs256)))).toBe("accepted");
    expect(await verdict(verifier, encrypted(token(ofB)))).toBe("algorithm");
    expect(await verdict(verifier, encrypted(token({ iss: "https://c.example.org" })))).toBe("issuer");
    expect(await verdict(verifier, encrypted("rubbish"))).toBe("decryption");
    expect(await verdict(verifier, token(ofA))).toBe("malformed");
    expect(await verdict(verifierOf([A, B]), encrypted(token(ofA)))).toBe("malformed");
  });

  test("takes each entry's own length", async () => {
    const long = token({ ...ofA, pad: "x".repeat(9_000) });
    expect(await verdict(verifierOf([{ ...A, maxTokenLength: 20_000 }, B]), long)).toBe("accepted");
    expect(await verdict(verifierOf([A, { ...B, maxTokenLength: 20_000 }]), long)).toBe("too_long");
  });

  test("refuses what is no text", async () => {
    const verifier = verifierOf([A, B]);
    for (const value of [undefined, null, 1, {}, [token(ofA)]]) {
      await expect(verifier.verify(value as string)).rejects.toMatchObject({ name: "TokenError", code: "missing" });
    }
  });

  test("looks at no key of another issuer, nor of any for an issuer that is unknown", async () => {
    const fetch = jest.fn(() => Promise.reject(new Error("no route")));
    const remote = { issuer: "https://c.example.org", jwksUri: "https://c.example.org/jwks", jwksOptions: { fetch } };
    const verifier = createTokenVerifier([A, remote] as readonly LoginTypeOptions[], { logger: false });
    expect(await verdict(verifier, token(ofA))).toBe("accepted");
    expect(await verdict(verifier, token({ ...ofA, iss: "https://d.example.org" }))).toBe("issuer");
    expect(fetch).not.toHaveBeenCalled();
    expect(await verdict(verifier, token({ iss: "https://c.example.org" }, rs256))).toBe("keys_unavailable");
  });

  test("is ready once all of its keys are there", async () => {
    const idp = await serveIdentityProvider();
    idp.answer("/jwks", keySet([jwk(P256)]));
    const verifier = verifierOf([A, { issuer: idp.issuer, jwksUri: `${idp.url}/jwks` }]);
    await verifier.ready();
    expect([...idp.requests]).toEqual(["/jwks"]);
    await idp.close();
  });

  test.each<[string, readonly object[], string, RegExp]>([
    ["that is empty", [], "", /must not be an empty list/],
    ["with an entry without issuer", [A, { secret: SECRET }], "[1].issuer", /is required in a list/],
    ["with one issuer twice", [A, B, { ...B, issuer: A.issuer }], "[2].issuer", /another entry/],
    [
      "with one of several issuers twice",
      [B, { ...A, issuer: ["x", "https://old-b.example.org"] }],
      "[1].issuer",
      /another/,
    ],
    ["with a wrong option", [A, { ...B, audience: 1 }], "[1].audience", /must be a string/],
    ["with undefined", [A, { ...B, audience: undefined }], "[1].audience", /is undefined/],
    ["within a list", [A, [B]], "[1]", /must be an object, not a list/],
    [
      "with introspection alone",
      [A, { issuer: "https://c", audience: "c", introspection: { endpoint: "https://c/introspect" } }],
      "[1].introspection",
      /needs a key source in a list/,
    ],
    ["with decryption in one entry", [A, { ...B, decryption }], "[1].decryption", /must be the same object/],
    [
      "with two objects for decryption",
      [
        { ...A, decryption },
        { ...B, decryption: { ...decryption } },
      ],
      "[1].decryption",
      /must be the same object/,
    ],
    ["with singleUse", [A, { ...B, singleUse: true }], "[1].singleUse", /a verifier remembers no tokens/],
  ])("%s is refused", (_, list, path, problem) => {
    expectOptionsError(() => verifierOf(list), path, problem);
  });
});

test("a login is by the entry of the token's issuer, encrypted or not", async () => {
  const mixed = { ...decryption, allowUnencrypted: true };
  const list = [
    { ...A, decryption: mixed },
    { ...B, decryption: mixed },
  ];
  const { attempt } = remoteLogins({ [LOGIN_TYPE]: list }, { externalIds: false });
  expect(await attempt(encrypted(token(ofA)))).toBe("200");
  expect(await attempt(token(ofA))).toBe("200");
  expect(await attempt(encrypted(token(ofB, rs256)))).toBe("200");
  expect(await attempt(encrypted(token({ ...ofA, aud: "b" })))).toBe("403 audience");
  expect(await attempt(encrypted(token({ iss: "https://c.example.org" })))).toBe("403 issuer");
});
