import { FRESH, issued, SIGNING_KEY, without, type Provider } from "../provider.js";

const issuer = "https://clerk.example.org";

const ofTemplate = {
  iss: issuer,
  aud: "matrix",
  azp: "https://chat.example.org",
  sub: "user_2abCdEf",
  jti: "5d3f",
  nbf: FRESH.iat,
  ...FRESH,
  name: "Alice Example",
};

export const clerk: Provider = {
  page: "clerk",
  name: "clerk",
  documents: { [`${issuer}/.well-known/jwks.json`]: { keys: [SIGNING_KEY] } },
  cases: [
    {
      what: "token",
      token: issued({ typ: "JWT", cat: "cl_B7d4PD222AAA" }, ofTemplate),
      becomes: "@user__2ab_cd_ef:example.org",
      displayName: "Alice Example",
    },
    { what: "session token", token: issued({ typ: "JWT" }, without(ofTemplate, "aud", "name")), becomes: "audience" },
    {
      what: "token for another origin",
      token: issued({ typ: "JWT" }, { ...ofTemplate, azp: "https://evil.example" }),
      becomes: "unauthorized",
    },
  ],
};
