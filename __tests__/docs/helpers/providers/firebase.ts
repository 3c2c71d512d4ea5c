import { claimsOf, issued, SIGNING_KEY, TOKEN, type Provider } from "../provider.js";

const user = "Xq2zT7bWmNfP4kLrVhYc9GdAeSi1";
const jwksUri = "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";

const idToken = claimsOf("firebase");

export const firebase: Provider = {
  page: "firebase",
  name: "firebase",
  answers: {
    "https://identitytoolkit.googleapis.com/v1/accounts:signInWithPassword": { idToken: TOKEN, localId: user },
  },
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
