import { claimsOf, issued, signingKey, TOKEN, without, type Provider } from "../provider.js";

const issuer = "https://abcdefghijklmnop.supabase.co/auth/v1";
const user = "b6f0f0de-64f5-4d0b-9f1a-0b7d0d0b8c55";

const access = claimsOf("supabase");

export const supabase: Provider = {
  page: "supabase",
  name: "supabase",
  answers: { [`${issuer}/token`]: { access_token: TOKEN, token_type: "bearer" } },
  documents: { [`${issuer}/.well-known/jwks.json`]: { keys: [signingKey("ES256")] } },
  cases: [
    { what: "access token", token: issued({ alg: "ES256" }, access), becomes: `@${user}:example.org` },
    {
      what: "anonymous sign-in",
      token: issued({ alg: "ES256" }, { ...access, is_anonymous: true }),
      becomes: "unauthorized",
    },
    {
      what: "API key",
      token: issued({ alg: "ES256" }, { ...without(access, "sub", "aud"), iss: "supabase", role: "service_role" }),
      becomes: "issuer",
    },
  ],
};
