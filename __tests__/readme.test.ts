import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import { copyOfLib, type LibCopy } from "./helpers/lib-copy.js";
import { portToComeBackTo } from "./helpers/ports.js";

const root = join(import.meta.dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");

function blocks(language: string): readonly string[] {
  return Array.from(
    readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm")),
    ([, code = ""]) => code,
  );
}

describe("the README", () => {
  test("can be read in five minutes", () => {
    expect(readme.split("\n").length).toBeLessThan(200);
  });

  describe("tried as printed", () => {
    const [server = ""] = blocks("js");
    const [, , start = "", logIn = "", explain = ""] = blocks("sh");
    let lib: LibCopy;
    let project: string;

    beforeAll(() => {
      lib = copyOfLib();
      project = projectOf(lib.directory);
    });
    afterAll(() => {
      rmSync(project, { recursive: true });
      lib.remove();
    });

    test("mounts the middleware in under twenty lines", () => {
      const mounting = server.slice(server.indexOf("app.use("), server.indexOf("app.listen("));
      expect(mounting.trimEnd().split("\n").length).toBeLessThan(20);
    });

    test("ends in a login, and in an explanation of the token", async () => {
      const port = await portToComeBackTo();
      const onPort = (text: string) => text.replaceAll("8008", String(port));
      writeFileSync(join(project, "server.mjs"), onPort(server));
      const waiting = onPort("until curl --silent http://127.0.0.1:8008/; do sleep 0.1; done > up\n");
      const script = ["trap 'kill $!' EXIT", start, waiting, logIn, "echo", explain].map(onPort).join("\n");

      const { stdout } = await promisify(execFile)("bash", ["-c", script], { cwd: project, encoding: "utf8" });

      const answer = /^\{.*\}$/m.exec(stdout)?.[0] ?? "{}";
      const [printed = "{}"] = blocks("json");
      const shape = (json: string) => Object.keys(JSON.parse(json) as object).sort();
      expect(JSON.parse(answer)).toMatchObject({ user_id: "@alice:example.org", home_server: "example.org" });
      expect(shape(answer)).toEqual(shape(printed));
      expect(stdout).toContain("Accepted");
    }, 60_000);
  });
});

/** A project in which the package is installed. */
function projectOf(lib: string): string {
  const folder = mkdtempSync(join(tmpdir(), "readme-"));
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, ".bin"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"private":true}');
  writeFileSync(
    join(lib, "package.json"),
    '{"name":"matrix-jwt-login","type":"module","exports":"./index.js","bin":"./cli/bin.js"}',
  );
  symlinkSync(lib, join(modules, "matrix-jwt-login"));
  symlinkSync(join(root, "node_modules/express"), join(modules, "express"));
  chmodSync(join(lib, "cli/bin.js"), 0o755);
  symlinkSync(join(lib, "cli/bin.js"), join(modules, ".bin/matrix-jwt-login"));
  return folder;
}
