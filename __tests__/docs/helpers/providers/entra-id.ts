import { createHash } from "node:crypto";

import { encode } from "../../../helpers/tokens.js";
import { claimsOf, device, issued, KID, published, SIGNING_KEY, without, type Provider } from "../provider.js";

const login = "https://login.microsoftonline.com";
const tenant = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";
const otherTenant = "72f988bf-0000-41af-91ab-2d7cd011db47";
const issuer = `${login}/${tenant}/v2.0`;
const api = "ef1da9d4-ff77-4c3e-a005-840c3f830745";
const client = "6e74172b-be56-4843-9ff4-e66a39bb12e3";
const person = "690222be-ff1a-4d56-abd1-7e4f7d38e474";

const access = claimsOf("entra-id");
const version1 = {
  ...without(access, "azp", "azpacr", "preferred_username"),
  aud: `api://${api}`,
  iss: `https://sts.windows.net/${tenant}/`,
  appid: client,
  appidacr: "0",
  unique_name: "alice@example.org",
  ver: "1.0",
};
const application = {
  ...without(access, "name", "preferred_username", "scp"),
  azpacr: "1",
  oid: "0f1e2d3c-4b5a-4697-8877-665544332211",
  sub: "0f1e2d3c-4b5a-4697-8877-665544332211",
  roles: ["Matrix.Login"],
};

/** Signed over the nonce's hash, sent with the nonce. */
function forGraph(): string {
  const nonce = "nWZ0b3h5c3RlcnMtYXJlLW5vdC1mb3ItdXM";
  const hashed = createHash("sha256").update(nonce).digest("base64url");
  const [, ...rest] = issued(
    { nonce: hashed },
    { ...version1, aud: "00000003-0000-0000-c000-000000000000", scp: "User.Read" },
  ).split(".");
  return [encode({ typ: "JWT", nonce, alg: "RS256", kid: KID }), ...rest].join(".");
}

/** Entra's keys name no algorithm. */
const key = without(SIGNING_KEY, "alg");

export const entraId: Provider = {
  page: "entra-id",
  name: "entraId",
  answers: device(`${login}/${tenant}/oauth2/v2.0/devicecode`, `${login}/${tenant}/oauth2/v2.0/token`),
  documents: published(issuer, `${login}/${tenant}/discovery/v2.0/keys`, [
    { ...key, x5t: KID, x5c: ["MIID"], issuer },
    { ...key, kid: "other", x5t: "other", issuer },
  ]),
  cases: [
    {
      what: "access token",
      token: issued({}, access),
      becomes: `@${person}:example.org`,
      displayName: "Alice Example",
    },
    { what: "version 1 token", token: issued({ x5t: KID }, version1), becomes: "issuer" },
    { what: "token for Graph", token: forGraph(), becomes: "signature" },
    {
      what: "ID token of a registration that is client and API",
      token: issued({}, { ...without(access, "scp", "azp", "azpacr"), nonce: "n-0S6" }),
      becomes: "scope",
    },
    { what: "ID token", token: issued({}, { ...without(access, "scp", "azp"), aud: client }), becomes: "audience" },
    { what: "application's token", token: issued({}, application), becomes: "scope" },
    { what: "token with another scope", token: issued({}, { ...access, scp: "Files.Read" }), becomes: "scope" },
    { what: "token that was asked for without profile", token: issued({}, without(access, "oid")), becomes: "subject" },
    {
      what: "other tenant's token",
      token: issued({}, { ...access, iss: `${login}/${otherTenant}/v2.0`, tid: otherTenant }),
      becomes: "issuer",
    },
    { what: "other API's token", token: issued({}, { ...access, aud: client }), becomes: "audience" },
    { what: "tokenType", token: issued({}, access), set: { tokenType: "at+jwt" }, becomes: "token_type" },
    { what: "algorithm of the key's kind", token: issued({ alg: "PS256" }, access), becomes: "algorithm" },
  ],
};
