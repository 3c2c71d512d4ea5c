import { FRESH, issued, SIGNING_KEY, without, type Provider } from "../provider.js";

const issuer = "https://abcdefghijklmnop.supabase.co/auth/v1";
const user = "b6f0f0de-64f5-4d0b-9f1a-0b7d0d0b8c55";

const access = {
  iss: issuer,
  sub: user,
  aud: "authenticated",
  ...FRESH,
  role: "authenticated",
  aal: "aal1",
  session_id: "b3b8",
  email: "alice@example.org",
  app_metadata: { provider: "email" },
  user_metadata: { full_name: "Alice Example" },
  is_anonymous: false,
};

export const supabase: Provider = {
  page: "supabase",
  name: "supabase",
  documents: { [`${issuer}/.well-known/jwks.json`]: { keys: [SIGNING_KEY] } },
  cases: [
    { what: "access token", token: issued({ typ: "JWT" }, access), becomes: `@${user}:example.org` },
    {
      what: "anonymous sign-in",
      token: issued({ typ: "JWT" }, { ...access, is_anonymous: true }),
      becomes: "unauthorized",
    },
    {
      what: "API key",
      token: issued({ typ: "JWT" }, { ...without(access, "sub", "aud"), iss: "supabase", role: "service_role" }),
      becomes: "issuer",
    },
  ],
};
