// Starts the built example server, opens the page that it names, then runs every curl line that it and `npm run curls`
// print, and checks each answer by the line's comment.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const DATA_DIR = mkdtempSync(join(tmpdir(), "matrix-jwt-login-example-"));
// As `npm start` finds it: with Node alone.
const ENVIRONMENT = { ...process.env, PORT: "0", DATA_DIR, DATABASE_URL: "", REDIS_URL: "" };
const server = spawn(process.execPath, ["example-server/dist/main.js"], {
  env: ENVIRONMENT,
  stdio: ["ignore", "pipe", "inherit"],
});
const exited = once(server, "exit");

try {
  const printed = await printedUntilUp(server.stdout);
  const page = await checkPage(printed);
  const commands = [...commandsIn(printed), ...commandsIn(curls(new URL(page).port))];
  if (commands.length < 12) throw new Error(`only ${commands.length} curl lines were printed`);
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

/** All that it prints; its last line names the page. */
async function printedUntilUp(stream) {
  let printed = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    printed += chunk;
    if (/^Open .*\n/m.test(printed)) break;
  }
  return printed;
}

/** What `npm run curls` prints. */
function curls(port) {
  const env = { ...ENVIRONMENT, PORT: port };
  return execFileSync(process.execPath, ["example-server/dist/curls.js"], { env, encoding: "utf8" });
}

function commandsIn(printed) {
  const lines = printed.split("\n");
  return lines.flatMap((line, i) => (line.startsWith("curl ") ? [{ comment: lines[i - 1], command: line }] : []));
}

/** A terminal of 24 lines shows the page's name; its files are there, and so is the provider that its button leads to. */
async function checkPage(printed) {
  const lines = printed.trimEnd().split("\n");
  if (lines.length > 23) throw new Error(`it printed ${lines.length} lines`);
  const [, page] = /^Open (http:\S+) and click /.exec(lines.at(-1)) ?? [];
  if (page === undefined) throw new Error(`the last line names no page: ${lines.at(-1)}`);
  const html = await textOf(page);
  const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file);
  for (const file of files) await textOf(new URL(file, page));
  const { issuer } = JSON.parse(await textOf(new URL("idp/.well-known/openid-configuration", page)));
  if (issuer !== new URL("idp", page).href) throw new Error(`the identity provider calls itself ${issuer}`);
  console.log(`# The page at ${page}, with ${files.length} files, and the identity provider: as they should be`);
  return page;
}

async function textOf(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: answered ${response.status}`);
  return response.text();
}
