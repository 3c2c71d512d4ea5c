// The parent's side of a process that is driven over IPC; parent.mjs is the other.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/**
 * @param {URL} script
 * @param {string} name for errors
 * @param {string[]} [execArgv] options of Node for that process
 */
export function startChild(script, name, execArgv = []) {
  const child = fork(fileURLToPath(script), {
    execArgv,
    env: { ...process.env, NODE_ENV: "production" },
  });
  const exited = once(child, "exit");

  return {
    /** @param {{ command: string, [name: string]: unknown }} message @returns {Promise<any>} */
    async ask(message) {
      if (child.connected) child.send(message);
      const [reply] = await Promise.race([
        once(child, "message"),
        exited.then(([code]) => [{ error: `its process ended with code ${code}` }]),
      ]);
      if (reply.error) throw new Error(`${name}: ${reply.error}`);
      return reply.result;
    },
    async stop() {
      if (child.connected) child.send({ command: "stop" });
      await exited;
    },
  };
}
