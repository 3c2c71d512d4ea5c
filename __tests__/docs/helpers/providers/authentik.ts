import { FRESH, issued, published, SIGNING_KEY, without, type Provider } from "../provider.js";

const issuer = "https://auth.example.org/application/o/matrix/";
const client = "mTXWebClient";
const user = "0b8bb4d8-7f3a-4c39-8d36-2a7d8a0b5a77";

const access = {
  iss: issuer,
  sub: user,
  aud: client,
  ...FRESH,
  auth_time: FRESH.iat,
  acr: "goauthentik.io/providers/oauth2/default",
  name: "Alice Example",
  preferred_username: "alice",
  groups: ["chat"],
  azp: client,
  uid: "9JzX0lZC4zr1mB1g6Zc0m2Q0uSxQk6Jg5mP8o3aT",
};
const idToken = { ...without(access, "azp", "uid"), nonce: "b5Z1", at_hash: "fPlsvVszI29LU2UhDyJ9vg" };

export const authentik: Provider = {
  page: "authentik",
  name: "authentik",
  documents: published(issuer, `${issuer}jwks/`, [SIGNING_KEY]),
  cases: [
    { what: "access token", token: issued({}, access), becomes: `@${user}:example.org`, displayName: "Alice Example" },
    { what: "ID token", token: issued({}, idToken), becomes: "unauthorized" },
    {
      what: "another application's token",
      token: issued({}, { ...access, aud: "other", azp: "other" }),
      becomes: "audience",
    },
    {
      what: "issuer of the whole server",
      token: issued({}, { ...access, iss: "https://auth.example.org/" }),
      becomes: "issuer",
    },
  ],
};
