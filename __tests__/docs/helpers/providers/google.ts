import { claimsOf, issued, published, SIGNING_KEY, TOKEN, without, type Provider } from "../provider.js";

const issuer = "https://accounts.google.com";

const idToken = claimsOf("google");

export const google: Provider = {
  page: "google",
  name: "google",
  answers: { "https://oauth2.googleapis.com/token": { access_token: "ya29.a0AfB", id_token: TOKEN } },
  documents: published(issuer, "https://www.googleapis.com/oauth2/v3/certs", [SIGNING_KEY]),
  cases: [
    {
      what: "token",
      token: issued({ typ: "JWT" }, idToken),
      becomes: "@108204268033311374519:example.org",
      displayName: "Alice Example",
    },
    { what: "personal account", token: issued({ typ: "JWT" }, without(idToken, "hd")), becomes: "unauthorized" },
    {
      what: "another application's token",
      token: issued({ typ: "JWT" }, { ...idToken, aud: "another.apps.googleusercontent.com" }),
      becomes: "audience",
    },
    { what: "opaque access token", token: "ya29.a0AfB_byC9kZx", becomes: "malformed" },
  ],
};
