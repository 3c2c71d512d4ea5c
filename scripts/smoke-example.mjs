// Starts the built example server, opens the page that it names first, then runs every curl line that it prints and
// checks each answer by the line's comment.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const DATA_DIR = mkdtempSync(join(tmpdir(), "matrix-jwt-login-example-"));
const server = spawn(process.execPath, ["example-server/dist/main.js"], {
  // As `npm start` finds it: with Node alone.
  env: { ...process.env, PORT: "0", DATA_DIR, DATABASE_URL: "", REDIS_URL: "" },
  stdio: ["ignore", "pipe", "inherit"],
});
const exited = once(server, "exit");

try {
  const lines = await linesOf(server.stdout);
  await checkPage(lines[0]);
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

/** The first line names the page; its files are there, and so is the identity provider that its button leads to. */
async function checkPage(firstLine) {
  const [, page] = /^Open (http:\S+) and click /.exec(firstLine) ?? [];
  if (page === undefined) throw new Error(`the first line names no page: ${firstLine}`);
  const html = await textOf(page);
  const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file);
  for (const file of files) await textOf(new URL(file, page));
  const { issuer } = JSON.parse(await textOf(new URL("idp/.well-known/openid-configuration", page)));
  if (issuer !== new URL("idp", page).href) throw new Error(`the identity provider calls itself ${issuer}`);
  console.log(`# The page at ${page}, with ${files.length} files, and the identity provider: as they should be`);
}

async function textOf(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: answered ${response.status}`);
  return response.text();
}
