// What the benchmark is to show.
import { ratios } from "./ratios.mjs";
import { spread } from "./statistics.mjs";

/**
 * @typedef {object} Goal
 * @property {string} title
 * @property {string} [instead] title of the goal that will do in this one's place
 * @property {number} [atLeast]
 * @property {number} [atMost]
 * @property {(figures: Figures) => import("./statistics.mjs").Spread | undefined} measure undefined where it did not run
 */
/**
 * @typedef {object} Figures
 * @property {import("./statistics.mjs").CpuOf} cpuOf
 * @property {import("./beside.mjs").BesideTheSignature} beside
 */

/**
 * CPU ratio: how many times a mode's CPU the other one takes.
 * @param {string} title @param {string} mode @param {string} other @param {number} atLeast
 * @returns {Goal}
 */
const ratio = (title, mode, other, atLeast) => ({
  title,
  atLeast,
  measure({ cpuOf }) {
    const [one, two] = [cpuOf(mode), cpuOf(other)];
    return one && two && spread(ratios(two, one));
  },
});

/** @param {string} title @param {string} id @param {number} atMost in bare checks @returns {Goal} */
const checks = (title, id, atMost) => ({
  title,
  atMost,
  measure: ({ beside }) => beside.find((one) => one.id === id)?.times,
});

const RS256 = "RS256 from a warm JWKS";
const RS256_CHECKS = "or: RS256 over HS256, in RSA over an HMAC";

/** @type {Goal[]} */
const goals = [
  ratio("HS256, we read the body", "ours-hs256", "constant", 1),
  ratio("HS256, express.json() ran first", "ours-hs256-parsed", "constant", 0.88),
  { ...ratio(RS256, "ours-rs256", "constant", 0.85), instead: RS256_CHECKS },
  { ...checks(RS256_CHECKS, "rs256", 1.5), instead: RS256 },
  checks("ES256 over constant, in bare verifications", "es256", 1.25),
  checks("EdDSA over constant, in bare verifications", "eddsa", 1.25),
  ratio("rejected signature", "ours-rejected", "constant", 0.75),
  ratio("token over maxTokenLength, at equal body size", "ours-too-long", "constant-long", 0.9),
  ratio("HS256 against passport-jwt", "ours-hs256", "passport-hs256", 4.5),
  ratio("HS256 against express-jwt", "ours-hs256", "express-jwt-hs256", 4.5),
  ratio("RS256 against passport-jwt with jwks-rsa", "ours-rs256", "passport-rs256", 2.5),
  ratio("RS256 against express-jwt with jwks-rsa", "ours-rs256", "express-jwt-rs256", 2.5),
  ratio("HS256 against jose by hand", "ours-hs256", "jose-hs256", 1.2),
  ratio("RS256 against jose by hand", "ours-rs256", "jose-rs256", 1.2),
  ratio("ES256 against jose by hand", "ours-es256", "jose-es256", 1.2),
  ratio("EdDSA against jose by hand", "ours-eddsa", "jose-eddsa", 1.2),
  ratio("pass-through of a password login", "ours-password", "constant-password", 0.95),
];

/** How many times the constant app's p99 ours may be. */
const P99_AT_MOST = 1.2;

/** @param {Figures} figures */
export function judgeAll(figures) {
  const measured = goals.flatMap((goal) => {
    const found = goal.measure(figures);
    return found ? [{ ...goal, measured: found }] : [];
  });
  const isMet = new Map(measured.map((goal) => [goal.title, holds(goal, goal.measured.median)]));
  return measured.map(({ title, instead = "", atLeast, atMost, measured }) => ({
    title,
    ...{ atLeast, atMost, measured },
    verdict: isMet.get(title) ? "met" : isMet.get(instead) ? "not needed" : "missed",
  }));
}

/** @param {string} title @param {import("./statistics.mjs").Spread} measured */
export const judgeP99 = (title, measured) => ({
  ...{ title, atLeast: undefined, atMost: P99_AT_MOST, measured },
  verdict: holds({ atMost: P99_AT_MOST }, measured.median) ? "met" : "missed",
});

/** @typedef {ReturnType<typeof judgeAll>[number]} JudgedGoal */

/** @param {{ atLeast?: number, atMost?: number }} goal @param {number} value */
const holds = ({ atLeast = -Infinity, atMost = Infinity }, value) => value >= atLeast && value <= atMost;
