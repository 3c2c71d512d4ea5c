/**
 * Waits for work, and no longer than so many seconds. The work goes on unless something ends it.
 *
 * @param message - of the error that it rejects with then
 */
export async function inTime<T>(seconds: number, work: Promise<T>, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(message));
    }, seconds * 1_000).unref();
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
