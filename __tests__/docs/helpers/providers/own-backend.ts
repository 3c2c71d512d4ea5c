import { createSecretKey } from "node:crypto";

import { inSeconds, signed } from "../../../helpers/tokens.js";
import { claimsOf, without, type Provider } from "../provider.js";

const claims = claimsOf("own-backend");
const anotherSecret = createSecretKey(Buffer.from("another secret, as long as the first one"));

/** Its tokens are signed with `SECRET` of the test's keys. */
export const ownBackend: Provider = {
  page: "own-backend",
  name: "ownBackend",
  answers: {},
  documents: {},
  cases: [
    { what: "token", token: signed(claims), becomes: "@alice:example.org", displayName: "Alice Example" },
    { what: "token by another secret", token: signed(claims, { key: anotherSecret }), becomes: "signature" },
    {
      what: "token by the secret before",
      token: signed(claims, { key: anotherSecret }),
      set: { secret: ["the new secret, of which there is enough", anotherSecret] },
      becomes: "@alice:example.org",
    },
    { what: "session token of the backend's own", token: signed(without(claims, "aud")), becomes: "audience" },
    { what: "token for something else", token: signed({ ...claims, aud: "billing" }), becomes: "audience" },
    {
      what: "token of another issuer",
      token: signed({ ...claims, iss: "https://other.example.org" }),
      becomes: "issuer",
    },
    { what: "token without an expiry", token: signed(without(claims, "exp")), becomes: "expiry_missing" },
    {
      what: "token for a year, an hour later",
      token: signed({ ...claims, iat: inSeconds(-3_600), exp: inSeconds(31_536_000) }),
      becomes: "too_old",
    },
    { what: "token by HS512", token: signed(claims, { algorithm: "HS512" }), becomes: "algorithm" },
    { what: "unsigned token", token: signed(claims, { header: { alg: "none" } }), becomes: "algorithm" },
  ],
};
