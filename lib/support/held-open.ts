/** Longest that a timer runs, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Keeps the process alive until work is done that it starts with: no timer of the package does. */
export async function heldOpen<T>(work: Promise<T>): Promise<T> {
  // It does nothing, ever.
  const timer = setInterval(Boolean, LONGEST_TIMER);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
