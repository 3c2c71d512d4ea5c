import { generateKeyPairSync } from "node:crypto";

import { describe, expect, test } from "@jest/globals";
import { createJwtLogin, type ExternalIds, type RejectEvent } from "matrix-jwt-login";

import { judge } from "../../lib/cli/explain/judge.js";
import { reasonOf } from "../../lib/cli/explain/advice.js";
import { LOGIN_TYPE, optionsWith, SERVER_NAME } from "../helpers/login.js";
import { jwk, pem, RSA, SECRET } from "../helpers/keys.js";
import { encode, forged, inSeconds, signed, token, type TokenParts } from "../helpers/tokens.js";
import type { AnyOptions } from "../helpers/verdict.js";

const otherRsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const LONG_AGO = 1_000_000_000;
const claimSets: Readonly<Record<string, object>> = {
  good: {},
  expired: { exp: LONG_AGO },
  "without expiry": { exp: undefined },
  "expired, its start text": { exp: LONG_AGO, nbf: "x" },
  "its start text": { nbf: "x" },
  "not yet valid": { nbf: inSeconds(900) },
  "from the future": { iat: inSeconds(900) },
  old: { iat: LONG_AGO },
  "old and expired, for others": { iat: LONG_AGO, exp: LONG_AGO, aud: "others", iss: "others" },
  fresh: { iat: inSeconds(-5) },
  "for another audience": { aud: "others" },
  "for us": { aud: ["matrix", "others"], iss: "https://idp", scope: "login" },
  "for nobody": { sub: "" },
  "for a number": { sub: 12, aud: "matrix" },
  "for a user ID": { sub: `@alice:${SERVER_NAME}` },
  "for a user elsewhere": { sub: "@alice:elsewhere" },
  "for nobody possible": { sub: "al\u0000ice" },
  "for a long time": { exp: inSeconds(30 * 86_400) },
  "for an e-mail address": { sub: "alice@example.com" },
  "for a user of Auth0": { sub: "auth0|1" },
  "for a capital letter": { sub: "Alice" },
  "for a long name": { sub: "a".repeat(300) },
  "for mallory": { sub: "mallory" },
  "for trouble": { sub: "trouble" },
  "in milliseconds": { exp: inSeconds(300) * 1_000 },
  "bound to a key": { cnf: { jkt: "x" } },
  "of a logout": { events: { "http://schemas.openid.net/event/backchannel-logout": {} } },
};

const damaged: readonly string[] = [
  "",
  "opaque",
  "a.b.c",
  "a.b.c.d.e",
  ` ${token()}`,
  `${token()}=`,
  forged(token()),
  token().replace(/[^.]+$/, ""),
  `${encode({ alg: "none" })}.${encode({ sub: "alice" })}.`,
  `${encode([])}.${encode({ sub: "alice" })}.AA`,
  `${encode({ alg: "HS256", kid: 1 })}.${encode({ sub: "alice" })}.AA`,
  signed("{"),
  signed("{", { header: { typ: undefined } }),
  signed("[]"),
  signed("null"),
  signed(Buffer.from([0x7b, 0xff, 0x7d])),
  token({}, { header: { crit: ["x"] } }),
  token({ exp: 1 }, { header: { crit: ["x"], alg: "HS257" } }),
  token({}, { header: { alg: "hs256" } }),
  token({}, { header: { alg: ["HS256"] } }),
  token({ exp: LONG_AGO }, { algorithm: "RS256", key: otherRsa.privateKey }),
  token({}, { algorithm: "RS256", header: { kid: "unknown" } }),
  token({ pad: "x".repeat(9_000) }),
  token({ pad: "x".repeat(9_000), exp: LONG_AGO }),
];

const AT_JWT: TokenParts = { algorithm: "HS512", header: { typ: "at+jwt" } };
const tokens = [
  ...Object.entries(claimSets).flatMap(([name, claims]) => [
    [`HS256, ${name}`, signedWith(claims, {})] as const,
    [`RS256, ${name}`, signedWith(claims, { algorithm: "RS256", header: { kid: "rsa" } })] as const,
  ]),
  ["HS512 of type at+jwt", signedWith({}, AT_JWT)] as const,
  ["HS512 of type at+jwt, expired", signedWith({ exp: LONG_AGO }, AT_JWT)] as const,
  ["HS512", signedWith({ exp: LONG_AGO }, { algorithm: "HS512" })] as const,
  ...damaged.map((text, i) => [`damaged ${String(i)}`, text] as const),
];

function signedWith(claims: object, parts: TokenParts): string {
  return token(claims as Record<string, unknown>, parts);
}

const strict = { issuer: "https://idp", audience: "matrix", requiredScopes: ["login"], maxTokenAge: 600 };
const optionSets: Readonly<Record<string, AnyOptions>> = {
  "a secret": { secret: SECRET },
  "an old secret beside a new one": { secret: ["x".repeat(64), SECRET], audience: null },
  "a public key": { publicKey: pem(RSA) },
  "a JWK Set": { jwks: { keys: [jwk(RSA, { kid: "rsa" })] }, audience: "matrix" },
  "one algorithm": { secret: SECRET, algorithms: ["HS512"], tokenType: "at+jwt" },
  "strict rules": { secret: SECRET, ...strict },
  "strict rules for a public key": { publicKey: pem(RSA), ...strict, tokenType: "at+jwt" },
  "lax rules": { secret: SECRET, audience: null, requireExpiry: false, subjectFormat: "either", clockTolerance: 600 },
  "a single use": { secret: SECRET, singleUse: true, requireExpiry: false },
  "escaped names": { secret: SECRET, localpart: "escape" },
  registration: { secret: SECRET, subjectFormat: "either", allowRegistration: true },
  "another claim": { secret: SECRET, subjectClaim: ["iss"] },
  "short lives": { secret: SECRET, maxTokenLifetime: 600, allowSenderConstrained: true },
  "short tokens": { secret: SECRET, maxTokenLength: 200 },
  "a say of its own": {
    secret: SECRET,
    authorize: ({ sub }: { sub?: unknown }) => {
      if (sub === "trouble") throw new Error("trouble");
      return sub !== "mallory";
    },
  },
  "a display name that fails": {
    secret: SECRET,
    localpart: "lowercase",
    authorize: ({ sub }: { sub?: unknown }) => sub !== "mallory",
    displayNameClaim: ({ sub }: { sub?: unknown }) => {
      if (sub === "Alice" || sub === "mallory") throw new Error("no name");
      return undefined;
    },
  },
  "a function that fails": {
    secret: SECRET,
    subjectClaim: ({ sub }: { sub?: unknown }) => {
      if (sub === "trouble") throw new Error("trouble");
      return sub;
    },
  },
};

const identities = [
  ...tokens,
  ...Object.entries(claimSets).map(
    ([name, claims]) => [`${name}, with an issuer`, token({ iss: "https://idp", ...claims })] as const,
  ),
];

/** What becomes of a login with the token. */
async function login(
  text: string,
  options: AnyOptions,
  user: "known" | "unknown",
  externalIds?: ExternalIds<{ id: string }>,
): Promise<string> {
  const rejections: RejectEvent[] = [];
  const jwtLogin = createJwtLogin(
    optionsWith(
      { secret: undefined, ...options },
      {
        ...(externalIds && { externalIds }),
        findUser: (id) => (user === "known" ? { id } : undefined),
        registerUser: (id) => ({ id }),
        onReject: (event) => rejections.push(event),
      },
    ),
  );
  try {
    // To authenticate links nobody.
    await (externalIds === undefined ? jwtLogin.authenticate : jwtLogin.login)({ type: LOGIN_TYPE, token: text });
    return "accepted";
  } catch {
    return rejections[0]?.reason ?? "no reason";
  }
}

describe("explain says of a token what a login with it comes to", () => {
  const cases = Object.entries(optionSets).flatMap(([name, options]) => [
    [name, "known", options] as const,
    [name, "unknown", options] as const,
  ]);
  test.each(cases)("with %s, and a user who is %s", async (_, user, options) => {
    const verdicts = new Set<string>();
    for (const [name, text] of tokens) {
      const { refusal, findings } = await judge(text, options, { serverName: SERVER_NAME, user });
      const verdict = refusal === undefined ? "accepted" : reasonOf(refusal);
      expect([name, verdict]).toEqual([name, await login(text, options, user)]);
      // The first rule that is shown as broken is the one that refuses, and none is where it is accepted.
      expect([name, findings.error === undefined ? "accepted" : reasonOf(findings.error)]).toEqual([name, verdict]);
      verdicts.add(verdict);
    }
    expect(verdicts.size).toBeGreaterThan(3);
  });

  const LINKABLE = [
    "a secret",
    "strict rules",
    "registration",
    "another claim",
    "a say of its own",
    "a function that fails",
  ];
  const accounts = (["refuse", "link"] as const).flatMap((existingUsers) =>
    [true, false].flatMap((linked) =>
      (["known", "unknown"] as const).map((user) => ({ existingUsers, linked, user }) as const),
    ),
  );
  test.each(accounts)("with linked accounts: %j", async ({ existingUsers, linked, user }) => {
    const externalIds: ExternalIds<{ id: string }> = {
      find: () => (linked ? `@alice:${SERVER_NAME}` : undefined),
      link: () => true,
      existingUsers,
    };
    const verdicts = new Set<string>();
    for (const [options, given] of Object.entries(optionSets).filter(([name]) => LINKABLE.includes(name))) {
      for (const [name, text] of identities) {
        const outcome = await login(text, given, user, externalIds);
        const facts = { serverName: SERVER_NAME, user, accounts: { linked, existingUsers } };
        const { refusal } = await judge(text, given, facts);
        const verdict = refusal === undefined ? "accepted" : reasonOf(refusal);
        expect([options, name, verdict]).toEqual([options, name, outcome]);
        verdicts.add(verdict);
      }
    }
    expect(verdicts.size).toBeGreaterThan(3);
  });
});
