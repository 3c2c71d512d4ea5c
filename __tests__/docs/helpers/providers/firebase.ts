import { FRESH, issued, SIGNING_KEY, type Provider } from "../provider.js";

const issuer = "https://securetoken.google.com/example-project";
const user = "Xq2zT7bWmNfP4kLrVhYc9GdAeSi1";
const jwksUri = "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

const idToken = {
  iss: issuer,
  aud: "example-project",
  auth_time: FRESH.iat,
  user_id: user,
  sub: user,
  ...FRESH,
  name: "Alice Example",
  email: "alice@example.org",
  email_verified: true,
  firebase: { identities: { email: ["alice@example.org"] }, sign_in_provider: "password" },
};

export const firebase: Provider = {
  page: "firebase",
  name: "firebase",
  documents: { [jwksUri]: { keys: [SIGNING_KEY] } },
  cases: [
    {
      what: "token",
      token: issued({ typ: "JWT" }, idToken),
      becomes: "@_xq2z_t7b_wm_nf_p4k_lr_vh_yc9_gd_ae_si1:example.org",
      displayName: "Alice Example",
    },
    {
      what: "anonymous user",
      token: issued({ typ: "JWT" }, { ...idToken, firebase: { sign_in_provider: "anonymous" } }),
      becomes: "unauthorized",
    },
    {
      what: "another project's token",
      token: issued({ typ: "JWT" }, { ...idToken, iss: "https://securetoken.google.com/other", aud: "other" }),
      becomes: "issuer",
    },
    {
      what: "session cookie",
      token: issued({}, { ...idToken, iss: "https://session.firebase.google.com/example-project" }),
      becomes: "issuer",
    },
  ],
};
