import { claimsOf, device, issued, published, SIGNING_KEY, without, type Provider } from "../provider.js";

const org = "https://example.okta.com";
const issuer = `${org}/oauth2/aus9o8wzkhckw9TLa0h7`;
const user = "00uid4BxXw6I6TV4m0g3";
const client = "0oa1a2b3c4d5e6f7g8h9";
/** No `typ` in the header. */
const untyped = { typ: undefined };

const access = claimsOf("okta");
const idToken = {
  ...without(access, "cid", "uid", "scp"),
  jti: "ID.radCQMOQUmyvcTBmmIL0J6BaS60apUEiC7-vI7pOmkw",
  aud: client,
  sub: user,
  amr: ["pwd"],
  preferred_username: "alice@example.com",
  at_hash: "fPlsvVszI29LU2UhDyJ9vg",
};
const service = { ...without(access, "uid", "auth_time"), scp: ["matrix.login"], sub: client };
const ofOrg = { ...access, iss: org, aud: org };

export const okta: Provider = {
  page: "okta",
  name: "okta",
  answers: device(`${issuer}/v1/device/authorize`, `${issuer}/v1/token`),
  documents: published(issuer, `${issuer}/v1/keys`, [SIGNING_KEY]),
  cases: [
    { what: "access token", token: issued(untyped, access), becomes: "@00uid4_bx_xw6_i6_t_v4m0g3:example.org" },
    {
      what: "display name by a claim of your own",
      token: issued(untyped, { ...access, displayName: "Alice Example" }),
      set: { displayNameClaim: "displayName" },
      becomes: "@00uid4_bx_xw6_i6_t_v4m0g3:example.org",
      displayName: "Alice Example",
    },
    {
      what: "sub as it is",
      token: issued(untyped, access),
      set: { subjectClaim: "sub", localpart: "as-is" },
      becomes: "user_id",
    },
    {
      what: "sub as the name",
      token: issued(untyped, access),
      set: { subjectClaim: "sub" },
      becomes: "@alice=40example.com:example.org",
    },
    {
      what: "org authorization server's token",
      token: issued({ typ: "application/okta-internal-at+jwt", kid: "not-published" }, ofOrg),
      becomes: "unknown_key",
    },
    { what: "org authorization server's token by a key of ours", token: issued(untyped, ofOrg), becomes: "issuer" },
    { what: "ID token", token: issued(untyped, idToken), becomes: "audience" },
    { what: "service's token, scope and all", token: issued(untyped, service), becomes: "subject" },
    { what: "token without the scope", token: issued(untyped, { ...access, scp: ["openid"] }), becomes: "scope" },
    {
      what: "other audience's token",
      token: issued(untyped, { ...access, aud: "api://default" }),
      becomes: "audience",
    },
    { what: "tokenType", token: issued(untyped, access), set: { tokenType: "at+jwt" }, becomes: "token_type" },
  ],
};
