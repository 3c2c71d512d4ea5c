import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, expect, test } from "@jest/globals";

import { SECRET } from "../helpers/keys.js";
import { copyOfLib, type LibCopy } from "../helpers/lib-copy.js";
import { token } from "../helpers/tokens.js";

let lib: LibCopy;
beforeAll(() => {
  lib = copyOfLib();
});
afterAll(() => {
  lib.remove();
});

test.each([
  ["used tokens that it remembers", "{}", "await jwtLogin.login(sent, context);"],
  ["buckets that it remembers", "{ rateLimits: fromSynapseRcLogin({}) }", "await jwtLogin.login(sent, context);"],
  [
    "a limiter that never answers",
    "{ rateLimits: { address: { consume: () => new Promise(() => undefined) } } }",
    "jwtLogin.login(sent, context).catch(console.log);",
  ],
])(
  "a process ends in spite of %s",
  async (_, options, script) => {
    const file = join(lib.directory, `script-${String(Math.random())}.js`);
    writeFileSync(
      file,
      `import { createJwtLogin, fromSynapseRcLogin } from "./index.js";
    const jwtLogin = createJwtLogin({
      serverName: "example.org",
      loginTypes: { jwt: { secret: ${JSON.stringify(SECRET)}, singleUse: true } },
      findUser: () => ({}),
      issueToken: () => ({ accessToken: "an access token" }),
      ...${options},
    });
    const sent = { type: "jwt", token: ${JSON.stringify(token({ exp: Math.floor(Date.now() / 1_000) + 86_400 }))} };
    const context = { ip: "192.0.2.1" };
    ${script}
    console.log("end");`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 10_000 });
    expect(stdout.trim()).toBe("end");
  },
  15_000,
);
