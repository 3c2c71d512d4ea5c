// The process of one mode's server, driven over IPC: "start", any number of "cpu", "stop".
import { once } from "node:events";
import { createServer } from "node:http";

/** @type {Record<string, (message: any) => unknown>} */
const commands = {
  async start({ file, settings }) {
    const { createApp } = await import(`./servers/${file}.mjs`);
    const server = createServer(createApp(settings)).listen(0, "127.0.0.1");
    await once(server, "listening");
    return server.address();
  },
  /** CPU microseconds that this process has used so far. */
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  stop() {
    // By a plain exit, so that a CPU profile is written.
    process.exit();
  },
};

process.on("message", async (/** @type {any} */ message) => {
  try {
    process.send?.({ result: await commands[message.command](message) });
  } catch (error) {
    process.send?.({ error: error instanceof Error ? error.message : String(error) });
  }
});
process.on("disconnect", () => process.exit());
