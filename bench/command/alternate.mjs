import { progress } from "./command.mjs";

/**
 * Measures every case once a round, there and back again, so that what slows the whole machine for a while slows all alike.
 * @template Case, Result
 * @param {readonly Case[]} cases
 * @param {number} rounds
 * @param {(one: Case) => Result | Promise<Result>} measure
 * @returns {Promise<Result[][]>} for each case its results, round by round
 */
export async function alternate(cases, rounds, measure) {
  /** @type {Result[][]} */
  const results = cases.map(() => []);
  const there = [...cases.keys()];
  for (let round = 0; round < rounds; round += 1) {
    progress(`round ${round + 1} of ${rounds}`);
    for (const index of round % 2 === 0 ? there : there.toReversed()) results[index].push(await measure(cases[index]));
  }
  progress("");
  return results;
}
