/** What this file needs of `process`. */
export interface SignalSource {
  readonly ppid: number;
  on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  exit(code: number): unknown;
}

/**
 * SIGINT and SIGTERM stop the server; one that comes again a second later or more does not wait for that. Under npm a
 * single Ctrl-C arrives several times at once: from the terminal, and passed on by each npm in between.
 */
export function stopOnSignals(stop: () => Promise<void>, source: SignalSource, underNpm: boolean): void {
  let firstSignalAt: number | undefined;
  const onSignal = (): void => {
    if (firstSignalAt === undefined) {
      firstSignalAt = Date.now();
      stop().then(
        () => source.exit(0),
        (error: unknown) => {
          console.error(error);
          source.exit(1);
        },
      );
    } else if (Date.now() - firstSignalAt >= 1000) {
      source.exit(1);
    }
  };
  source.on("SIGINT", onSignal);
  source.on("SIGTERM", onSignal);

  // npm passes a signal on to the shell that it runs us in, and dash dies of it without telling us.
  if (underNpm) {
    const parent = source.ppid;
    const watch = setInterval(() => {
      if (source.ppid === parent) return;
      clearInterval(watch);
      onSignal();
    }, 500);
    watch.unref();
  }
}
