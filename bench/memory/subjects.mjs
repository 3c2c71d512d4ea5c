// What is held in memory, and grows with what a host configures or with what clients send.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { createJwtLogin } from "matrix-jwt-login";

import { startJwksServer } from "../http/jwks-server.mjs";
import { claimsOf, host, hs256, jwkOf, keyPairs, noise, SECRET, token } from "../logins.mjs";

/**
 * @typedef {object} Subject
 * @property {string} id
 * @property {string} title what there is one more of
 * @property {[number, number]} counts between which the bytes of one more are measured
 * @property {(count: number) => Promise<() => unknown>} prepare makes what the host or the clients hold, and gives a function
 *   that makes what the package holds
 */

/** Longer than a run, and within what a timer can wait. */
const LONG = 86_400;
const LARGE = 64 * 1_048_576;

/** @param {string} jwksUri */
const overJwks = (jwksUri) => ({ jwksUri, jwksOptions: { cacheMaxAge: LONG, timeout: LONG, maxResponseSize: LARGE } });

const ec = {
  alg: "ES256",
  signature: 64,
  /** @param {number} count */
  jwks: (count) => keyPairs(count).map((pair, index) => jwkOf(pair, { kid: `key ${index}` })),
};

const rsa = {
  alg: "RS256",
  signature: 256,
  /** Nobody has the private keys, and to make them would take long. @param {number} count */
  jwks: (count) =>
    Array.from({ length: count }, (_, index) => {
      const modulus = randomBytes(256);
      modulus[0] |= 0x80;
      modulus[255] |= 1;
      return { kty: "RSA", n: modulus.toString("base64url"), e: "AQAB", kid: `key ${index}` };
    }),
};

/**
 * @param {typeof ec | typeof rsa} kind
 * @param {boolean} used by a token each, whose signature is wrong
 * @returns {Subject["prepare"]}
 */
function keysOf({ alg, signature, jwks }, used) {
  return async (count) => {
    const { uri } = await startJwksServer({ keys: jwks(count) });
    return async () => {
      const jwtLogin = createJwtLogin({ ...host, loginTypes: { jwt: overJwks(uri("memory")) } });
      await jwtLogin.ready();
      for (let index = 0; used && index < count; index += 1) {
        const forged = token({ alg, kid: `key ${index}` }, claimsOf(), noise(signature));
        await jwtLogin.login({ type: "jwt", token: forged }).catch(() => undefined);
      }
      return jwtLogin;
    };
  };
}

/** @param {(index: number) => object} options of a login type @returns {Subject["prepare"]} */
function loginTypesOf(options) {
  return async (count) => {
    const loginTypes = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`org.example.type${index}`, options(index)]),
    );
    return () => createJwtLogin({ ...host, loginTypes });
  };
}

/** @type {Subject["prepare"]} */
async function waitingTokens(count) {
  let asked = 0;
  const hanging = createServer(() => (asked += 1)).listen(0, "127.0.0.1");
  await once(hanging, "listening");
  const jwksUri = `http://127.0.0.1:${hanging.address().port}/`;
  const body = JSON.stringify({ type: "jwt", token: token({ alg: "ES256", kid: "key" }, claimsOf(), noise(64)) });
  return async () => {
    const jwtLogin = createJwtLogin({ ...host, loginTypes: { jwt: overJwks(jwksUri) } });
    // Each with a text of its own, as it has who has read it from a body.
    const waiting = Array.from({ length: count }, () => jwtLogin.login(JSON.parse(body)));
    while (asked === 0) await sleep(10);
    return { jwtLogin, waiting };
  };
}

/** @type {Subject["prepare"]} */
async function usedTokens(count) {
  return async () => {
    const jwtLogin = createJwtLogin({ ...host, loginTypes: { jwt: { secret: SECRET, singleUse: true } } });
    const { exp } = claimsOf();
    for (let index = 0; index < count; index += 1) {
      await jwtLogin.login({ type: "jwt", token: hs256(claimsOf({ jti: index, exp: exp + (index % 3_600) })) });
    }
    return jwtLogin;
  };
}

/** @type {Subject[]} */
export const SUBJECTS = [
  { id: "ec-key", title: "P-256 key in a JWKS, unused", counts: [1_000, 10_000], prepare: keysOf(ec, false) },
  { id: "ec-key-used", title: "P-256 key in a JWKS, used", counts: [1_000, 10_000], prepare: keysOf(ec, true) },
  { id: "rsa-key", title: "RSA 2048 key in a JWKS, unused", counts: [1_000, 10_000], prepare: keysOf(rsa, false) },
  { id: "rsa-key-used", title: "RSA 2048 key in a JWKS, used", counts: [1_000, 10_000], prepare: keysOf(rsa, true) },
  {
    id: "login-type-secret",
    title: "login type with a secret",
    counts: [1_000, 10_000],
    prepare: loginTypesOf((index) => ({ secret: `a secret of thirty-two bytes ${String(index).padStart(8, "0")}` })),
  },
  {
    id: "login-type-jwks",
    title: "login type over a JWKS that it shares",
    counts: [1_000, 10_000],
    prepare: loginTypesOf(() => ({ jwksUri: "https://idp.example.org/jwks", issuer: "https://idp.example.org" })),
  },
  {
    id: "login-type-own-jwks",
    title: "login type over a JWKS of its own",
    counts: [1_000, 10_000],
    prepare: loginTypesOf((index) => ({ jwksUri: `https://idp-${index}.example.org/jwks` })),
  },
  { id: "waiting", title: "token that waits for keys", counts: [100, 1_000], prepare: waitingTokens },
  { id: "used-token", title: "single-use token, used", counts: [10_000, 90_000], prepare: usedTokens },
];
