// Starts the built example server, runs every curl line that it prints and checks each answer by the line's comment.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const DATA_DIR = mkdtempSync(join(tmpdir(), "matrix-jwt-login-example-"));
const server = spawn(process.execPath, ["example-server/dist/main.js"], {
  env: { ...process.env, PORT: "0", DATA_DIR },
  stdio: ["ignore", "pipe", "inherit"],
});
const exited = once(server, "exit");

try {
  const lines = await linesOf(server.stdout);
  const commands = lines.flatMap((line, i) =>
    line.startsWith("curl ") ? [{ comment: lines[i - 1], command: line }] : [],
  );
  if (commands.length < 5) throw new Error(`only ${commands.length} curl lines were printed`);
  for (const { comment, command } of commands) {
    const answer = JSON.parse(execFileSync("sh", ["-c", command], { encoding: "utf8" }));
    const expected = /(M_\w+)$/.exec(comment)?.[1];
    if (answer.errcode !== expected) throw new Error(`${comment}: answered ${JSON.stringify(answer)}`);
    console.log(`${comment}: as it says`);
  }
} finally {
  server.kill("SIGTERM");
  await exited;
  rmSync(DATA_DIR, { recursive: true, force: true });
}
if (server.exitCode !== 0) throw new Error(`the example server stopped with code ${server.exitCode}`);

/** All that it prints, once it has printed its last curl line: the one by password. */
async function linesOf(stream) {
  let printed = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    printed += chunk;
    if (
      /m\.login\.password.*\n/.test(
        printed
          .split("\n")
          .filter((line) => line.startsWith("curl "))
          .join("\n") + "\n",
      )
    )
      break;
  }
  return printed.split("\n");
}
