import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Claims, TokenRules } from "matrix-jwt-login";

import { P256 } from "../helpers/keys.js";
import { serviceToken, signIn } from "./helpers/clients.js";
import { ALICE, BOB, hostTaking, outcomeOf, refused } from "./helpers/host.js";
import { APP, MATRIX, PHOTOS, SCOPE, serveOidcProvider, type OidcProvider } from "./helpers/oidc-provider.js";

const WRONG_TYPE = "token is not of the required type (typ)";
const OTHER_PURPOSE = "token is made for something else (typ, events)";
const WRONG_AUDIENCE = "token audience not accepted (aud)";
const NO_SCOPE = "token lacks a required scope";
const NOT_AUTHORIZED = "token not authorized";

/** Every one is signed by the provider, and in force; all but the services' are alice's. */
interface TokensByName {
  readonly "access token": string;
  readonly "ID token": string;
  readonly "logout token": string;
  readonly "access token for another resource": string;
  readonly "service's token": string;
  readonly "service's token without a scope": string;
}
type Name = keyof TokensByName;

let idp: OidcProvider;
let tokens: TokensByName;

beforeAll(async () => {
  idp = await serveOidcProvider({ kid: "ec", algorithm: "ES256", pair: P256 });
  const { access_token, id_token } = await signIn(idp.issuer);
  tokens = {
    "access token": access_token,
    "ID token": id_token,
    "logout token": await idp.logoutToken(),
    "access token for another resource": (await signIn(idp.issuer, PHOTOS)).access_token,
    "service's token": await serviceToken(idp.issuer),
    "service's token without a scope": await serviceToken(idp.issuer, ""),
  };
});

afterAll(() => idp.close());

async function attempt(name: Name, options: TokenRules): Promise<unknown> {
  const url = await hostTaking({ jwksUri: idp.jwksUri, issuer: idp.issuer, audience: null, ...options });
  return outcomeOf(url, tokens[name]);
}

/** RFC 9068 section 2.2: where no person is involved, `sub` names the client. */
const isPerson = ({ sub, client_id }: Claims) => sub !== client_id;

describe.each<[option: string, options: TokenRules, refusals: readonly (readonly [Name, string])[]]>([
  ["tokenType", { tokenType: "at+jwt" }, [["ID token", WRONG_TYPE]]],
  [
    "audience",
    { audience: MATRIX },
    [
      ["ID token", WRONG_AUDIENCE],
      ["access token for another resource", WRONG_AUDIENCE],
    ],
  ],
  [
    "requiredScopes",
    { requiredScopes: [SCOPE] },
    [
      ["ID token", NO_SCOPE],
      ["service's token without a scope", NO_SCOPE],
    ],
  ],
  [
    "authorize",
    { authorize: isPerson },
    [
      ["service's token", NOT_AUTHORIZED],
      ["service's token without a scope", NOT_AUTHORIZED],
    ],
  ],
])("`%s` alone", (_, options, refusals) => {
  test.each(refusals)("keeps out what would get in without it: %s", async (name, why) => {
    expect(await attempt(name, {})).toBe(name.startsWith("service") ? BOB : ALICE);
    expect(await attempt(name, options)).toEqual(refused(why));
  });

  test("lets a person's access token in", async () => {
    expect(await attempt("access token", options)).toBe(ALICE);
  });
});

describe("a login type for access tokens, with all of them,", () => {
  const options = { audience: MATRIX, tokenType: "at+jwt", requiredScopes: [SCOPE], authorize: isPerson };

  test.each<[Name, string]>([
    ["ID token", WRONG_TYPE],
    ["logout token", OTHER_PURPOSE],
    ["access token for another resource", WRONG_AUDIENCE],
    ["service's token without a scope", NO_SCOPE],
    ["service's token", NOT_AUTHORIZED],
  ])("keeps out: %s", async (name, why) => {
    expect(await attempt(name, options)).toEqual(refused(why));
  });

  test("lets a person's access token in", async () => {
    expect(await attempt("access token", options)).toBe(ALICE);
  });
});

describe("a login type for ID tokens", () => {
  const options = { audience: APP.id };

  test.each<[Name, string]>([
    ["access token", WRONG_AUDIENCE],
    ["access token for another resource", WRONG_AUDIENCE],
    ["service's token", WRONG_AUDIENCE],
    ["logout token", OTHER_PURPOSE],
  ])("keeps out: %s", async (name, why) => {
    expect(await attempt(name, options)).toEqual(refused(why));
  });

  test("lets a person's ID token in", async () => {
    expect(await attempt("ID token", options)).toBe(ALICE);
  });
});

test("a logout token is kept out by itself", async () => {
  expect(await attempt("logout token", {})).toEqual(refused(OTHER_PURPOSE));
});
