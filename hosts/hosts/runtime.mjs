import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const here = import.meta.dirname;
const modules = join(here, "..", "node_modules");

/** Bun's binary: its package only links it, in a script of its installation. */
const platform = `${process.platform}-${process.arch === "arm64" ? "aarch64" : process.arch}`;
const BINARIES = {
  bun: join(modules, "@oven", `bun-${platform}`, "bin", "bun"),
  deno: join(modules, ".bin", "deno"),
};

/** Starts a host under another runtime, in a process of its own. */
export async function startUnder(command, args, by, login) {
  const child = spawn(
    BINARIES[command],
    [...args, join(here, "..", "runtime-server.mjs"), by, ...(login === undefined ? [] : [login.setup])],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const exited = once(child, "exit").then(([code]) => {
    throw new Error(`${command} has ended with code ${String(code)}`);
  });
  exited.catch(() => undefined);
  const [port] = await Promise.race([once(child.stdout, "data"), exited]);
  return {
    url: `http://127.0.0.1:${String(port).trim()}`,
    close: async () => {
      child.stdin.end();
      await exited.catch(() => undefined);
    },
  };
}
