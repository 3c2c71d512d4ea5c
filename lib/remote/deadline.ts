/**
 * Gives work a deadline that holds whatever the work does: its signal says when to stop, and nobody waits longer.
 *
 * @param seconds - until the work counts as failed
 */
export async function within<T>(seconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no complete answer within ${String(seconds)} s`));
    }, seconds * 1_000).unref();
  });
  try {
    return await Promise.race([work(abort.signal), deadline]);
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}
