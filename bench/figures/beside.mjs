// What a login costs beside its signature: the distance of two modes, in the cost of the bare checks between them.
import { spread } from "./statistics.mjs";

/**
 * @typedef {object} Beside
 * @property {string} id
 * @property {string} title
 * @property {string} dearer id of a mode
 * @property {string} cheaper id of a mode
 * @property {string} check id of the bare check that the dearer one needs: an operation of the floor, or a mode
 * @property {string} [cheaperCheck] and of what is to be taken off that
 */

/** @type {Beside[]} */
const definitions = [
  {
    id: "rs256",
    title: "RS256 over HS256, by RSA over an HMAC",
    ...{ dearer: "ours-rs256", cheaper: "ours-hs256", check: "crypto-rs256", cheaperCheck: "crypto-hs256" },
  },
  {
    id: "es256",
    title: "ES256 over constant, by ECDSA",
    ...{ dearer: "ours-es256", cheaper: "constant", check: "crypto-es256" },
  },
  {
    id: "eddsa",
    title: "EdDSA over constant, by Ed25519",
    ...{ dearer: "ours-eddsa", cheaper: "constant", check: "crypto-eddsa" },
  },
  // A check that runs between requests finds nothing in the processor's caches, and costs more than in a loop.
  {
    id: "rs256-http",
    title: "RS256 over HS256, by the same over HTTP",
    ...{ dearer: "ours-rs256", cheaper: "ours-hs256", check: "bare-rs256", cheaperCheck: "bare-hs256" },
  },
  {
    id: "es256-http",
    title: "ES256 over constant, by ECDSA over HTTP",
    ...{ dearer: "ours-es256", cheaper: "constant", check: "bare-es256", cheaperCheck: "constant" },
  },
  {
    id: "eddsa-http",
    title: "EdDSA over constant, by Ed25519 over HTTP",
    ...{ dearer: "ours-eddsa", cheaper: "constant", check: "bare-eddsa", cheaperCheck: "constant" },
  },
];

/**
 * @param {import("./statistics.mjs").CpuOf} cpuOf
 */
export const besideTheSignature = (cpuOf) =>
  definitions.flatMap(({ id, title, dearer, cheaper, check, cheaperCheck }) => {
    const logins = difference(cpuOf(dearer), cpuOf(cheaper));
    const checks = cheaperCheck ? difference(cpuOf(check), cpuOf(cheaperCheck)) : cpuOf(check);
    if (!logins || !checks) return [];
    const times = logins.map((micros, round) => micros / checks[round]);
    return [{ id, title, loginMicros: spread(logins), checkMicros: spread(checks), times: spread(times) }];
  });

/** @typedef {ReturnType<typeof besideTheSignature>} BesideTheSignature */

/** @param {number[] | undefined} more @param {number[] | undefined} less */
const difference = (more, less) => more && less && more.map((value, round) => value - less[round]);
