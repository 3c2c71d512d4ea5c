import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { freePort } from "../scripts/free-port.mjs";

const here = import.meta.dirname;
const next = join(here, "node_modules", "next", "dist", "bin", "next");

/** Builds a Next.js project of some files, by their names, and returns its folder. */
export async function buildNext(name, files) {
  const folder = join(here, "out", `next-${name}`);
  rmSync(folder, { recursive: true, force: true });
  for (const [file, code] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), code);
  }
  writeFileSync(join(folder, "package.json"), '{"private":true}');
  writeFileSync(join(folder, "next.config.mjs"), CONFIG);
  await run(folder, ["build"]);
  return folder;
}

/** Starts what is built in a folder. */
export async function startNext(folder, env = {}) {
  const port = await freePort();
  const server = spawn(process.execPath, [next, "start", "--port", String(port), "--hostname", "127.0.0.1"], {
    cwd: folder,
    env: { ...process.env, ...env, NEXT_TELEMETRY_DISABLED: "1" },
  });
  const url = `http://127.0.0.1:${port}`;
  await answering(url);
  return {
    url,
    close: async () => {
      server.kill();
      await once(server, "exit");
    },
  };
}

// Types are checked by the pages' own test: a build that looks for them would want packages of its own.
const CONFIG = `export default {
  typescript: { ignoreBuildErrors: true },
  eslint: { ignoreDuringBuilds: true },
  serverExternalPackages: ["matrix-jwt-login"],
  rewrites: () => [{ source: "/_matrix/client/v3/login", destination: "/api/login" }],
};
`;

async function run(cwd, args) {
  const child = spawn(process.execPath, [next, ...args], {
    cwd,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1" },
  });
  const output = [];
  child.stdout.on("data", (data) => output.push(data));
  child.stderr.on("data", (data) => output.push(data));
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`next ${args.join(" ")} failed:\n${Buffer.concat(output)}`);
}

async function answering(url) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      await fetch(url);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error("Next.js does not answer");
}
