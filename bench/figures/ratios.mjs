/**
 * Made within a round, and the median is taken last, so that what slows the whole machine for a while cancels out.
 * @param {number[]} above @param {number[]} below
 */
export const ratios = (above, below) => above.map((value, round) => value / below[round]);
