// The Express versions that a server may be made of.
import { createRequire } from "node:module";

/** @typedef {4 | 5} ExpressMajor */

/** @type {Record<ExpressMajor, string>} */
const PACKAGES = { 4: "express4", 5: "express" };

/** @param {ExpressMajor} major @returns {Promise<typeof import("express")>} */
export async function loadExpress(major) {
  const { default: express } = await import(PACKAGES[major]);
  return express;
}

/** @param {ExpressMajor} major @returns {string} */
export const expressVersion = (major) => createRequire(import.meta.url)(`${PACKAGES[major]}/package.json`).version;
