// A process's answers to its parent, which child.mjs is.

/** @param {Record<string, (message: any) => unknown>} commands */
export function answerParent(commands) {
  process.on("message", async (/** @type {any} */ message) => {
    // By a plain exit, so that a CPU profile is written.
    if (message.command === "stop") process.exit();
    try {
      process.send?.({ result: await commands[message.command](message) });
    } catch (error) {
      process.send?.({ error: error instanceof Error ? error.message : String(error) });
    }
  });
  process.on("disconnect", () => process.exit());
}

/** CPU microseconds that this process has used so far. */
export function cpu() {
  const { user, system } = process.cpuUsage();
  return user + system;
}
