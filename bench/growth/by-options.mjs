import { createJwtLogin } from "matrix-jwt-login";

import { claimsOf, host, hs256, SECRET } from "../logins.mjs";
import { accepted, refused, spreadOver } from "./runs.mjs";

const SIZES = [1, 10, 100, 1_000, 10_000];

/** @type {import("./turn.mjs").Series} */
export const issuers = {
  id: "issuers",
  title: "accepted issuers, HS256",
  sizes: SIZES,
  async runs(size) {
    const issuer = Array.from({ length: size }, (_, index) => `https://idp-${index}.example.org`);
    const jwtLogin = createJwtLogin({ ...host, loginTypes: { jwt: { secret: SECRET, issuer } } });
    const from = (/** @type {string} */ iss) => ({ type: "jwt", token: hs256(claimsOf({ iss })) });
    return {
      "log in": await accepted(
        jwtLogin,
        spreadOver(size).map((index) => from(issuer[index])),
      ),
      "unknown issuer": await refused(
        jwtLogin,
        spreadOver(size).map((index) => from(`https://other-${index}.example.org`)),
        "issuer not accepted",
      ),
    };
  },
};

/** @type {import("./turn.mjs").Series} */
export const loginTypes = {
  id: "login-types",
  title: "login types, HS256",
  sizes: SIZES,
  async runs(size) {
    const types = Array.from({ length: size }, (_, index) => `org.example.type${index}`);
    const jwtLogin = createJwtLogin({
      ...host,
      loginTypes: Object.fromEntries(types.map((type) => [type, { secret: SECRET }])),
    });
    const text = hs256();
    return {
      "log in": await accepted(
        jwtLogin,
        spreadOver(size).map((index) => ({ type: types[index], token: text })),
      ),
    };
  },
};
