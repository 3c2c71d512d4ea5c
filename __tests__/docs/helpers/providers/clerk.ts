import { claimsOf, issued, SIGNING_KEY, TOKEN, without, type Provider } from "../provider.js";

const issuer = "https://clerk.example.org";

const ofTemplate = claimsOf("clerk");

export const clerk: Provider = {
  page: "clerk",
  name: "clerk",
  answers: { "https://api.clerk.com/v1/sessions/SESSION_ID/tokens/matrix": { object: "token", jwt: TOKEN } },
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
