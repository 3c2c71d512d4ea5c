import { claimsOf, issued, published, SIGNING_KEY, TOKEN, without, type Provider } from "../provider.js";

const issuer = "https://gitlab.example.org";

const idToken = claimsOf("gitlab");
const ofJob = {
  ...without(idToken, "sub_legacy", "preferred_username", "name", "nickname"),
  sub: "project_path:mallory/job:ref_type:branch:ref:main",
  user_login: "alice",
};

export const gitlab: Provider = {
  page: "gitlab",
  name: "gitlab",
  answers: { [`${issuer}/oauth/token`]: { access_token: "opaque", id_token: TOKEN } },
  documents: published(issuer, `${issuer}/oauth/discovery/keys`, [SIGNING_KEY]),
  cases: [
    {
      what: "token",
      token: issued({ typ: "JWT" }, idToken),
      becomes: "@42:example.org",
      displayName: "Alice Example",
    },
    { what: "CI job's token for our audience", token: issued({ typ: "JWT" }, ofJob), becomes: "user_id" },
    {
      what: "CI job's token, with subjectClaim",
      token: issued({ typ: "JWT" }, ofJob),
      set: { subjectClaim: "user_login" },
      becomes: "unauthorized",
    },
    { what: "another application's token", token: issued({}, { ...idToken, aud: "other" }), becomes: "audience" },
  ],
};
