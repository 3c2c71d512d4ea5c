import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { compiled } from "./docs-pages.mjs";
import { listen } from "./hosts/own-login.mjs";
import { jwtLogin, token } from "./jwt-login.mjs";

const page = readFileSync(join(import.meta.dirname, "..", "docs", "clients.md"), "utf8");
const blocks = (language) =>
  Array.from(page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm")), ([, code]) => code);

describe("the page on clients", () => {
  let server;
  before(async () => {
    const login = jwtLogin();
    server = await listen(createServer((req, res) => login(req, res)));
  });
  after(() => server.close());

  const here = (code) => code.replaceAll("https://matrix.example.org", server.url);
  const run = async (command, args) => {
    const env = { ...process.env, TOKEN: token() };
    const { stdout } = await promisify(execFile)(command, args, { env, encoding: "utf8" });
    return stdout;
  };

  test("logs in with curl", async () => {
    const [line] = blocks("sh");
    assert.equal(JSON.parse(await run("bash", ["-c", here(line)])).user_id, "@alice:example.org");
  });

  const withToken = (code) => here(`const token = process.env["TOKEN"] ?? "";\n${code}`);

  test("logs in with matrix-js-sdk", async () => {
    const { folder, problems } = compiled("matrix-js-sdk", { client: withToken(blocks("ts")[0]) });
    assert.deepEqual(problems, []);
    assert.match(await run(process.execPath, [join(folder, "client.js")]), /@alice:example\.org jwt/);
  });

  // It is not run: its encryption is a binary that its installation downloads from outside the registry.
  test("compiles with matrix-bot-sdk", () => {
    assert.deepEqual(compiled("matrix-bot-sdk", { client: withToken(blocks("ts")[1]) }).problems, []);
  });
});
