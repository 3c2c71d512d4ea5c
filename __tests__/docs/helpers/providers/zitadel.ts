import type { Claims } from "matrix-jwt-login";

import { claimsOf, device, FRESH, issued, published, SIGNING_KEY, without, type Provider } from "../provider.js";

const issuer = "https://example-a1b2c3.zitadel.cloud";
const project = "231402830936789415";
const client = "231402830936854951";
const roles = { matrix: { "178204173316174381": "example.zitadel.cloud" } };
const roleClaims = {
  "urn:zitadel:iam:org:project:roles": roles,
  [`urn:zitadel:iam:org:project:${project}:roles`]: roles,
};

const access = claimsOf("zitadel");
const idToken = {
  ...without(access, "jti", "nbf"),
  azp: client,
  at_hash: "tXk3pQ",
  amr: ["pwd", "mfa"],
  auth_time: FRESH.iat,
  nonce: "n-0S6",
  preferred_username: "alice@example.zitadel.cloud",
};
const serviceUser = { ...without(access, ...Object.keys(roleClaims)), sub: "284356339122085070", client_id: "reports" };

export const zitadel: Provider = {
  page: "zitadel",
  name: "zitadel",
  answers: device(`${issuer}/oauth/v2/device_authorization`, `${issuer}/oauth/v2/token`),
  documents: published(issuer, `${issuer}/oauth/v2/keys`, [SIGNING_KEY, { ...SIGNING_KEY, kid: "next" }]),
  cases: [
    { what: "access token", token: issued({}, access), becomes: "@163840776835432705:example.org" },
    {
      what: "name by an Action",
      token: issued({}, { ...access, matrix_localpart: "alice" }),
      set: { subjectClaim: "matrix_localpart" },
      becomes: "@alice:example.org",
    },
    {
      what: "name made of the number",
      token: issued({}, access),
      set: { subjectClaim: ({ sub }: Claims) => (typeof sub === "string" ? `z${sub}` : undefined) },
      becomes: "@z163840776835432705:example.org",
    },
    {
      what: "name that only ID tokens have",
      token: issued({}, access),
      set: { subjectClaim: "preferred_username" },
      becomes: "subject",
    },
    { what: "opaque token", token: "7Qm1zVt0N9aXk2c4R8sLwB3yHfE6uJpDgTnC5vKqZoA", becomes: "malformed" },
    { what: "ID token, roles and all", token: issued({}, idToken), becomes: "unauthorized" },
    { what: "service user's token", token: issued({}, serviceUser), becomes: "unauthorized" },
    {
      what: "token of a person with another role",
      token: issued({}, { ...access, [`urn:zitadel:iam:org:project:${project}:roles`]: { reader: {} } }),
      becomes: "unauthorized",
    },
    { what: "other project's token", token: issued({}, { ...access, aud: ["4711", "4712"] }), becomes: "audience" },
    { what: "required scope", token: issued({}, access), set: { requiredScopes: ["openid"] }, becomes: "scope" },
    { what: "tokenType", token: issued({}, access), set: { tokenType: "at+jwt" }, becomes: "token_type" },
  ],
};
