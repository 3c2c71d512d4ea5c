import { beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { TokenError, type Algorithm, type Claims, type TokenVerifier } from "matrix-jwt-login";

import { KEYS, P256, SECRET } from "../helpers/keys.js";
import { encode, inSeconds, signed, token } from "../helpers/tokens.js";
import { verdict, verifierOf } from "../helpers/verdict.js";

const ALL = Object.keys(KEYS) as Algorithm[];
const BASE64URL = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

function verifierFor(algorithm: Algorithm): TokenVerifier {
  const { publicKey } = KEYS[algorithm];
  return verifierOf(algorithm.startsWith("HS") ? { secret: SECRET } : { publicKey });
}

/** Undefined where the token is refused as tokens are; whatever else goes wrong is thrown on. */
async function claimsOf(verifier: TokenVerifier, made: string): Promise<Claims | undefined> {
  try {
    return await verifier.verify(made);
  } catch (error) {
    if (error instanceof TokenError) return undefined;
    throw error;
  }
}

/** Something done to a text at a place that is given as a share of its length. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant("replace"), text: fc.constantFrom(...BASE64URL) }),
  fc.record({ kind: fc.constant("replace"), text: fc.string({ minLength: 1, maxLength: 2, unit: "binary" }) }),
  fc.record({ kind: fc.constant("insert"), text: fc.constantFrom(...BASE64URL, ".", "=", "+", "/", " ", "\n", "\0") }),
  fc.record({ kind: fc.constant("remove"), text: fc.constant("") }),
  fc.record({ kind: fc.constant("swap"), text: fc.constant("") }),
  fc.record({ kind: fc.constant("flip"), text: fc.constantFrom(...BASE64URL.slice(0, 7)) }),
);
const place = fc.double({ min: 0, max: 0.999_999, noNaN: true });

function damaged(text: string, at: number, { kind, text: other }: { kind: string; text: string }): string {
  const index = Math.floor(at * text.length);
  const [before, here, after] = [text.slice(0, index), text.slice(index, index + 1), text.slice(index + 1)];
  switch (kind) {
    case "replace":
      return before + other + after;
    case "insert":
      return before + other + here + after;
    case "swap":
      return before + after.slice(0, 1) + here + after.slice(1);
    case "flip":
      return before + String.fromCharCode(here.charCodeAt(0) ^ (1 << (other.charCodeAt(0) % 7))) + after;
    default:
      return before + after;
  }
}

describe.each(ALL)("a token of %s", (algorithm) => {
  const verifier = verifierFor(algorithm);
  const made = token({ name: "Alice", admin: false }, { algorithm });
  let meaning: Claims;

  beforeAll(async () => {
    meaning = await verifier.verify(made);
  });

  test("damaged anywhere, it is refused unless it means the same", async () => {
    await fc.assert(
      fc.asyncProperty(place, damage, async (at, how) => {
        const claims = await claimsOf(verifier, damaged(made, at, how));
        if (claims !== undefined) expect(claims).toEqual(meaning);
      }),
      { numRuns: 150 },
    );
  });

  test("with any bit of any of its bytes turned, it is refused", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(0, 1, 2), place, fc.nat(7), async (part, at, bit) => {
        const parts = made.split(".").map((text) => Buffer.from(text, "base64url"));
        const bytes = parts[part] ?? Buffer.alloc(0);
        const index = Math.floor(at * bytes.length);
        bytes.writeUInt8(bytes.readUInt8(index) ^ (1 << bit), index);
        expect(await claimsOf(verifier, parts.map((text) => encode(text)).join("."))).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });

  test("cut anywhere, it is refused", async () => {
    for (let length = 0; length < made.length; length += 1) {
      expect([length, await claimsOf(verifier, made.slice(0, length))]).toEqual([length, undefined]);
      if (length > 0) expect([-length, await claimsOf(verifier, made.slice(length))]).toEqual([-length, undefined]);
    }
  });
});

test("any text and any bytes as a token are refused as a token is", async () => {
  const verifier = verifierFor("HS256");
  const part = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.string({ maxLength: 30, unit: "binary" }),
    fc.uint8Array({ maxLength: 60 }).map(encode),
    fc.json().map(encode),
    fc.constant(encode({ alg: "HS256" })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (parts) => {
      expect(await claimsOf(verifier, parts.join("."))).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test("any JSON as claims, signed honestly, is taken as it is or refused", async () => {
  const verifier = verifierOf({ secret: SECRET, requireExpiry: false, audience: null });
  const names = fc.constantFrom("sub", "exp", "nbf", "iat", "aud", "scope", "__proto__", "toString", "a");
  const json = fc.oneof(
    fc.json(),
    fc.dictionary(names, fc.oneof(fc.jsonValue(), fc.string(), fc.integer())).map((value) => JSON.stringify(value)),
  );
  await fc.assert(
    fc.asyncProperty(json, async (payload) => {
      const claims = await claimsOf(verifier, signed(payload));
      if (claims !== undefined) expect(JSON.stringify(claims)).toBe(JSON.stringify(JSON.parse(payload)));
    }),
    { numRuns: 500 },
  );
});

test("any JSON as further members of the header changes nothing, but for those that have a say", async () => {
  const verifier = verifierFor("HS256");
  const names = fc.oneof(
    fc.string(),
    fc.constantFrom("jwk", "jku", "x5c", "typ", "cty", "b64", "zip", "enc", "constructor"),
  );
  const members = fc.dictionary(
    names.filter((name) => name !== "alg" && name !== "kid" && name !== "crit" && name !== "__proto__"),
    fc.jsonValue(),
  );
  await fc.assert(
    fc.asyncProperty(members, async (header) => {
      expect(await verdict(verifier, token({}, { header }))).toBe("accepted");
    }),
    { numRuns: 200 },
  );
});

test("the other signature that every ECDSA signature has means the same, and no more", async () => {
  // (r, n - s) verifies wherever (r, s) does: a token's text is therefore no name for the token.
  const made = token({ exp: inSeconds(300) }, { algorithm: "ES256" });
  const [header, payload, proof] = made.split(".") as [string, string, string];
  const bytes = Buffer.from(proof, "base64url");
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = order - BigInt(`0x${bytes.subarray(32).toString("hex")}`);
  const other = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex")]);
  const verifier = verifierOf({ publicKey: P256.publicKey });
  const again = await verifier.verify(`${header}.${payload}.${encode(other)}`);
  expect(again).toEqual(await verifier.verify(made));
});
