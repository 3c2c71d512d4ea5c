import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { LoginTypeOptions } from "matrix-jwt-login";

import { P256 } from "../helpers/keys.js";
import { signIn } from "./helpers/clients.js";
import { ALICE, hostTaking, outcomeOf, refused } from "./helpers/host.js";
import { APP, OPAQUE, POSTER, SCOPE, SERVICE, serveOidcProvider, type OidcProvider } from "./helpers/oidc-provider.js";

let idp: OidcProvider;

beforeAll(async () => {
  idp = await serveOidcProvider({ algorithm: "ES256", kid: "ec", pair: P256 });
});
afterAll(() => idp.close());

const asService = { clientId: SERVICE.id, clientSecret: SERVICE.secret };
const asPoster = {
  clientId: POSTER.id,
  clientSecret: POSTER.secret,
  clientAuthentication: "client_secret_post",
} as const;

async function revoke(token: string): Promise<void> {
  const body = new URLSearchParams({ token, client_id: APP.id });
  const { status } = await fetch(`${idp.issuer}/token/revocation`, { method: "POST", body });
  expect(status).toBe(200);
}

describe.each<[string, () => LoginTypeOptions]>([
  [
    "found by discovery, with basic authentication",
    () => ({ issuer: idp.issuer, audience: OPAQUE, introspection: { discover: true, ...asService } }),
  ],
  [
    "at a given URL, with authentication in the form",
    () => ({
      issuer: idp.issuer,
      audience: OPAQUE,
      requiredScopes: [SCOPE],
      introspection: { endpoint: `${idp.issuer}/token/introspection`, ...asPoster },
    }),
  ],
])("a provider's introspection endpoint, %s", (_, options) => {
  test("lets a person's opaque token in until it is revoked", async () => {
    const { access_token } = await signIn(idp.issuer, OPAQUE);
    expect(access_token).not.toContain(".");
    const url = await hostTaking(options());
    expect(await outcomeOf(url, access_token)).toBe(ALICE);
    await revoke(access_token);
    expect(await outcomeOf(url, access_token)).toEqual(refused("token is not active"));
  });

  test("keeps out what it does not know", async () => {
    expect(await outcomeOf(await hostTaking(options()), "made-up")).toEqual(refused("token is not active"));
  });

  test("keeps out tokens of another audience", async () => {
    const { access_token } = await signIn(idp.issuer, OPAQUE);
    const url = await hostTaking({ ...options(), audience: "https://elsewhere.example.org" });
    expect(await outcomeOf(url, access_token)).toEqual(refused("token audience not accepted (aud)"));
  });
});

test("our client's wrong secret is 503, and no fault of the token's", async () => {
  const { access_token } = await signIn(idp.issuer, OPAQUE);
  const introspection = { discover: true, clientId: SERVICE.id, clientSecret: "wrong" };
  const url = await hostTaking({ issuer: idp.issuer, audience: OPAQUE, introspection });
  expect(await outcomeOf(url, access_token)).toMatchObject({ status: 503, errcode: "M_UNKNOWN" });
});

test("a provider that introspects no JWT, as this one, confirms none beside its keys", async () => {
  const { access_token } = await signIn(idp.issuer);
  const url = await hostTaking({
    discover: true,
    issuer: idp.issuer,
    audience: null,
    introspection: { discover: true, ...asService },
  });
  expect(await outcomeOf(url, access_token)).toMatchObject({ status: 503 });
});
