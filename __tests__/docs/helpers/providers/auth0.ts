import { encode } from "../../../helpers/tokens.js";
import { claimsOf, device, issued, published, SIGNING_KEY, without, type Provider } from "../provider.js";

const issuer = "https://example.eu.auth0.com/";
const api = "https://matrix.example.org";
const client = "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja";
const userinfo = `${issuer}userinfo`;

const access = claimsOf("auth0");
const otherProfile = { ...without(access, "jti", "client_id"), azp: client };
const idToken = {
  ...without(access, "scope", "jti", "client_id"),
  aud: client,
  nickname: "alice",
  email: "alice@example.org",
  sid: "q1w2e3r4",
  nonce: "n-0S6",
};
const machine = { ...access, sub: `${client}@clients`, aud: api, scope: "matrix:login" };
const opaque = `${encode({ alg: "dir", enc: "A256GCM", iss: issuer })}..${encode("iv")}.${encode("text")}.${encode("tag")}`;
const typed = { typ: "at+jwt" };

export const auth0: Provider = {
  page: "auth0",
  name: "auth0",
  answers: device(`${issuer}oauth/device/code`, `${issuer}oauth/token`),
  documents: published(issuer, `${issuer}.well-known/jwks.json`, [
    SIGNING_KEY,
    { ...SIGNING_KEY, kid: "next", x5t: "next" },
  ]),
  cases: [
    {
      what: "access token",
      token: issued(typed, access),
      becomes: "@auth0=7c6553da60a54af58e29493993:example.org",
      displayName: "Alice Example",
    },
    {
      what: "access token of the Auth0 profile",
      token: issued({}, otherProfile),
      becomes: "token_type",
    },
    {
      what: "access token of the Auth0 profile, with tokenType left out",
      token: issued({}, otherProfile),
      set: { tokenType: undefined },
      becomes: "@auth0=7c6553da60a54af58e29493993:example.org",
    },
    { what: "opaque token", token: "kZ5xB0oL0mBbqEwFzHhP8bXq1n2m3v4c", becomes: "malformed" },
    { what: "opaque token that looks like one", token: opaque, becomes: "malformed" },
    { what: "ID token", token: issued({}, idToken), becomes: "token_type" },
    {
      what: "ID token, with tokenType left out",
      token: issued({}, idToken),
      set: { tokenType: undefined },
      becomes: "audience",
    },
    {
      what: "other API's token",
      token: issued(typed, { ...access, aud: ["https://shop.example.org", userinfo] }),
      becomes: "audience",
    },
    {
      what: "token without the permission",
      token: issued(typed, { ...access, scope: "openid profile" }),
      becomes: "scope",
    },
    { what: "machine's token, permission and all", token: issued(typed, machine), becomes: "unauthorized" },
    {
      what: "machine's token of the Auth0 profile",
      token: issued({}, { ...without(machine, "jti", "client_id"), azp: client, gty: "client-credentials" }),
      set: { tokenType: undefined },
      becomes: "unauthorized",
    },
    {
      what: "issuer without its slash",
      token: issued(typed, access),
      set: { discover: false, jwksUri: `${issuer}.well-known/jwks.json`, issuer: issuer.slice(0, -1) },
      becomes: "issuer",
    },
    {
      what: "name that is not escaped",
      token: issued(typed, { ...access, sub: "auth0|A" }),
      set: { localpart: "as-is" },
      becomes: "user_id",
    },
  ],
};
