/** What of a limiter's answer is looked at: `RateLimiterRes` of rate-limiter-flexible. Nothing in it is trusted. */
export interface LimiterAnswer {
  readonly msBeforeNext?: unknown;
  readonly consumedPoints?: unknown;
  readonly isFirstInDuration?: unknown;
}

/** Where it isn't said when there are points again, in milliseconds. */
const UNKNOWN_WAIT = 1_000;
/** The longest that `setTimeout` takes: a client that is told to wait longer may not wait at all. */
const LONGEST_WAIT = 2 ** 31 - 1;

/**
 * The milliseconds until there are points again, if that is what a limiter rejected with; else undefined, and the limiter
 * failed. A union of limiters rejects with an answer, or an error, of each of its members that did not let in.
 */
export function msUntilPoints(rejection: unknown): number | undefined {
  const members = isObject(rejection) && !("msBeforeNext" in rejection) ? Object.values(rejection) : [rejection];
  if (members.length === 0 || !members.every(isUsedUp)) return undefined;
  return Math.max(...members.map(wait));
}

function isUsedUp(rejection: unknown): rejection is LimiterAnswer {
  return isObject(rejection) && "msBeforeNext" in rejection;
}

function wait({ msBeforeNext: ms }: LimiterAnswer): number {
  if (typeof ms !== "number" || !(ms >= 0)) return UNKNOWN_WAIT;
  return Math.min(Math.max(Math.ceil(ms), 1), LONGEST_WAIT);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
