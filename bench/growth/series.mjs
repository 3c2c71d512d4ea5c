// What a login may grow with.
import { keys, keysWithoutKid } from "./by-keys.mjs";
import { issuers, loginTypes } from "./by-options.mjs";
import { tokenSize } from "./by-token-size.mjs";

/** @type {import("./turn.mjs").Series[]} */
export const SERIES = [keys, keysWithoutKid, issuers, loginTypes, tokenSize];
