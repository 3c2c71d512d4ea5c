import { FRESH, issued, published, SIGNING_KEY, without, type Provider } from "../provider.js";

const issuer = "https://accounts.google.com";
const client = "1234567890-abc123def456.apps.googleusercontent.com";

const idToken = {
  iss: issuer,
  azp: client,
  aud: client,
  sub: "108204268033311374519",
  hd: "example.org",
  email: "alice@example.org",
  email_verified: true,
  name: "Alice Example",
  ...FRESH,
};

export const google: Provider = {
  page: "google",
  name: "google",
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
