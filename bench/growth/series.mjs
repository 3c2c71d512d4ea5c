// What a login may grow with.
import { keys, keysWithoutKid } from "./by-keys.mjs";
import { issuers, loginTypes } from "./by-options.mjs";
import { tokenSize } from "./by-token-size.mjs";

/**
 * @typedef {object} Series
 * @property {string} id
 * @property {string} title what is counted
 * @property {number[]} sizes
 * @property {boolean} [isLinear] a line is fitted: so much a login, and so much more a thousand
 * @property {(size: number) => Promise<Record<string, import("./turn.mjs").Run>>} runs by the name of what they do, which
 *   is the same for every size; ratios are to the first one at the first size
 */

/** @type {Series[]} */
export const SERIES = [keys, keysWithoutKid, issuers, loginTypes, tokenSize];
