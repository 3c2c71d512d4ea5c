import { FRESH, issued, SIGNING_KEY, type Provider } from "../provider.js";

const issuer = "https://app.example.org";

const token = { iss: issuer, aud: "matrix", sub: "p0Xb", ...FRESH, name: "Alice Example" };

export const betterAuth: Provider = {
  page: "better-auth",
  name: "betterAuth",
  documents: { [`${issuer}/api/auth/jwks`]: { keys: [SIGNING_KEY] } },
  cases: [
    {
      what: "token",
      token: issued({ typ: undefined }, token),
      becomes: "@p0_xb:example.org",
      displayName: "Alice Example",
    },
    {
      what: "token for the application itself",
      token: issued({ typ: undefined }, { ...token, aud: issuer }),
      becomes: "audience",
    },
  ],
};
