import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { decodeJwt, decodeProtectedHeader } from "jose";
import type { TokenVerifierOptions } from "matrix-jwt-login";

import { ED25519, P256, RSA } from "../helpers/keys.js";
import { serviceToken, signIn, type Tokens } from "./helpers/clients.js";
import { ALICE, BOB, hostTaking, outcomeOf } from "./helpers/host.js";
import { APP, MATRIX, SCOPE, serveOidcProvider, type OidcProvider, type SigningKey } from "./helpers/oidc-provider.js";

const KEYS: readonly SigningKey[] = [
  { algorithm: "RS256", kid: "rsa", pair: RSA },
  { algorithm: "PS256", kid: "pss", pair: RSA },
  { algorithm: "ES256", kid: "ec", pair: P256 },
  { algorithm: "EdDSA", kid: "ed", pair: ED25519 },
];

describe.each(KEYS)("of a provider that signs with $algorithm", (key) => {
  const header = { alg: key.algorithm, kid: key.kid };
  let idp: OidcProvider;
  let alice: Tokens;

  beforeAll(async () => {
    idp = await serveOidcProvider(key);
    alice = await signIn(idp.issuer);
  });

  afterAll(() => idp.close());

  describe.each<[string, () => TokenVerifierOptions]>([
    ["found by discovery", () => ({ discover: true, issuer: idp.issuer })],
    ["at a given JWKS endpoint", () => ({ jwksUri: idp.jwksUri, issuer: idp.issuer })],
  ])("with its keys %s", (_, keySource) => {
    test("a person's access token logs in", async () => {
      const { access_token } = alice;
      expect(decodeProtectedHeader(access_token)).toEqual({ ...header, typ: "at+jwt" });
      expect(decodeJwt(access_token)).toMatchObject({ iss: idp.issuer, aud: MATRIX, scope: SCOPE, client_id: APP.id });

      const url = await hostTaking({ ...keySource(), audience: MATRIX, tokenType: "at+jwt", requiredScopes: [SCOPE] });
      expect(await outcomeOf(url, access_token)).toBe(ALICE);
    });

    test("a person's ID token logs in", async () => {
      const { id_token } = alice;
      // Without a `typ`, as of many providers: `tokenType` can't ask for one.
      expect(decodeProtectedHeader(id_token)).toEqual(header);

      const url = await hostTaking({ ...keySource(), audience: APP.id });
      expect(await outcomeOf(url, id_token)).toBe(ALICE);
    });

    test("a service's access token logs in as the user whose name is the client's ID", async () => {
      const token = await serviceToken(idp.issuer);
      expect(decodeProtectedHeader(token)).toEqual({ ...header, typ: "at+jwt" });

      const url = await hostTaking({ ...keySource(), audience: MATRIX });
      expect(await outcomeOf(url, token)).toBe(BOB);
    });
  });
});
