import jsonwebtoken from "jsonwebtoken";
import { createJwtLogin } from "matrix-jwt-login";

import { claimsOf, hmac, host, hs256, SECRET } from "../logins.mjs";
import { accepted } from "./runs.mjs";

/** @type {import("./turn.mjs").Series} */
export const tokenSize = {
  id: "token-size",
  title: "bytes of the token, HS256",
  sizes: [300, 500, 1_000, 2_000, 4_000, 8_000],
  isLinear: true,
  async runs(size) {
    const text = tokenOf(size);
    const jwtLogin = createJwtLogin({ ...host, loginTypes: { jwt: { secret: SECRET } } });
    const signingInput = Buffer.from(text.slice(0, text.lastIndexOf(".")));
    return {
      "log in": await accepted(jwtLogin, [{ type: "jwt", token: text }]),
      "jsonwebtoken.verify alone": () => jsonwebtoken.verify(text, SECRET, { algorithms: ["HS256"] }),
      "HMAC alone": () => hmac(signingInput),
    };
  },
};

/** Tokens grow by the groups that a provider lists in them. @param {number} size */
function tokenOf(size) {
  const groups = [];
  const make = () => hs256(claimsOf({ groups }));
  while (make().length <= size) groups.push(`group-${groups.length}`);
  groups.pop();
  const missing = Math.floor(((size - make().length) * 3) / 4);
  if (groups.length > 0) groups.push(groups.pop() + "x".repeat(missing));
  else groups.push("x".repeat(Math.max(0, missing - 2)));
  return make();
}
