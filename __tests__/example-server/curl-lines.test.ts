import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { beforeAll, describe, expect, test } from "@jest/globals";

import { curlLines, formatCurlLines } from "../../example-server/src/curl-lines.js";
import { createIdentityProvider } from "../../example-server/src/identity-provider.js";
import { proofs } from "./helpers/interactive-auth.js";
import { startTestServer, type TestServer } from "./helpers/test-server.js";

const run = promisify(execFile);
const hasCurl = spawnSync("curl", ["--version"]).status === 0;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});

describe("the lines that are printed", () => {
  test("are comments and commands in turn, each command on one line", () => {
    const lines = formatCurlLines(curlLines(server)).split("\n").filter(Boolean);
    expect(lines.length).toBeGreaterThanOrEqual(16);
    lines.forEach((line, index) => {
      expect(line).toMatch(index % 2 === 0 ? /^# / : /^curl /);
    });
  });

  test("need no key of somebody else's identity provider", () => {
    const foreign = {
      ...server,
      identityProvider: createIdentityProvider(server.secrets.idpKey, "https://id.example.org"),
    };
    const lines = formatCurlLines(curlLines(foreign));
    expect(lines).not.toContain("com.famedly.login.token");
    expect(lines.split("\n").filter(Boolean).length).toBeGreaterThanOrEqual(16);
  });

  (hasCurl ? test : test.skip)("do what their comments say", async () => {
    for (const { comment, command } of curlLines(server)) {
      const { stdout, stderr } = await run("sh", ["-c", command]);
      expect(stderr).toBe("");
      const answer = JSON.parse(stdout) as Record<string, unknown>;
      const [, errcode] = /(M_\w+)$/.exec(comment) ?? [];
      expect({ comment, errcode: answer["errcode"] }).toEqual({ comment, errcode });
    }
  });
});

/** The lines of the README's section, for a server elsewhere, and with its token in place of one made by the command. */
function readmeLines(token: string): string {
  const readme = readFileSync(join(import.meta.dirname, "../../example-server/README.md"), "utf8");
  const [, block = ""] = /^## Asking again[^]*?^```sh\n([^]*?)^```$/m.exec(readme) ?? [];
  expect(block).toContain("npx matrix-jwt-login mint");
  return `npx() { printf %s '${token}'; }\n${block.replace("http://127.0.0.1:8008", server.url)}`;
}

describe("the README's lines that authenticate anew", () => {
  (hasCurl ? test : test.skip)("are refused, delete a device, and deactivate the account", async () => {
    const { token } = proofs.bySecret(server, "erin");
    const { stdout, stderr } = await run("sh", ["-c", readmeLines(String(token))]);
    expect(stderr).toBe("");
    const answers = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(answers).toEqual([
      expect.objectContaining({ errcode: "M_FORBIDDEN", session: expect.any(String) }),
      {},
      { id_server_unbind_result: "success" },
    ]);
  });
});
