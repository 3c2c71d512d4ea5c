import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";

import { describe, expect, test } from "@jest/globals";
import type { RequestHandler } from "express";

import { EXPRESS_VERSIONS } from "../helpers/hosts.js";
import { LOGIN_PATH, LOGIN_TYPE } from "../helpers/login.js";
import { hostOf, middleware } from "../helpers/test-hosts.js";
import { token } from "../helpers/tokens.js";

const run = promisify(execFile);
const withCurl = spawnSync("curl", ["--version"]).status === 0 ? describe : describe.skip;

withCurl("curl --data, which says that the JSON is a form", () => {
  describe.each(EXPRESS_VERSIONS)("to %s", (_, express) => {
    describe.each<readonly [string, (ours: RequestHandler) => readonly RequestHandler[]]>([
      ["without express.json()", (ours) => [ours]],
      ["with express.json() before the package", (ours) => [express.json(), ours]],
      ["with express.json() after it", (ours) => [ours, express.json()]],
    ])("%s", (_, handlers) => {
      /** As one types it. */
      const curl = async (data: string, more = ""): Promise<unknown> => {
        const { url } = await hostOf(express, ...handlers(middleware()));
        const { stdout, stderr } = await run("sh", ["-c", `curl -sS${more} --data '${data}' ${url}${LOGIN_PATH}`]);
        expect(stderr).toBe("");
        return JSON.parse(stdout);
      };

      test.each([
        ["as it is", ""],
        ["without any content type", " -H 'Content-Type:'"],
        ["chunked", " -H 'Transfer-Encoding: chunked'"],
      ])("logs in: %s", async (_, more) => {
        expect(await curl(`{"type":"${LOGIN_TYPE}","token":"${token()}"}`, more)).toMatchObject({
          user_id: "@alice:example.org",
        });
      });

      test("is told what was wrong", async () => {
        const answer = await curl(`{"type":"${LOGIN_TYPE}","token":"${token({ exp: 1 })}"}`);
        expect(answer).toEqual({ errcode: "M_FORBIDDEN", error: "JWT validation failed: token expired" });
      });
    });
  });
});
