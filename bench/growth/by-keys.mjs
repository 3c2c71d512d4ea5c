import { createJwtLogin } from "matrix-jwt-login";

import { startJwksServer } from "../http/jwks-server.mjs";
import { claimsOf, es256, host, jwkOf, keyPairs, noise, token } from "../logins.mjs";
import { accepted, refused, spreadOver } from "./runs.mjs";

const ES256_SIGNATURE = 64;
/** The default is 1 MiB, which about 6,000 such keys fill. */
const MAX_RESPONSE_SIZE = 4 * 1_048_576;

const submit = (/** @type {string} */ text) => ({ type: "jwt", token: text });

/** @type {import("./turn.mjs").Series} */
export const keys = {
  id: "keys",
  title: "keys in the JWKS, ES256",
  sizes: [1, 10, 100, 1_000, 10_000],
  async runs(size) {
    const pairs = keyPairs(size);
    const set = { keys: pairs.map((pair, index) => jwkOf(pair, { kid: `key ${index}` })) };
    const fetched = await overHttp(set);
    // A fetched set would be fetched again for an unknown kid, and the login wait for that.
    const given = createJwtLogin({ ...host, loginTypes: { jwt: { jwks: set } } });
    const forged = (/** @type {string} */ kid) =>
      submit(token({ alg: "ES256", kid }, claimsOf(), noise(ES256_SIGNATURE)));
    const spread = spreadOver(size);
    return {
      "log in": await accepted(
        fetched,
        spread.map((index) => submit(es256(pairs[index], { kid: `key ${index}` }))),
      ),
      "wrong signature": await refused(
        fetched,
        spread.map((index) => forged(`key ${index}`)),
        "signature",
      ),
      "unknown kid": await refused(
        given,
        spread.map((index) => forged(`no key ${index}`)),
        "key not known",
      ),
    };
  },
};

/** A token without a `kid` is tried against 8 keys at most, so the last of those is the dearest. */
const MOST_TRIED = 8;

/** @type {import("./turn.mjs").Series} */
export const keysWithoutKid = {
  id: "keys-without-kid",
  title: "keys in the JWKS, ES256, tokens without kid",
  sizes: [1, 8, 100],
  async runs(size) {
    const pairs = keyPairs(size);
    const fetched = await overHttp({ keys: pairs.map((pair) => jwkOf(pair)) });
    const last = pairs[Math.min(size, MOST_TRIED) - 1];
    return {
      "signed by the last key tried": await accepted(fetched, [submit(es256(last))]),
      "wrong signature": await refused(
        fetched,
        [submit(token({ alg: "ES256" }, claimsOf(), noise(ES256_SIGNATURE)))],
        "signature",
      ),
    };
  },
};

/** @param {object} set */
async function overHttp(set) {
  const server = await startJwksServer(set);
  const jwksOptions = { maxResponseSize: MAX_RESPONSE_SIZE, cacheMaxAge: 86_400 };
  const jwtLogin = createJwtLogin({ ...host, loginTypes: { jwt: { jwksUri: server.uri("growth"), jwksOptions } } });
  await jwtLogin.ready();
  server.stop();
  return jwtLogin;
}
