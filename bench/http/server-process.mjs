// The parent's side of server.mjs.
import { startChild } from "../process/child.mjs";

/**
 * Starts a server in a process of its own, so that its CPU time is nobody else's.
 * @param {string} file in servers/
 * @param {{ express: import("./express.mjs").ExpressMajor }} settings and all else that the file takes
 * @param {string[]} [execArgv] options of Node for that process
 */
export async function startServer(file, settings, execArgv) {
  const { ask, stop } = startChild(new URL("server.mjs", import.meta.url), `The server ${file}`, execArgv);
  try {
    const { port } = await ask({ command: "start", file, settings });
    return {
      origin: `http://127.0.0.1:${port}`,
      /** @returns {Promise<number>} */
      cpu: () => ask({ command: "cpu" }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @typedef {Awaited<ReturnType<typeof startServer>>} ServerProcess */
