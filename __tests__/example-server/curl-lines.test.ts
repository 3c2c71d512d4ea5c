import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";

import { beforeAll, describe, expect, test } from "@jest/globals";

import { curlLines, formatCurlLines } from "../../example-server/src/curl-lines.js";
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
