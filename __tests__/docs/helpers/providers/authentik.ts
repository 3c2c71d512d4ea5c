import { claimsOf, device, issued, published, SIGNING_KEY, without, type Provider } from "../provider.js";

const issuer = "https://auth.example.org/application/o/matrix/";
const user = "0b8bb4d8-7f3a-4c39-8d36-2a7d8a0b5a77";

const access = claimsOf("authentik");
const idToken = { ...without(access, "azp", "uid"), nonce: "b5Z1", at_hash: "fPlsvVszI29LU2UhDyJ9vg" };

export const authentik: Provider = {
  page: "authentik",
  name: "authentik",
  answers: device("https://auth.example.org/application/o/device/", "https://auth.example.org/application/o/token/"),
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
