import { claimsOf, device, issued, published, SIGNING_KEY, type Provider } from "../provider.js";

const issuer = "https://id.example.org";
const access = claimsOf("openid-connect");

export const openIdConnect: Provider = {
  page: "openid-connect",
  name: "openIdConnect",
  answers: device(`${issuer}/device`, `${issuer}/token`),
  documents: published(issuer, `${issuer}/jwks`, [SIGNING_KEY]),
  cases: [
    { what: "access token", token: issued({ typ: "at+jwt" }, access), becomes: "@_alice._example:example.org" },
    { what: "ID token", token: issued({ typ: "JWT" }, { ...access, aud: "matrix-web" }), becomes: "token_type" },
    {
      what: "another API's token",
      token: issued({ typ: "at+jwt" }, { ...access, aud: "billing" }),
      becomes: "audience",
    },
    {
      what: "issuer with a slash",
      token: issued({ typ: "at+jwt" }, { ...access, iss: `${issuer}/` }),
      becomes: "issuer",
    },
  ],
};
