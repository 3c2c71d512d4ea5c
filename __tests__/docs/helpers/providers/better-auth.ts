import { claimsOf, issued, signingKey, TOKEN, type Provider } from "../provider.js";

const issuer = "https://app.example.org";

const token = claimsOf("better-auth");

export const betterAuth: Provider = {
  page: "better-auth",
  name: "betterAuth",
  answers: {
    [`${issuer}/api/auth/sign-in/email`]: { redirect: false },
    [`${issuer}/api/auth/token`]: { token: TOKEN },
  },
  documents: { [`${issuer}/api/auth/jwks`]: { keys: [signingKey("EdDSA")] } },
  cases: [
    {
      what: "token",
      token: issued({ alg: "EdDSA", typ: undefined }, token),
      becomes: "@p0_xb_lz3m_w9c_vt_r7y_kq_jd_nf_hs_ae_ui_g2o4:example.org",
      displayName: "Alice Example",
    },
    {
      what: "token for the application itself",
      token: issued({ alg: "EdDSA", typ: undefined }, { ...token, aud: issuer }),
      becomes: "audience",
    },
  ],
};
