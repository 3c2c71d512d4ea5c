// Which modes run on which Express.
import { modes } from "./modes.mjs";

/** @typedef {import("./express.mjs").ExpressMajor} ExpressMajor */

/** The Express that needs no mention. */
const USUAL = 5;

/**
 * @typedef {import("./modes.mjs").Mode & { express: ExpressMajor }} PlannedMode its `id`, `baseline` and `against` say
 *   the Express too, unless it is the usual one
 */

/** @param {string} id @param {ExpressMajor} express */
export const idOn = (id, express) => (express === USUAL ? id : `${id}@${express}`);

/** @param {import("./modes.mjs").Mode} mode @param {ExpressMajor} express @returns {PlannedMode} */
const on = (mode, express) => ({
  ...mode,
  express,
  id: idOn(mode.id, express),
  title: express === USUAL ? mode.title : `${mode.title}, Express ${express}`,
  baseline: idOn(mode.baseline, express),
  against: mode.against.map((id) => idOn(id, express)),
});

/**
 * @param {object} wish
 * @param {string[]} [wish.only] ids
 * @param {boolean} wish.all
 * @param {ExpressMajor[]} [wish.express]
 * @returns {PlannedMode[]}
 */
export function plan({ only, all, express }) {
  const chosen = modes.filter(({ id, extra }) => (only ? only.includes(id) : all || !extra));
  const planned = (express ?? [USUAL]).flatMap((major) => chosen.map((mode) => on(mode, major)));
  return only || express ? planned : [...planned, ...modes.filter(({ brief }) => brief).map((mode) => on(mode, 4))];
}
