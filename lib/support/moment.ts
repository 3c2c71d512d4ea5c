/**
 * A moment by both clocks of the process. The wall clock can be set; the steady one stands still while the machine is
 * suspended.
 */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly wall: number;
  /** Milliseconds since the process started. */
  readonly steady: number;
}

/** This moment. */
export function now(): Moment {
  return { wall: Date.now(), steady: performance.now() };
}

/**
 * Milliseconds since a moment: the larger of what the two clocks say, so that an age is never too low, unless a machine that was
 * suspended has its clock set back.
 */
export function since({ wall, steady }: Moment): number {
  return Math.max(Math.abs(Date.now() - wall), performance.now() - steady);
}
