import { FRESH, issued, published, SIGNING_KEY, without, type Provider } from "../provider.js";

const issuer = "https://gitlab.example.org";
const client = "3f1b0c5e9d8a7b6c";

const idToken = {
  iss: issuer,
  sub: "42",
  aud: client,
  ...FRESH,
  auth_time: FRESH.iat,
  sub_legacy: "8f7a",
  name: "Alice Example",
  nickname: "alice",
  preferred_username: "alice",
  groups_direct: ["chat"],
};
const ofJob = {
  ...without(idToken, "sub_legacy", "preferred_username", "name", "nickname"),
  sub: "project_path:mallory/job:ref_type:branch:ref:main",
  user_login: "alice",
};

export const gitlab: Provider = {
  page: "gitlab",
  name: "gitlab",
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
