import { claimsOf, issued, published, SIGNING_KEY, TOKEN, without, type Provider } from "../provider.js";

const issuer = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_EXAMPLE";
const client = "1example23456789";
const user = "aaaaaaaa-bbbb-cccc-dddd-example12345";

const access = claimsOf("cognito");
const idToken = { ...without(access, "client_id", "scope"), aud: client, token_use: "id", "cognito:username": user };
const machine = { ...without(access, "username"), sub: client };

export const cognito: Provider = {
  page: "cognito",
  name: "cognito",
  answers: { "https://example.auth.eu-central-1.amazoncognito.com/oauth2/token": { access_token: TOKEN } },
  documents: published(issuer, `${issuer}/.well-known/jwks.json`, [SIGNING_KEY]),
  cases: [
    { what: "access token", token: issued({ typ: undefined }, access), becomes: `@${user}:example.org` },
    { what: "ID token", token: issued({ typ: undefined }, idToken), becomes: "audience" },
    { what: "machine client's token", token: issued({ typ: undefined }, machine), becomes: "unauthorized" },
    {
      what: "another client's token",
      token: issued({ typ: undefined }, { ...access, client_id: "another" }),
      becomes: "unauthorized",
    },
    {
      what: "token without the scope",
      token: issued({ typ: undefined }, { ...access, scope: "openid" }),
      becomes: "scope",
    },
  ],
};
