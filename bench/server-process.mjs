// The parent's side of server.mjs.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/**
 * Starts a server in a process of its own, so that its CPU time is nobody else's.
 * @param {string} file in servers/
 * @param {object} settings
 * @param {string[]} [execArgv] options of Node for that process
 */
export async function startServer(file, settings, execArgv = []) {
  const child = fork(fileURLToPath(new URL("server.mjs", import.meta.url)), {
    execArgv,
    env: { ...process.env, NODE_ENV: "production" },
  });
  const exited = once(child, "exit");

  /** @param {object} message @returns {Promise<any>} */
  async function ask(message) {
    if (child.connected) child.send(message);
    const [reply] = await Promise.race([
      once(child, "message"),
      exited.then(([code]) => [{ error: `its process ended with code ${code}` }]),
    ]);
    if (reply.error) throw new Error(`The server ${file}: ${reply.error}`);
    return reply.result;
  }

  async function stop() {
    if (child.connected) child.send({ command: "stop" });
    await exited;
  }

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
