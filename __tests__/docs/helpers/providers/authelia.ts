import { claimsOf, device, issued, published, SIGNING_KEY, without, type Provider } from "../provider.js";

const issuer = "https://auth.example.org";
const user = "5f0f9c1e-3a4b-4d0e-9c3b-8f5e6d7a1b2c";
const at = { typ: "at+jwt" };

const access = claimsOf("authelia");

export const authelia: Provider = {
  page: "authelia",
  name: "authelia",
  answers: device(`${issuer}/api/oidc/device-authorization`, `${issuer}/api/oidc/token`),
  documents: published(issuer, `${issuer}/jwks.json`, [SIGNING_KEY]),
  cases: [
    { what: "access token", token: issued(at, access), becomes: `@${user}:example.org` },
    { what: "ID token", token: issued({ typ: "JWT" }, { ...access, aud: ["matrix-web"] }), becomes: "token_type" },
    { what: "audience that was not asked for", token: issued(at, without(access, "aud")), becomes: "audience" },
    {
      what: "opaque access token",
      token: "authelia_at_Z0Y8bTQ4vIQ0u0pQ1WmR3Q.x7c2kq9vJmNwZb",
      becomes: "malformed",
    },
  ],
};
