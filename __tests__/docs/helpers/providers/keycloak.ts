import { signed } from "../../../helpers/tokens.js";
import { claimsOf, device, issued, published, SIGNING_KEY, without, type Provider } from "../provider.js";

const issuer = "https://id.example.org/realms/example";
const uuid = "f3b1a2c4-5d6e-4f70-8a91-b2c3d4e5f607";

/** As a realm of version 26 makes it, for a public client with the guide's audience mapper. */
const access = claimsOf("keycloak");
const idToken = { ...without(access, "scope", "realm_access", "resource_access"), typ: "ID", at_hash: "tXk3pQ" };
const serviceAccount = {
  ...without(access, "sid", "name", "auth_time"),
  azp: "reports",
  client_id: "reports",
  clientHost: "192.0.2.1",
  clientAddress: "192.0.2.1",
  preferred_username: "service-account-reports",
};
const manyRoles = Array.from({ length: 400 }, (_, i) => `department-${String(i)}-reader`);
const heavy = issued({}, { ...access, resource_access: { portal: { roles: manyRoles } } });

export const keycloak: Provider = {
  page: "keycloak",
  name: "keycloak",
  answers: device(`${issuer}/protocol/openid-connect/auth/device`, `${issuer}/protocol/openid-connect/token`),
  documents: published(issuer, `${issuer}/protocol/openid-connect/certs`, [
    { ...SIGNING_KEY, kid: "key-2", use: "enc", alg: "RSA-OAEP" },
    SIGNING_KEY,
  ]),
  cases: [
    { what: "access token", token: issued({}, access), becomes: "@alice:example.org", displayName: "Alice Example" },
    {
      what: "access token of a client that says at+jwt",
      token: issued({ typ: "at+jwt" }, access),
      set: { tokenType: "at+jwt" },
      becomes: "@alice:example.org",
    },
    { what: "header without at+jwt", token: issued({}, access), set: { tokenType: "at+jwt" }, becomes: "token_type" },
    {
      what: "sub as the name",
      token: issued({}, access),
      set: { subjectClaim: "sub" },
      becomes: `@${uuid}:example.org`,
    },
    {
      what: "token without the basic scope",
      token: issued({}, without(access, "sub")),
      set: { subjectClaim: "sub" },
      becomes: "subject",
    },
    { what: "lightweight token", token: issued({}, without(access, "preferred_username")), becomes: "subject" },
    {
      what: "token without the audience mapper",
      token: issued({}, { ...access, aud: "account" }),
      becomes: "audience",
    },
    { what: "token without any audience", token: issued({}, without(access, "aud")), becomes: "audience" },
    { what: "ID token", token: issued({}, { ...idToken, aud: "matrix-web" }), becomes: "audience" },
    {
      what: "ID token where the mapper adds to it too",
      token: issued({}, { ...idToken, aud: ["matrix-web", "matrix"] }),
      becomes: "unauthorized",
    },
    { what: "service account's token", token: issued({}, serviceAccount), becomes: "unauthorized" },
    { what: "other client's token", token: issued({}, { ...access, azp: "shop" }), becomes: "unauthorized" },
    { what: "token bound to a key", token: issued({}, { ...access, typ: "DPoP" }), becomes: "unauthorized" },
    {
      what: "refresh token",
      token: signed({ ...idToken, typ: "Refresh", aud: issuer }, { algorithm: "HS512", header: { kid: "key-3" } }),
      becomes: "algorithm",
    },
    { what: "other realm's token", token: issued({}, { ...access, iss: `${issuer}-2` }), becomes: "issuer" },
    { what: "token heavy with roles", token: heavy, becomes: "too_long" },
    {
      what: "heavy token that is let in",
      token: heavy,
      set: { maxTokenLength: 32_768 },
      becomes: "@alice:example.org",
    },
    {
      what: "e-mail address as user name, as it is",
      token: issued({}, { ...access, preferred_username: "alice@example.org" }),
      becomes: "user_id",
    },
    {
      what: "e-mail address as user name",
      token: issued({}, { ...access, preferred_username: "alice@example.org" }),
      set: { localpart: "escape" },
      becomes: "@alice=40example.org:example.org",
    },
  ],
};
